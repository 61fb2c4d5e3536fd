"""Modules of one name that import each other in circles, in two versions side by side."""

import pytest
from own_process import in_own_process
from package_trees import PackageTrees

import envknit

VERSIONS = ("1.0", "2.0")


def in_versions(tmp_path, files, name="pkg"):
    trees = PackageTrees(tmp_path)
    for version in VERSIONS:
        trees.add(name, version, files, env=f"env{version}")
    envknit.configure_from_lock(trees.lock(), auto_install=False)
    return trees


# What the two modules of a circle say; each is asked afterwards for what it got of the other.
CIRCLES = {
    "from . import": {
        "pkg/__init__.py": "from . import left, right\n__version__ = '@VERSION@'\n",
        "pkg/left.py": "from . import right\nVERSION = '@VERSION@'\ndef other(): return right\n",
        "pkg/right.py": "from . import left\nVERSION = '@VERSION@'\ndef other(): return left\n",
    },
    "import as": {
        "pkg/__init__.py": "import pkg.left\n__version__ = '@VERSION@'\n",
        "pkg/left.py": "import pkg.right as r\nVERSION = '@VERSION@'\ndef other(): return r\n",
        "pkg/right.py": "import pkg.left as l\nVERSION = '@VERSION@'\ndef other(): return l\n",
    },
    "import": {
        "pkg/__init__.py": "import pkg.left\n__version__ = '@VERSION@'\n",
        "pkg/left.py": "import pkg.right\nVERSION = '@VERSION@'\ndef other(): return pkg.right\n",
        "pkg/right.py": "import pkg.left\nVERSION = '@VERSION@'\ndef other(): return pkg.left\n",
    },
    "from the package": {
        "pkg/__init__.py": "__version__ = '@VERSION@'\nfrom pkg.left import other\n",
        "pkg/left.py": "import pkg.right\nVERSION = '@VERSION@'\ndef other(): return pkg.right\n",
        "pkg/right.py": """
            from pkg import __version__
            from pkg import left
            VERSION = __version__
            def other(): return left
        """,
    },
    "importlib": {
        "pkg/__init__.py": "from .left import other\n__version__ = '@VERSION@'\n",
        "pkg/left.py": """
            import importlib
            right = importlib.import_module('.right', __package__)
            VERSION = '@VERSION@'
            def other(): return right
        """,
        "pkg/right.py": """
            left = __import__('pkg.left', fromlist=['other'])
            VERSION = '@VERSION@'
            def other(): return left
        """,
    },
}


@pytest.mark.parametrize("kind", CIRCLES)
@in_own_process
def test_a_circle_within_a_package(tmp_path, kind):
    trees = in_versions(tmp_path, CIRCLES[kind])
    seen = {}
    for version in VERSIONS:
        with envknit.use("pkg", version):
            import pkg
            import pkg.left
            import pkg.right
        seen[version] = pkg
    for version, package in seen.items():
        assert package.__version__ == version
        assert package.left.other() is package.right
        assert package.right.other() is package.left
        for module in (package.left, package.right):
            assert version == module.VERSION
            assert module.__file__.startswith(str(trees.path_of("pkg", version)))


@in_own_process
def test_a_circle_of_two_packages_of_an_environment(tmp_path):
    trees = PackageTrees(tmp_path)
    for version in VERSIONS:
        for name, other in (("head", "tail"), ("tail", "head")):
            text = f"import {other}\nVERSION = '@VERSION@'\ndef other(): return {other}\n"
            trees.add(name, version, {f"{name}/__init__.py": text}, env=f"env{version}")
    envknit.configure_from_lock(trees.lock(), auto_install=False)
    for version in VERSIONS:
        head = envknit.import_version("head", version)
        tail = envknit.import_version("tail", version)
        assert head.VERSION == tail.VERSION == version
        assert head.other() is tail
        assert tail.other() is head


@in_own_process
def test_a_name_that_is_not_there_yet_is_the_same_error_as_ever(tmp_path):
    in_versions(
        tmp_path,
        {
            "pkg/__init__.py": "from . import left\n",
            "pkg/left.py": "from .right import value\n",
            "pkg/right.py": "from .left import missing_yet\nvalue = 1\nmissing_yet = 2\n",
        },
    )
    for version in VERSIONS:
        with (
            envknit.use("pkg", version),
            pytest.raises(ImportError, match="partially initialized module"),
        ):
            import pkg  # noqa: F401


@in_own_process
def test_a_module_in_a_circle_runs_once(tmp_path):
    runs = tmp_path / "runs"
    note = f"open({str(runs)!r}, 'a').write(__name__ + ' @VERSION@\\n')\n"
    in_versions(
        tmp_path,
        {
            "pkg/__init__.py": note + "from . import left\n",
            "pkg/left.py": note + "from . import right\n",
            "pkg/right.py": note + "import pkg\nfrom pkg import left\n",
        },
    )
    for version in VERSIONS * 2:
        with envknit.use("pkg", version):
            import pkg.right  # noqa: F401
    assert sorted(runs.read_text().splitlines()) == sorted(
        f"{name} {version}" for name in ("pkg", "pkg.left", "pkg.right") for version in VERSIONS
    )
