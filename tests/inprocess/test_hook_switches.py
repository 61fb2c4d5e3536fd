"""enable(), disable() and strict mode, wherever they are called."""

import importlib
import importlib.util
import sys

import pytest
from own_process import in_own_process
from package_trees import PackageTrees

import envknit
from envknit.isolation import VersionedFinder

FILES = {
    "pkg/sub.py": "value = '@VERSION@'\n",
    "pkg/needs.py": "def late():\n    import stranger\n    return stranger\n",
    "pkg/optional.py": "try:\n    import stranger\nexcept ImportError:\n    stranger = None\n",
}


@pytest.fixture
def trees(tmp_path):
    made = PackageTrees(tmp_path)
    made.add("pkg", "1.0", FILES)
    made.add("pkg", "2.0", FILES)
    made.install("came-along", "3.0", into=made.path_of("pkg", "1.0"))
    return made


@pytest.fixture
def host(tmp_path):
    folder = tmp_path / "host"
    trees = PackageTrees(tmp_path)
    trees.install("stranger", "host", {"stranger/sub.py": ""}, into=folder)
    trees.install("second", "host", into=folder)
    trees.install("pkg", "host", {"pkg/sub.py": "value = 'host'"}, into=folder)
    sys.path.insert(0, str(folder))
    yield folder
    sys.path.remove(str(folder))


def version_of(name):
    return importlib.import_module(name).__version__


def finders():
    return [entry for entry in sys.meta_path if isinstance(entry, VersionedFinder)]


@in_own_process
def test_strict_refuses_what_is_neither_registered_nor_of_the_standard_library(trees, host):
    envknit.configure_from_lock(trees.lock())
    envknit.enable(strict=True)
    for statement in ("import stranger", "from stranger import sub", "import stranger.sub"):
        with pytest.raises(ImportError, match="'stranger' is not registered") as caught:
            exec(statement)
        assert caught.value.name == "stranger"
        assert "strict" in str(caught.value)
    with pytest.raises(ImportError):
        importlib.import_module("stranger")
    with pytest.raises(ImportError):
        importlib.import_module("nowhere_at_all")
    assert "stranger" not in sys.modules


@in_own_process
def test_strict_resolves_registered_names_as_usual(trees, host):
    envknit.configure_from_lock(trees.lock())
    envknit.enable(strict=True)
    import came_along
    import pkg.sub

    assert (pkg.sub.value, came_along.__version__) == ("1.0", "3.0")
    with envknit.use("pkg", "2.0"):
        import pkg.sub

        assert pkg.sub.value == "2.0"
        with pytest.raises(ImportError, match="not registered"):
            import stranger  # noqa: F401
    assert envknit.import_version("pkg", "2.0").sub.value == "2.0"
    envknit.set_default("pkg", "2.0")
    assert version_of("pkg") == "2.0"


@in_own_process
def test_strict_allows_the_standard_library_and_what_is_loaded(trees, host):
    import stranger

    envknit.configure_from_lock(trees.lock())
    envknit.enable(strict=True)
    for name in ("colorsys", "xml.dom.minidom", "concurrent.futures", "_socket", "envknit.errors"):
        assert importlib.import_module(name)
    import stranger.sub

    assert version_of("stranger") == "host"
    assert sys.modules["stranger.sub"] is stranger.sub


@in_own_process
def test_strict_is_for_the_imports_of_versions_too(trees, host):
    envknit.configure_from_lock(trees.lock())
    envknit.enable(strict=True)
    old = envknit.import_version("pkg", "2.0")
    with envknit.use("pkg", "2.0"):
        importlib.import_module("pkg.needs")
        importlib.import_module("pkg.optional")
    with pytest.raises(ImportError, match="not registered"):
        old.needs.late()
    assert old.optional.stranger is None
    envknit.enable()
    assert old.needs.late().__version__ == "host"


@in_own_process
def test_strict_says_that_there_is_no_spec(trees, host):
    # What libraries ask before they go without an optional dependency.
    envknit.configure_from_lock(trees.lock())
    assert importlib.util.find_spec("stranger") is not None
    envknit.enable(strict=True)
    assert importlib.util.find_spec("stranger") is None
    assert importlib.util.find_spec("pkg").origin.endswith("/1.0/pkg/__init__.py")
    with pytest.raises(ModuleNotFoundError):
        import stranger  # noqa: F401


