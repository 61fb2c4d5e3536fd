"""The guide: import_version(), set_default(), enable() and disable()."""

import inspect
import sys

import pytest
from own_process import in_own_process
from package_trees import PackageTrees

import envknit

HTTP = {
    "requests/__init__.py": """
        __version__ = "@VERSION@"

        def get(url):
            return ("@VERSION@", url)
    """,
    "requests/sessions.py": "from . import __version__ as version\n",
}


@pytest.fixture
def trees(tmp_path):
    made = PackageTrees(tmp_path)
    made.add("requests", "2.31.0", HTTP)
    made.add("requests", "2.28.2", HTTP)
    return made


@in_own_process
def test_import_version(trees):
    envknit.configure_from_lock(trees.lock())
    requests_old = envknit.import_version("requests", "2.28.2")
    assert requests_old.get("https://example.com") == ("2.28.2", "https://example.com")
    envknit.import_version("requests", "2.28.2", alias="requests_v228")
    import requests_v228

    assert requests_v228 is requests_old


@in_own_process
def test_import_version_imports_once_and_opens_no_block(trees):
    envknit.configure_from_lock(trees.lock())
    old = envknit.import_version("requests", "2.28.2")
    assert envknit.import_version("requests", "2.28.2") is old
    import requests

    assert requests.__version__ == "2.31.0"
    assert envknit.import_version("requests", "2.31.0") is requests


@in_own_process
def test_import_version_alias_has_submodules(trees):
    envknit.configure_from_lock(trees.lock())
    envknit.import_version("requests", "2.28.2", alias="requests_v228")
    import requests_v228.sessions
    from requests_v228 import sessions
    from requests_v228.sessions import version

    assert requests_v228.sessions is sessions
    assert version == requests_v228.__version__ == "2.28.2"
    assert requests_v228.__name__ == "requests"


@pytest.mark.parametrize(
    ("function", "names"),
    [
        ("import_version", ["name", "version", "alias"]),
        ("set_default", ["name", "version"]),
        ("enable", ["strict"]),
        ("disable", []),
        ("get_manager", []),
    ],
)
def test_parameters_in_the_order_of_the_guide(function, names):
    parameters = inspect.signature(getattr(envknit, function)).parameters
    assert list(parameters) == names
    assert all(p.kind is p.POSITIONAL_OR_KEYWORD for p in parameters.values())


@in_own_process
def test_set_default(trees):
    envknit.configure_from_lock(trees.lock())
    envknit.set_default("requests", "2.28.2")
    import requests

    assert requests.__version__ == "2.28.2"
    with envknit.use("requests", "2.31.0"):
        import requests

        assert requests.__version__ == "2.31.0"
    import requests

    assert requests.__version__ == "2.28.2"


@in_own_process
def test_set_default_overrides_the_first_registered_version(trees):
    envknit.configure_from_lock(trees.lock())
    import requests

    assert requests.__version__ == "2.31.0"
    envknit.set_default("requests", "2.28.2")
    import requests as chosen

    assert chosen.__version__ == "2.28.2"


@in_own_process
def test_enable_is_idempotent(trees):
    envknit.configure_from_lock(trees.lock())
    once = list(sys.meta_path)
    envknit.enable()
    envknit.enable(strict=False)
    assert sys.meta_path == once
    assert once.count(envknit.get_manager().finder) == 1


@in_own_process
def test_enable_falls_through_to_the_next_finder(trees, tmp_path):
    (tmp_path / "of_the_host.py").write_text("x = 1\n")
    sys.path.insert(0, str(tmp_path))
    envknit.configure_from_lock(trees.lock())
    envknit.enable(strict=False)
    import of_the_host

    assert of_the_host.x == 1


@in_own_process
def test_enable_strict_refuses_unregistered_imports(trees, tmp_path):
    (tmp_path / "of_the_host.py").write_text("x = 1\n")
    sys.path.insert(0, str(tmp_path))
    envknit.configure_from_lock(trees.lock())
    envknit.enable(strict=True)
    with pytest.raises(ImportError, match="'of_the_host' is not registered"):
        import of_the_host
    import requests

    assert requests.__version__ == "2.31.0"
    envknit.enable()
    import of_the_host

    assert of_the_host.x == 1


@in_own_process
def test_disable_removes_the_hook(trees):
    before = list(sys.meta_path)
    envknit.configure_from_lock(trees.lock())
    envknit.disable()
    assert sys.meta_path == before
    with pytest.raises(ImportError):
        import requests  # noqa: F401
