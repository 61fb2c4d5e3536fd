"""Namespace packages, packages that change their __path__, data files, and `__main__`."""

import importlib.resources
import runpy
import sys

from own_process import in_own_process
from package_trees import PackageTrees

import envknit

VERSIONS = ("1.0", "2.0")
EXTEND = "__path__ = __import__('pkgutil').extend_path(__path__, __name__)\n"


def environments(tmp_path, *packages):
    """Each (name, files) in both versions, in environments "env1.0" and "env2.0"."""
    trees = PackageTrees(tmp_path)
    for version in VERSIONS:
        for name, files in packages:
            trees.add(name, version, files, env=f"env{version}")
    envknit.configure_from_lock(trees.lock(), auto_install=False)
    return trees


def check_space(trees):
    """`space.one` of the package one and `space.two` of two, whoever imports them."""
    seen = []
    for version in VERSIONS:
        one = envknit.import_version("one", version)
        two = envknit.import_version("two", version)
        assert one.both() == two.both() == (version, version)
        with envknit.use("two", version):
            import space.one
            import space.two

            assert space.one.VERSION == space.two.VERSION == version
        assert one.modules() == two.modules() == (space.one, space.two)
        seen += one.modules()
    assert len({id(module) for module in seen}) == 4
    assert not [name for name in sys.modules if name.partition(".")[0] == "space"]


def half(name, space):
    return (
        name,
        {
            f"{name}.py": """
                def modules():
                    import space.one, space.two
                    return space.one, space.two

                def both():
                    from space.one import VERSION as one
                    from space.two import VERSION as two
                    return one, two
            """,
            f"space/{name}.py": "VERSION = '@VERSION@'\n",
            "space/__init__.py": space,
        },
    )


@in_own_process
def test_a_namespace_over_two_paths_of_an_environment(tmp_path):
    check_space(environments(tmp_path, half("one", None), half("two", None)))


@in_own_process
def test_a_package_that_extends_its_path_over_an_environment(tmp_path):
    # Another of that name is the host's.
    host = PackageTrees(tmp_path / "host")
    files = {"space/__init__.py": EXTEND, "space/one.py": "VERSION = 'host'\n"}
    sys.path.insert(0, str(host.install("space", "9", files, into=tmp_path / "host/site")))
    check_space(environments(tmp_path, half("one", EXTEND), half("two", EXTEND)))


@in_own_process
def test_namespaces_within_packages(tmp_path):
    files = {
        "pkg/__init__.py": "def late():\n    from pkg.space.deep import part\n    return part\n",
        "pkg/space/deep/part.py": "import pkg.space\nVERSION = '@VERSION@'\n",
    }
    environments(tmp_path, ("pkg", files))
    for version in VERSIONS:
        pkg = envknit.import_version("pkg", version)
        assert version == pkg.late().VERSION
        assert pkg.space.deep.part is pkg.late()
        assert not hasattr(pkg.space, "VERSION")


@in_own_process
def test_a_package_that_adds_a_folder_to_its_path(tmp_path):
    files = {
        "pkg/__init__.py": """
            import os
            __path__.append(os.path.join(os.path.dirname(__file__), "_more"))
            from . import added

            def late():
                import pkg.also
                return pkg.also
        """,
        "pkg/_more/added.py": "VERSION = '@VERSION@'\n",
        "pkg/_more/also.py": "from .added import VERSION\n",
    }
    environments(tmp_path, ("pkg", files))
    for version in VERSIONS:
        pkg = envknit.import_version("pkg", version)
        assert pkg.added.VERSION == pkg.late().VERSION == version


@in_own_process
def test_a_package_that_puts_its_vendored_folder_on_sys_path(tmp_path):
    files = {
        "pkg/__init__.py": """
            import os, sys
            folder = os.path.join(os.path.dirname(__file__), "_vendor")
            sys.path.insert(0, folder)
            try:
                import vendored_thing_MAJOR_ as vendored
            finally:
                sys.path.remove(folder)
        """,
    }
    trees = PackageTrees(tmp_path)
    for version in VERSIONS:
        major = version[0]
        text = files["pkg/__init__.py"].replace("MAJOR_", major)
        vendored = {f"pkg/_vendor/vendored_thing_{major}.py": "VERSION = '@VERSION@'\n"}
        trees.add("pkg", version, {"pkg/__init__.py": text, **vendored}, env=f"env{version}")
    envknit.configure_from_lock(trees.lock(), auto_install=False)
    path = list(sys.path)
    for version in VERSIONS:
        assert version == envknit.import_version("pkg", version).vendored.VERSION
    assert sys.path == path


@in_own_process
def test_data_files(tmp_path):
    files = {
        "pkg/__init__.py": """
            import importlib.resources, pkgutil

            def texts():
                here = importlib.resources.files(__name__)
                by_name = importlib.resources.files("pkg.data")
                return [
                    (here / "top.txt").read_text(),
                    (here / "data" / "low.txt").read_text(),
                    (by_name / "low.txt").read_text(),
                    pkgutil.get_data(__name__, "data/low.txt").decode(),
                    __loader__.get_data(__file__.replace("__init__.py", "top.txt")).decode(),
                ]
        """,
        "pkg/top.txt": "@VERSION@",
        "pkg/data/low.txt": "@VERSION@",
    }
    environments(tmp_path, ("pkg", files))
    modules = [envknit.import_version("pkg", version) for version in VERSIONS]
    for version, module in zip(VERSIONS, modules, strict=True):
        assert module.texts() == [version] * 5
        assert (importlib.resources.files(module) / "top.txt").read_text() == version
        with importlib.resources.as_file(importlib.resources.files(module) / "top.txt") as path:
            assert path.read_text() == version
        with envknit.use("pkg", version):
            assert (importlib.resources.files("pkg") / "data/low.txt").read_text() == version


@in_own_process
def test_main_of_a_package(tmp_path):
    files = {
        "pkg/__init__.py": "VERSION = '@VERSION@'\n",
        "pkg/__main__.py": """
            import sys
            from . import part
            from pkg import VERSION
            name, said = __name__, part.VERSION

            def late():
                import pkg.other
                return pkg.other.VERSION
        """,
        "pkg/part.py": "VERSION = '@VERSION@'\n",
        "pkg/other.py": "VERSION = '@VERSION@'\n",
    }
    environments(tmp_path, ("pkg", files))
    before = dict(sys.modules)
    for version in VERSIONS:
        with envknit.use("pkg", version):
            import pkg.__main__ as main

            assert (main.name, main.said) == ("pkg.__main__", version)
            ran = runpy.run_module("pkg", run_name="__main__")
            assert (ran["name"], ran["said"], ran["VERSION"]) == ("__main__", version, version)
        assert main.late() == ran["late"]() == version
    assert {name for name in sys.modules if name not in before} <= sys.stdlib_module_names
