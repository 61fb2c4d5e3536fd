"""The guide: quick start, configure_from_lock() and its table, SchemaVersionError."""

import contextlib
import inspect
import os
import sys
from pathlib import Path

import pytest
from own_process import in_own_process
from package_trees import PackageTrees, extension_file

import envknit
from envknit.isolation import VersionedFinder, VersionRegistry, import_hook

HTTP = {"requests/__init__.py": "__version__ = '@VERSION@'\n\ndef get(url):\n    return url\n"}


@pytest.fixture
def trees(tmp_path):
    made = PackageTrees(tmp_path)
    made.add("requests", "2.31.0", HTTP)
    made.add("requests", "2.28.2", HTTP, env=["default", "ml"])
    made.add("colours", "1.0", env="ml")
    return made


@contextlib.contextmanager
def working_directory(folder):
    # contextlib.chdir is new in 3.11.
    before = os.getcwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


@in_own_process
def test_quick_start(trees):
    trees.lock()
    with working_directory(trees.folder):
        envknit.configure_from_lock("envknit.lock.yaml")
    import requests

    assert requests.__version__ == "2.31.0"
    with envknit.use("requests", "2.28.2"):
        import requests as old_requests
    assert old_requests.__version__ == "2.28.2"
    assert requests.__version__ == "2.31.0"


@in_own_process
def test_quick_start_worker(numpy_lock):
    envknit.configure_from_lock(numpy_lock)
    with envknit.worker("numpy", "1.26.4") as np:
        assert len(np.zeros(1000)) == 1000


@in_own_process
def test_configure_from_lock_registers_and_installs_the_hook(trees):
    count = envknit.configure_from_lock(trees.lock(), env=None, auto_install=True)
    assert count == 3
    hooks = [entry for entry in sys.meta_path if isinstance(entry, VersionedFinder)]
    assert hooks == [envknit.get_manager().finder]
    registry = envknit.get_manager().registry
    assert isinstance(registry, VersionRegistry)
    assert {(p.name, p.version) for p in registry.packages()} == {
        ("requests", "2.31.0"),
        ("requests", "2.28.2"),
        ("colours", "1.0"),
    }


def test_configure_from_lock_parameters():
    parameters = inspect.signature(envknit.configure_from_lock).parameters
    assert list(parameters) == ["lock_path", "env", "auto_install"]
    assert all(p.kind is p.POSITIONAL_OR_KEYWORD for p in parameters.values())
    assert parameters["lock_path"].default is inspect.Parameter.empty
    assert parameters["env"].default is None
    assert parameters["auto_install"].default is True


@in_own_process
def test_configure_from_lock_table_lock_path(trees):
    lock = trees.lock()
    assert envknit.configure_from_lock(str(lock)) == envknit.configure_from_lock(lock) == 3


@pytest.mark.parametrize(("env", "count"), [(None, 3), ("default", 2), ("ml", 2)])
def test_configure_from_lock_table_env(trees, env, count):
    @in_own_process
    def check():
        # requests 2.28.2 is in both environments, and counts once.
        assert envknit.configure_from_lock(trees.lock(), env=env) == count

    check()


@in_own_process
def test_configure_from_lock_table_auto_install_false(trees):
    before = list(sys.meta_path)
    assert envknit.configure_from_lock(trees.lock(), auto_install=False) == 3
    assert sys.meta_path == before
    with pytest.raises(ImportError):
        import colours
    envknit.enable()
    import colours

    assert colours.__version__ == "1.0"


@in_own_process
def test_configure_from_lock_examples(trees):
    trees.lock()
    with working_directory(trees.folder):
        envknit.configure_from_lock(Path("envknit.lock.yaml"), env="default")
        with pytest.raises(ImportError):
            import colours
        envknit.configure_from_lock("envknit.lock.yaml", env="ml")
        import colours

        n = envknit.configure_from_lock("envknit.lock.yaml")
    assert f"Registered {n} packages" == "Registered 3 packages"
    assert colours.__version__ == "1.0"


@in_own_process
def test_configure_from_lock_raises_file_not_found_error(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"absent\.lock\.yaml"):
        envknit.configure_from_lock(tmp_path / "absent.lock.yaml")


@pytest.mark.parametrize("version", ['"2.0"', "2.0", "2", '"10.1"'])
def test_schema_version_error(tmp_path, version):
    lock = PackageTrees(tmp_path).lock(f"schema_version: {version}\nenvironments: {{}}\n")

    @in_own_process
    def check():
        with pytest.raises(envknit.SchemaVersionError, match=r"(?i)upgrade") as caught:
            envknit.configure_from_lock(lock)
        assert str(lock) in str(caught.value)

    check()
    assert issubclass(import_hook.SchemaVersionError, ValueError)
    assert import_hook.SchemaVersionError is envknit.SchemaVersionError


@pytest.mark.parametrize("version", ['"1.0"', "1.0", "1", '"1.7"', '"0.9"'])
def test_schema_versions_that_are_read(tmp_path, version):
    lock = PackageTrees(tmp_path).lock(f"schema_version: {version}\nenvironments: {{}}\n")

    @in_own_process
    def check():
        assert envknit.configure_from_lock(lock) == 0

    check()


@in_own_process
def test_locked_c_extension_of_this_python_is_a_default(tmp_path):
    # What can be loaded once can be the default: bare imports of it are as ever.
    trees = PackageTrees(tmp_path)
    trees.add("swift", "1.0", {extension_file("swift/_fast"): b"", "swift/__init__.py": "x = 1"})
    envknit.configure_from_lock(trees.lock())
    import swift

    assert swift.x == 1
    with pytest.raises(ImportError):
        import swift._fast


@in_own_process
def test_libraries_beside_a_c_extension_do_not_count(tmp_path):
    trees = PackageTrees(tmp_path)
    trees.add(
        "speedy",
        "1.0",
        {
            "speedy.libs/libblas-0cf96a72.3.23.dev.so": b"",
            f"speedy/{extension_file('_fast')}": b"",
            "speedy/__init__.py": "there = True",
        },
    )
    envknit.configure_from_lock(trees.lock())
    import speedy

    assert speedy.there
