"""What classes do at import time in a module of a version, and what they still know afterwards."""

import dataclasses
import enum
import logging
import typing
import warnings

import pytest
from own_process import in_own_process
from package_trees import PackageTrees

import envknit

FILES = {
    "pkg/__init__.py": """
        from __future__ import annotations

        import collections
        import dataclasses
        import enum
        import functools
        import logging
        import sys
        import typing
        import warnings

        version = "@VERSION@"
        log = logging.getLogger(__name__)
        found_itself = sys.modules[__name__].version

        class Mark:
            version = "@VERSION@"

        @dataclasses.dataclass
        class Data:
            mark: Mark
            shared: typing.ClassVar[int] = 1
            start: dataclasses.InitVar[int] = 0

        class Pair(typing.NamedTuple):
            mark: Mark
            number: int = 1

        Plain = collections.namedtuple("Plain", "a b")
        Functional = enum.Enum("Functional", "A B")

        class Flag(enum.IntFlag):
            A = 1
            B = 2

        class Base:
            def __init_subclass__(cls):
                cls.seen = sys.modules[cls.__module__].version

        class Derived(Base):
            pass

        @functools.singledispatch
        def describe(thing):
            return "anything"

        @describe.register
        def _(thing: Mark):
            return "a mark of @VERSION@"

        hints = typing.get_type_hints(Pair)

        def takes(mark: Mark) -> Pair:
            return Pair(mark)

        def complain():
            warnings.warn("old", DeprecationWarning, stacklevel=2)
    """
}


@pytest.fixture
def trees(tmp_path):
    made = PackageTrees(tmp_path)
    made.add("pkg", "1.0", FILES)
    made.add("pkg", "2.0", FILES)
    return made


@pytest.fixture(params=["default loaded", "default not loaded", "no hook"])
def both(trees, request):
    def both():
        envknit.configure_from_lock(trees.lock(), auto_install=request.param != "no hook")
        if request.param == "default loaded":
            import pkg  # noqa: F401
        return envknit.import_version("pkg", "1.0"), envknit.import_version("pkg", "2.0")

    return both


@in_own_process
def test_modules_and_classes_look_themselves_up_while_they_are_made(both):
    for pkg, version in zip(both(), ("1.0", "2.0"), strict=True):
        assert pkg.found_itself == pkg.Derived.seen == version
        assert pkg.hints["mark"] is pkg.Mark
        assert pkg.describe(pkg.Mark()) == f"a mark of {version}"


@in_own_process
def test_dataclasses(both):
    for pkg in both():
        # ClassVar and InitVar as texts: dataclasses looks for typing in the module.
        assert [field.name for field in dataclasses.fields(pkg.Data)] == ["mark"]
        data = pkg.Data(pkg.Mark())
        assert dataclasses.replace(data, start=1) == data
        assert pkg.Data.__module__ == "pkg"


@in_own_process
def test_enums_and_named_tuples(both):
    old, new = both()
    for pkg in (old, new):
        made = (pkg.Pair, pkg.Plain, pkg.Functional, pkg.Flag)
        assert {kind.__module__ for kind in made} == {"pkg"}
        assert pkg.Pair(1)._replace(number=3) == (1, 3)
        assert (pkg.Flag.A | pkg.Flag.B).value == 3
    assert old.Functional.A != new.Functional.A
    assert isinstance(new.Flag, enum.EnumMeta)
    assert not isinstance(new.Mark(), old.Mark)
    assert new.describe(old.Mark()) == "anything"


@in_own_process
def test_hints_of_functions_are_those_of_their_version(both):
    for pkg in both():
        assert typing.get_type_hints(pkg.takes) == {"mark": pkg.Mark, "return": pkg.Pair}


@in_own_process
def test_late_hints_of_classes_are_those_of_the_default(trees):
    # typing looks the module up by name, long after it ran: the documentation says so.
    envknit.configure_from_lock(trees.lock())
    import pkg

    new = envknit.import_version("pkg", "2.0")
    assert typing.get_type_hints(new.Pair)["mark"] is pkg.Mark
    hints = typing.get_type_hints(new.Pair, vars(new))
    assert hints["mark"] is new.Mark


@in_own_process
def test_loggers_are_shared_by_name(both):
    # The comparison table: "global state isolation: partial".
    old, new = both()
    assert old.log is new.log is logging.getLogger("pkg")


@in_own_process
def test_warnings_are_about_the_callers_line(both):
    for pkg in both():
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            pkg.complain()
        assert [warning.filename for warning in caught] == [__file__]
