"""The standard library's tools on modules of versions: each sees the version it is asked about."""

import copy
import doctest
import importlib
import importlib.metadata
import importlib.resources
import inspect
import pickle
import pkgutil
import runpy
import sys
from unittest import mock

import pytest
from own_process import in_own_process
from package_trees import PackageTrees

import envknit

FILES = {
    "pkg/__init__.py": """
        from dataclasses import dataclass
        from enum import Enum

        __version__ = "@VERSION@"
        runs = globals().get("runs", 0) + 1

        class Plain:
            version = __version__

        @dataclass
        class Point:
            x: "int"

        class Colour(Enum):
            RED = "@VERSION@"

        def make_local():
            class Local:
                def method(self):
                    return __version__
            return Local

        def metadata_version():
            from importlib.metadata import version
            return version("pkg")

        def data():
            import pkgutil
            return pkgutil.get_data(__name__, "data.txt")
    """,
    "pkg/data.txt": "data @VERSION@",
    "pkg/early.py": "from importlib.metadata import version\n\nfound = version('pkg')\n",
    "pkg/tool.py": "from . import __version__ as version\n\nname = __name__\n",
    "pkg/__main__.py": "import pkg\n\nmain = (__name__, pkg.__version__)\n",
    "pkg/checked.py": """
        def answer():
            \"\"\"
            >>> import pkg
            >>> pkg.__version__
            '@VERSION@'
            >>> answer()
            42
            \"\"\"
            return 42
    """,
}


@pytest.fixture
def trees(tmp_path):
    made = PackageTrees(tmp_path)
    made.add("pkg", "1.0", FILES)
    made.add("pkg", "2.0", FILES)
    return made


@pytest.fixture(params=["default", "hook only", "no hook", "disabled"])
def ask(trees, request):
    """Runs a function in a block of version 2.0, with the default there or not."""

    def ask(function):
        envknit.configure_from_lock(trees.lock(), auto_install=request.param != "no hook")
        if request.param in ("default", "disabled"):
            importlib.import_module("pkg.early")
        if request.param == "disabled":
            envknit.disable()
        with envknit.use("pkg", "2.0"):
            import pkg
        before = dict(sys.modules)
        with envknit.use("pkg", "2.0"):
            result = function(pkg)
        added = {name for name in sys.modules.keys() - before.keys() if name.startswith("pkg")}
        assert not added - {"pkgutil"}
        return result

    return ask


@in_own_process
def test_metadata_version(ask):
    found = ask(
        lambda pkg: (
            importlib.metadata.version("pkg"),
            importlib.import_module("pkg.early").found,
            pkg.metadata_version(),
        )
    )
    assert found == ("2.0", "2.0", "2.0")


@in_own_process
def test_metadata_version_outside_of_blocks(trees):
    envknit.configure_from_lock(trees.lock())
    assert importlib.metadata.version("pkg") == "1.0"
    old = envknit.import_version("pkg", "2.0")
    assert old.metadata_version() == "2.0"
    envknit.set_default("pkg", "2.0")
    assert importlib.metadata.version("pkg") == "2.0"
    envknit.disable()
    with pytest.raises(importlib.metadata.PackageNotFoundError):
        importlib.metadata.version("pkg")
    assert old.metadata_version() == "2.0"


@in_own_process
def test_metadata_of_given_folders_is_of_these_alone(trees, tmp_path):
    envknit.configure_from_lock(trees.lock())
    assert list(importlib.metadata.distributions(path=[str(tmp_path / "none")])) == []
    path = str(trees.path_of("pkg", "2.0"))
    assert [d.version for d in importlib.metadata.distributions(path=[path])] == ["2.0"]


@in_own_process
def test_resources(ask):
    def read(package):
        return importlib.resources.files(package).joinpath("data.txt").read_text()

    assert ask(lambda pkg: (read("pkg"), read(pkg))) == ("data 2.0", "data 2.0")


@in_own_process
def test_pkgutil_data(ask):
    found = ask(lambda pkg: (pkgutil.get_data("pkg", "data.txt"), pkg.data()))
    assert found == (b"data 2.0", b"data 2.0")
    assert envknit.import_version("pkg", "1.0").data() == b"data 1.0"


@in_own_process
def test_pkgutil_names(ask):
    def names(pkg):
        walked = [info.name for info in pkgutil.walk_packages(pkg.__path__, "pkg.")]
        return walked, pkgutil.resolve_name("pkg.tool:version"), pkgutil.resolve_name("pkg").runs

    walked, version, runs = ask(names)
    assert walked == ["pkg.__main__", "pkg.checked", "pkg.early", "pkg.tool"]
    assert (version, runs) == ("2.0", 1)


