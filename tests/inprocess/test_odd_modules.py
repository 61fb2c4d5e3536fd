"""Modules that reach into sys.modules and sys.meta_path while they run."""

import sys

from own_process import in_own_process
from package_trees import PackageTrees

import envknit

VERSIONS = ("1.0", "2.0")


def both(tmp_path, files, *, names=("pkg",)):
    """The package in both versions, each in an environment of its own, and what it left."""
    trees = PackageTrees(tmp_path)
    for version in VERSIONS:
        trees.add("pkg", version, files, env=f"env{version}")
    envknit.configure_from_lock(trees.lock(), auto_install=False)
    envknit.use("pkg", VERSIONS[0])
    before = dict(sys.modules)
    finders = list(sys.meta_path)
    modules = [envknit.import_version("pkg", version) for version in VERSIONS]
    assert sys.meta_path == finders
    assert {name for name in sys.modules if name.partition(".")[0] in names} == {
        name for name in before if name.partition(".")[0] in names
    }
    return modules


@in_own_process
def test_a_module_that_puts_an_object_in_its_place(tmp_path):
    modules = both(
        tmp_path,
        {
            "pkg/__init__.py": """
                import sys

                class Facade:
                    __path__ = __path__
                    __spec__ = __spec__
                    version = "@VERSION@"

                    def late(self):
                        import pkg.sub
                        return pkg.sub.VERSION, pkg

                sys.modules[__name__] = Facade()
            """,
            "pkg/sub.py": "VERSION = '@VERSION@'\n",
        },
    )
    for version, module in zip(VERSIONS, modules, strict=True):
        assert module.version == version
        assert module.late() == (version, module)
        with envknit.use("pkg", version):
            import pkg
        assert pkg is module


@in_own_process
def test_a_module_put_in_the_place_of_one_is_seen_by_what_it_imports(tmp_path):
    modules = both(
        tmp_path,
        {
            "pkg/__init__.py": """
                import sys, types

                facade = types.ModuleType(__name__)
                facade.__path__ = __path__
                facade.__spec__ = __spec__
                facade.version = "@VERSION@"
                sys.modules[__name__] = facade
                import pkg.sub
            """,
            "pkg/sub.py": "import pkg\nVERSION = pkg.version\n",
        },
    )
    for version, module in zip(VERSIONS, modules, strict=True):
        assert module.version == version
        assert version == module.sub.VERSION


@in_own_process
def test_other_names_for_modules(tmp_path):
    modules = both(
        tmp_path,
        {
            "pkg/__init__.py": """
                import sys
                from . import real
                sys.modules["pkg.alias"] = real
                sys.modules["pkg.alias.part"] = real.part
                from pkg.alias import part
                import pkg.alias.part as again
                assert again is part is real.part

                def late():
                    from pkg.alias.part import VERSION
                    return VERSION
            """,
            "pkg/real/__init__.py": "from . import part\n",
            "pkg/real/part.py": "VERSION = '@VERSION@'\n",
        },
    )
    for version, module in zip(VERSIONS, modules, strict=True):
        assert module.late() == version
        assert version == module.part.VERSION
        with envknit.use("pkg", version):
            from pkg.alias.part import VERSION

            assert version == VERSION


@in_own_process
def test_modules_made_of_nothing(tmp_path):
    modules = both(
        tmp_path,
        {
            "pkg/__init__.py": """
                import sys, types
                made = types.ModuleType("pkg.made")
                made.VERSION = "@VERSION@"
                sys.modules["pkg.made"] = made
                from pkg.made import VERSION

                def late():
                    import importlib
                    return importlib.import_module("pkg.made").VERSION
            """,
        },
    )
    for version, module in zip(VERSIONS, modules, strict=True):
        assert module.VERSION == module.late() == version


@in_own_process
def test_a_module_that_takes_itself_away(tmp_path):
    modules = both(
        tmp_path,
        {
            "pkg/__init__.py": "import sys\nVERSION = '@VERSION@'\nsys.modules.pop(__name__)\n",
            "pkg/sub.py": "from pkg import VERSION\n",
        },
    )
    for version, module in zip(VERSIONS, modules, strict=True):
        assert version == module.VERSION
        with envknit.use("pkg", version):
            import pkg.sub

            assert version == pkg.sub.VERSION