@in_own_process
def test_enable_again_changes_only_strict(trees, host):
    envknit.configure_from_lock(trees.lock())
    manager = envknit.get_manager()
    import pkg

    for strict in (True, True, False, False):
        envknit.enable(strict)
        assert len(finders()) == 1
        assert (manager.enabled, manager.strict) == (True, strict)
        assert sys.modules["pkg"] is pkg
    # Configuring again leaves strictness as it is.
    envknit.enable(strict=True)
    envknit.configure_from_lock(trees.lock())
    assert manager.strict
    envknit.disable()
    assert (manager.enabled, manager.strict) == (False, False)
    envknit.configure_from_lock(trees.lock())
    assert (manager.enabled, manager.strict) == (True, False)


@in_own_process
def test_disable_takes_defaults_out_and_enable_brings_them_back(trees):
    envknit.configure_from_lock(trees.lock())
    import came_along
    import pkg.sub

    held = pkg
    envknit.disable()
    assert finders() == []
    assert not {"pkg", "pkg.sub", "came_along"} & sys.modules.keys()
    with pytest.raises(ModuleNotFoundError):
        import pkg
    assert (held.sub.value, came_along.__version__) == ("1.0", "3.0")
    envknit.disable()
    envknit.enable()
    import pkg.sub

    assert pkg is held
    assert sys.modules["pkg.sub"] is held.sub


@in_own_process
def test_disable_gives_the_hosts_modules_back(trees, host):
    envknit.configure_from_lock(trees.lock())
    assert version_of("pkg") == "1.0"
    envknit.disable()
    assert version_of("pkg") == "host"
    # Now it is a loaded module of the host's, which stays.
    envknit.enable()
    assert version_of("pkg") == "host"


@in_own_process
def test_chosen_defaults_outlive_disable(trees):
    envknit.configure_from_lock(trees.lock(), auto_install=False)
    envknit.set_default("pkg", "2.0")
    envknit.enable()
    assert version_of("pkg") == "2.0"
    envknit.disable()
    envknit.enable()
    assert version_of("pkg") == "2.0"


@in_own_process
def test_use_and_import_version_work_without_the_hook(trees):
    envknit.configure_from_lock(trees.lock(), auto_install=False)
    for _ in range(2):
        assert envknit.import_version("pkg", "2.0").__version__ == "2.0"
        with envknit.use("pkg", "1.0"):
            import pkg.sub

            assert pkg.sub.value == "1.0"
        with pytest.raises(ImportError):
            importlib.import_module("pkg")
        envknit.disable()


@in_own_process
def test_all_switches_inside_of_a_block(trees, host):
    envknit.configure_from_lock(trees.lock())
    import pkg as default

    def seen():
        return version_of("pkg"), importlib.import_module("pkg.sub").value

    with envknit.use("pkg", "2.0"):
        assert seen() == ("2.0", "2.0")
        envknit.disable()
        assert seen() == ("2.0", "2.0")
        envknit.enable()
        assert seen() == ("2.0", "2.0")
        envknit.enable(strict=True)
        assert seen() == ("2.0", "2.0")
        envknit.set_default("pkg", "2.0")
        assert seen() == ("2.0", "2.0")
        envknit.set_default("pkg", "1.0")
        assert seen() == ("2.0", "2.0")
        envknit.configure_from_lock(trees.lock())
        assert seen() == ("2.0", "2.0")
    assert seen() == ("1.0", "1.0")
    assert sys.modules["pkg"] is default
    with envknit.use("pkg", "2.0"):
        envknit.disable()
    assert seen() == ("host", "host")


@in_own_process
def test_a_version_is_one_module_as_default_and_in_blocks(trees):
    envknit.configure_from_lock(trees.lock())
    with envknit.use("pkg", "2.0"):
        import pkg as in_block
    envknit.set_default("pkg", "2.0")
    import pkg as default

    assert in_block is default is envknit.import_version("pkg", "2.0")
    assert sys.modules["pkg"] is default