@in_own_process
def test_find_spec(ask):
    spec = ask(lambda pkg: importlib.util.find_spec("pkg.tool"))
    assert "/2.0/pkg/tool.py" in spec.origin
    assert ask(lambda pkg: importlib.util.find_spec("pkg.absent")) is None


@in_own_process
def test_inspect_of_functions_and_classes(ask, trees):
    path = str(trees.path_of("pkg", "2.0") / "pkg" / "__init__.py")

    def look(pkg):
        for thing in (pkg, pkg.Plain, pkg.Point, pkg.Colour, pkg.make_local(), pkg.make_local):
            assert inspect.getfile(thing) == path
            assert inspect.getsourcefile(thing) == path
            assert inspect.getmodule(thing) is pkg
        assert inspect.getmodule(pkg.make_local().method) is pkg
        return inspect.getsource(pkg.Plain), inspect.getsource(pkg.data)

    source, function = ask(look)
    assert source.startswith("class Plain:")
    assert "get_data" in function


@in_own_process
def test_inspect_of_everything_else_is_as_ever(trees):
    envknit.configure_from_lock(trees.lock())
    assert inspect.getmodule(PackageTrees) is sys.modules["package_trees"]
    assert inspect.getfile(PackageTrees) == sys.modules["package_trees"].__file__
    assert inspect.getmodule(inspect.currentframe()) is sys.modules[__name__]
    with pytest.raises(TypeError, match="built-in class"):
        inspect.getfile(int)
    assert inspect.getmodule(5) is None


@in_own_process
def test_reload_runs_a_module_again_in_its_place(trees):
    envknit.configure_from_lock(trees.lock())
    import pkg as default

    assert importlib.reload(default) is default
    assert (default.runs, sys.modules["pkg"]) == (2, default)
    old = envknit.import_version("pkg", "2.0")
    assert importlib.reload(old) is old
    assert (old.runs, old.__version__, default.runs) == (2, "2.0", 2)
    assert sys.modules["pkg"] is default


@in_own_process
def test_a_reload_that_fails_leaves_the_module_there(trees):
    envknit.configure_from_lock(trees.lock())
    import pkg.tool

    for version, module in (("1.0", pkg), ("2.0", envknit.import_version("pkg", "2.0"))):
        (trees.path_of("pkg", version) / "pkg/__init__.py").write_text("raise ValueError('new')")
        with pytest.raises(ValueError, match="new"):
            importlib.reload(module)
        assert envknit.import_version("pkg", version) is module
    assert sys.modules["pkg"] is pkg
    assert sys.modules["pkg.tool"] is pkg.tool


@in_own_process
def test_runpy(ask):
    found = ask(
        lambda pkg: (
            runpy.run_module("pkg", run_name="__main__", alter_sys=True)["main"],
            runpy.run_module("pkg.tool")["version"],
            runpy.run_module("pkg.tool")["name"],
        )
    )
    assert found == (("__main__", "2.0"), "2.0", "pkg.tool")


@in_own_process
def test_doctest(ask):
    results = ask(lambda pkg: doctest.testmod(importlib.import_module("pkg.checked")))
    assert (results.failed, results.attempted) == (0, 3)


@in_own_process
def test_mock_patches_the_version_of_the_block(ask):
    def patched(pkg):
        with mock.patch("pkg.data", return_value=b"patched"), mock.patch("pkg.tool.name", "other"):
            return (
                pkg.data(),
                sys.modules.get("pkg") is pkg,
                importlib.import_module("pkg.tool").name,
            )

    assert ask(patched) == (b"patched", False, "other")
    assert ask(lambda pkg: pkg.data()) == b"data 2.0"


@in_own_process
def test_copies(ask):
    def copies(pkg):
        point = pkg.Point(1)
        return copy.copy(point) == point == copy.deepcopy(point), copy.deepcopy(pkg.Colour.RED)

    equal, colour = ask(copies)
    assert equal
    assert colour.value == "2.0"


@in_own_process
def test_pickle_is_of_default_versions(trees):
    envknit.configure_from_lock(trees.lock())
    import pkg

    assert pickle.loads(pickle.dumps(pkg.Point(1))) == pkg.Point(1)
    assert pickle.loads(pickle.dumps(pkg.Colour.RED)) is pkg.Colour.RED
    with envknit.use("pkg", "2.0"):
        import pkg as other

        # By reference, a pickle names the default's class: another one than this.
        with pytest.raises(pickle.PicklingError, match="not the same object"):
            pickle.dumps(other.Point(1))
        assert pickle.loads(pickle.dumps(pkg.Point(2))) == pkg.Point(2)