@in_own_process
def test_a_module_that_is_taken_away_runs_again(tmp_path):
    modules = both(
        tmp_path,
        {
            "pkg/__init__.py": """
                import sys
                from . import sub
                first = sub
                del sys.modules["pkg.sub"]
                import pkg.sub
                second = sys.modules["pkg.sub"]
            """,
            "pkg/sub.py": "VERSION = '@VERSION@'\n",
        },
    )
    for version, module in zip(VERSIONS, modules, strict=True):
        assert module.first is not module.second
        assert module.sub is module.second
        assert version == module.second.VERSION


@in_own_process
def test_a_finder_of_its_own(tmp_path):
    modules = both(
        tmp_path,
        {
            "pkg/__init__.py": """
                import sys, types
                from importlib.machinery import ModuleSpec

                class Importer:
                    def find_spec(self, name, path, target=None):
                        if name == "pkg.moves" or name.startswith("pkg.moves."):
                            return ModuleSpec(name, self, is_package=True)
                        return None

                    def create_module(self, spec):
                        module = types.ModuleType(spec.name)
                        module.VERSION = "@VERSION@"
                        return module

                    def exec_module(self, module):
                        module.ran = True

                sys.meta_path.append(Importer())
                from pkg.moves import VERSION, ran

                def late():
                    from pkg.moves.deeper import VERSION
                    return VERSION
            """,
        },
    )
    for version, module in zip(VERSIONS, modules, strict=True):
        assert module.VERSION == module.late() == version
        with envknit.use("pkg", version):
            from pkg.moves import VERSION

            assert version == VERSION


@in_own_process
def test_what_looks_itself_up_while_it_runs(tmp_path):
    modules = both(
        tmp_path,
        {
            "pkg/__init__.py": """
                from __future__ import annotations
                import enum, sys, typing
                from dataclasses import dataclass, fields
                from typing import ClassVar, NamedTuple

                here = sys.modules[__name__]

                @dataclass
                class Data:
                    kind: ClassVar[str] = "@VERSION@"
                    value: int = 0

                class Row(NamedTuple):
                    value: Data

                class Color(enum.Enum):
                    RED = "@VERSION@"

                assert typing.get_type_hints(Row) == {"value": Data}
                names = [field.name for field in fields(Data)]
            """,
        },
    )
    for version, module in zip(VERSIONS, modules, strict=True):
        assert module.here is module
        assert module.names == ["value"]
        assert module.Color.RED.value == version
        assert module.Row.__module__ == "pkg"


@in_own_process
def test_parts_named_as_the_standard_library(tmp_path):
    modules = both(
        tmp_path,
        {
            "pkg/__init__.py": "from . import json, types\nfrom .logging import VERSION\n",
            "pkg/json.py": "from __future__ import annotations\nimport json\nwhole = json.dumps\n",
            "pkg/types.py": "from .json import whole\n",
            "pkg/logging/__init__.py": "import logging\nfrom .handlers import VERSION\n",
            "pkg/logging/handlers.py": "import logging.handlers\nVERSION = '@VERSION@'\n",
        },
    )
    import json
    import logging.handlers

    for version, module in zip(VERSIONS, modules, strict=True):
        assert version == module.VERSION
        assert module.types.whole is json.dumps
        assert module.json is not json
        assert module.logging.logging is logging


@in_own_process
def test_a_compiled_part_that_can_be_done_without(tmp_path):
    from package_trees import extension_file

    trees = PackageTrees(tmp_path)
    files = {
        "pkg/__init__.py": """
            try:
                from quick._speed import work
            except ImportError:
                from quick.slow import work
        """,
    }
    for version in VERSIONS:
        path = trees.add("pkg", version, files, env=f"env{version}")
        quick = {
            "quick/__init__.py": "",
            "quick/slow.py": "def work(): return '@VERSION@'\n",
            extension_file("quick/_speed"): b"",
        }
        trees.install("quick", version, quick, into=path)
    envknit.configure_from_lock(trees.lock(), auto_install=False)
    for version in VERSIONS:
        with envknit.use("pkg", version):
            import pkg
        assert pkg.work() == version
