"""Modules that load their parts when these are asked for."""

import sys

import pytest
from own_process import in_own_process
from package_trees import PackageTrees

import envknit

VERSIONS = ("1.0", "2.0")


def both(tmp_path, files):
    trees = PackageTrees(tmp_path)
    for version in VERSIONS:
        trees.add("pkg", version, files, env=f"env{version}")
    envknit.configure_from_lock(trees.lock(), auto_install=False)
    return [envknit.import_version("pkg", version) for version in VERSIONS]


GETATTRS = {
    "import_module": """
        import importlib

        def __getattr__(name):
            if name == "part":
                return importlib.import_module(f"{__name__}.{name}")
            raise AttributeError(name)
    """,
    "import_module, relative": """
        from importlib import import_module

        def __getattr__(name):
            if name == "part":
                globals()[name] = import_module("." + name, __name__)
                return globals()[name]
            raise AttributeError(name)
    """,
    "a statement": """
        def __getattr__(name):
            if name == "part":
                import pkg.part as part
                return part
            raise AttributeError(name)
    """,
    "__import__": """
        def __getattr__(name):
            if name == "part":
                return __import__(__name__ + "." + name, None, None, [""])
            raise AttributeError(name)
    """,
    "a class in its place": """
        import sys, types, importlib

        class Lazy(types.ModuleType):
            def __getattr__(self, name):
                if name == "part":
                    return importlib.import_module("." + name, self.__name__)
                raise AttributeError(name)

        lazy = Lazy(__name__)
        lazy.__dict__.update(__path__=__path__, __file__=__file__, __spec__=__spec__)
        sys.modules[__name__] = lazy
    """,
    "its own class": """
        import sys, types, importlib

        class Lazy(types.ModuleType):
            def __getattr__(self, name):
                if name == "part":
                    return importlib.import_module("." + name, self.__name__)
                raise AttributeError(name)

        sys.modules[__name__].__class__ = Lazy
    """,
}


@pytest.mark.parametrize("kind", GETATTRS)
@in_own_process
def test_an_attribute_that_is_imported_when_asked_for(tmp_path, kind):
    modules = both(
        tmp_path, {"pkg/__init__.py": GETATTRS[kind], "pkg/part.py": "VERSION = '@VERSION@'\n"}
    )
    for version, module in zip(VERSIONS, modules, strict=True):
        assert version == module.part.VERSION
        assert module.part is module.part
        assert not hasattr(module, "other")
        with envknit.use("pkg", version):
            from pkg import part

            assert part is module.part
    assert "pkg.part" not in sys.modules


@in_own_process
def test_a_module_without_parts_is_asked_once_for_a_name(tmp_path):
    files = {
        "pkg/__init__.py": "",
        "pkg/flat.py": """
            asked = []

            def __getattr__(name):
                if name.startswith("__"):
                    raise AttributeError(name)
                asked.append(name)
                return name.upper()
        """,
    }
    both(tmp_path, files)
    for version in VERSIONS:
        with envknit.use("pkg", version):
            for _ in range(3):
                from pkg.flat import asked, given

                assert given == "GIVEN"
        assert [name for name in asked if name == "given"] == ["given"] * 3


LAZY_LOADER = """
    import importlib.util, sys

    def lazily(name):
        spec = importlib.util.find_spec(name)
        loader = importlib.util.LazyLoader(spec.loader)
        spec.loader = loader
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        loader.exec_module(module)
        return module
"""


@in_own_process
def test_the_lazy_loader_of_importlib(tmp_path):
    files = {
        "pkg/__init__.py": LAZY_LOADER + "\n    part = lazily(__name__ + '.part')\n",
        "pkg/part.py": "import pkg.deep\nVERSION = pkg.deep.VERSION\n",
        "pkg/deep.py": "VERSION = '@VERSION@'\n",
    }
    modules = both(tmp_path, files)
    for version, module in zip(VERSIONS, modules, strict=True):
        assert version == module.part.VERSION
        with envknit.use("pkg", version):
            import pkg.part

            assert version == pkg.part.VERSION


@in_own_process
def test_a_file_that_is_loaded_by_hand(tmp_path):
    files = {
        "pkg/__init__.py": """
            import importlib.util, os

            def plugin():
                path = os.path.join(os.path.dirname(__file__), "plugins", "one.py")
                spec = importlib.util.spec_from_file_location("one", path)
                module = importlib.util.module_from_spec(spec)
                spec.loader.exec_module(module)
                return module

            def found():
                spec = importlib.util.find_spec("pkg.part")
                module = importlib.util.module_from_spec(spec)
                spec.loader.exec_module(module)
                return module
        """,
        "pkg/plugins/one.py": "VERSION = '@VERSION@'\n",
        "pkg/part.py": "from .deep import VERSION\n",
        "pkg/deep.py": "VERSION = '@VERSION@'\n",
    }
    modules = both(tmp_path, files)
    for version, module in zip(VERSIONS, modules, strict=True):
        assert version == module.plugin().VERSION
        assert version == module.found().VERSION


@in_own_process
def test_parts_found_by_walking(tmp_path):
    files = {
        "pkg/__init__.py": """
            import importlib, pkgutil

            def parts():
                return {
                    info.name: importlib.import_module(info.name).VERSION
                    for info in pkgutil.walk_packages(__path__, __name__ + ".")
                }
        """,
        "pkg/one.py": "VERSION = '@VERSION@'\n",
        "pkg/low/__init__.py": "VERSION = '@VERSION@'\n",
        "pkg/low/two.py": "from . import VERSION\n",
    }
    modules = both(tmp_path, files)
    for version, module in zip(VERSIONS, modules, strict=True):
        assert module.parts() == dict.fromkeys(["pkg.one", "pkg.low", "pkg.low.two"], version)
