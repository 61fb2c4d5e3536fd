"""Descriptions of objects, also of those whose own code misbehaves."""

import frames
import pytest
from caller import FailedError, RaisedError, from_value
from protocol import message

NO_DEFAULT = object()
CODE = '''
import enum, functools
class Row:
    """A row.

        With a second line."""
    label = 1
    class Part: pass
    def __init__(self, size: int, *rest, unit="m", **more) -> None: self.own = 1; self._own = 2
    def grow(self, by=(1, 2.5), how=print, where=None): "Grows."
    @classmethod
    def make(cls): pass
    @staticmethod
    def two(): pass
    @property
    def cost(self): raise SystemExit("a property ran")
row = Row(1)
class Odd:
    def __dir__(self): return ["b", "a", 3, None]
    @property
    def __doc__(self): raise ValueError
    def __repr__(self): raise ValueError("no repr")
class Broken(Odd):
    here = 1
    def __dir__(self): raise ValueError
    def __call__(self, x): pass
    __doc__ = 3
class Silent:
    def __repr__(self): raise ValueError
def silent(x=Silent(), y=[1, Silent]): pass
class Signed:
    def __call__(self): pass
    __signature__ = "garbage"
class Stop:
    def __dir__(self): raise KeyboardInterrupt
class Liar:
    @property
    def __class__(self): raise ValueError("asked")
    def __getattr__(self, name): return 1
many = type("Many", (), {f"n{i}": i for i in range(5000)})()
'''


@pytest.fixture
def rows(worker):
    worker.run(CODE)
    return worker


def response(worker, target, *, session=1, deadline_ns=0, **fields):
    request = message("DescribeRequest")(**fields)
    request.target.CopyFrom(worker.request(target).target)
    frame = worker.reply(
        worker.send(frames.DESCRIBE, request, session=session, deadline_ns=deadline_ns)
    )
    worker.outcome(frame)
    return message("DescribeResponse").FromString(frame.payload)


def describe(worker, target, **options):
    return response(worker, target, **options).description


def names(description):
    return {name.name: name.kind for name in description.names}


def parameters(description):
    found = []
    for parameter in description.signature.parameters:
        default = NO_DEFAULT
        if parameter.HasField("default_value"):
            default = from_value(parameter.default_value)
        elif parameter.has_default:
            default = parameter.default_text
        found.append((parameter.name, parameter.kind, default, parameter.annotation))
    return found


def test_an_instance(rows):
    found = describe(rows, "__main__:row")
    assert names(found) == {
        "Part": 2,
        "grow": 3,
        "make": 3,
        "two": 3,
        "label": 4,
        "cost": 4,
        "own": 4,
    }
    assert found.kind == 4
    assert found.doc == "A row.\n\nWith a second line."
    assert (found.module, found.qualname) == ("", "")
    assert (found.type.name, found.type.is_class) == ("Row", False)
    assert not found.HasField("signature")
    assert found.repr == ""


def test_a_class(rows):
    found = describe(rows, "__main__:Row", repr=True)
    assert (found.kind, found.module, found.qualname) == (2, "__main__", "Row")
    assert found.type.is_class
    assert found.signature.text == "(size: int, *rest, unit='m', **more) -> None"
    assert found.signature.return_annotation == "None"
    assert parameters(found) == [
        ("size", 2, NO_DEFAULT, "int"),
        ("rest", 3, NO_DEFAULT, ""),
        ("unit", 4, "m", ""),
        ("more", 5, NO_DEFAULT, ""),
    ]
    assert "own" not in names(found)
    assert found.repr == "<class '__main__.Row'>"


def test_a_bound_method_has_no_self(rows):
    handle = rows.get("__main__:row")
    found = describe(rows, (handle, "grow"))
    assert (found.kind, found.qualname, found.doc) == (3, "Row.grow", "Grows.")
    assert parameters(found) == [
        ("by", 2, (1, 2.5), ""),
        ("how", 2, "<built-in function print>", ""),
        ("where", 2, None, ""),
    ]


def test_a_module(rows):
    found = describe(rows, "json:")
    assert (found.kind, found.module) == (1, "json")
    assert names(found)["decoder"] == 1
    assert names(found)["JSONDecoder"] == 2
    assert names(found)["dumps"] == 3
    assert found.doc.startswith("JSON")


def test_a_function_in_c(rows):
    assert describe(rows, "math:hypot").doc.startswith("hypot(")
    found = describe(rows, "builtins:sorted")
    assert [p[:3] for p in parameters(found)] == [
        ("iterable", 1, NO_DEFAULT),
        ("key", 4, None),
        ("reverse", 4, False),
    ]


@pytest.mark.parametrize(
    ("doc", "text", "expected"),
    [
        (
            "f(a: int, b: str = 'x') -> bool",
            "(a: int, b: str = 'x') -> bool",
            [("a", 2, NO_DEFAULT, "int"), ("b", 2, "x", "str")],
        ),
        (
            "f(x1, /, out=None, *, like=<no value>[, signature])\n\nmore",
            "(x1, /, out=None, *, like=<no value>[, signature])",
            [
                ("x1", 1, NO_DEFAULT, ""),
                ("out", 2, None, ""),
                ("like", 4, "...", ""),
                ("signature", 4, "...", ""),
            ],
        ),
        (
            "a.f(x[, y[, z=1]])",
            "(x[, y[, z=1]])",
            [("x", 2, NO_DEFAULT, ""), ("y", 2, "...", ""), ("z", 2, 1, "")],
        ),
        ("see f(a)", None, None),
        ("f(a,\n  dtype=float,\n  *args)", "(a, dtype=float, *args)", None),
        ("f(a b)", None, None),
        ("f(a=__import__('os')._exit(3))", "(a=__import__('os')._exit(3))", None),
        ("f(", None, None),
        ("g(a)", None, None),
        ("f(a) and more", None, None),
        ("f(a): pass\ndef g()", None, None),
    ],
)
def test_signatures_that_only_the_documentation_has(rows, doc, text, expected):
    rows.run(
        "import types\nclass F:\n  __name__ = 'f'\n"
        "  @property\n  def __signature__(self): raise ValueError\n"
        f"  def __call__(self): pass\n  __doc__ = {doc!r}\nf = F()"
    )
    found = describe(rows, "__main__:f")
    assert found.signature.text == (text or "")
    if expected:
        assert parameters(found) == expected


def test_what_its_code_raises_leaves_out_a_part(rows):
    rows.run("odd, broken, signed, liar = Odd(), Broken(), Signed(), Liar()")
    found = describe(rows, "__main__:odd")
    assert names(found) == {"a": 4, "b": 4}
    assert found.doc == ""
    found = describe(rows, "__main__:broken")
    assert names(found) == {"here": 4}
    assert found.doc == ""
    assert [name for name, *_ in parameters(found)] == ["x"]
    assert describe(rows, "__main__:signed").kind == 3
    assert describe(rows, "__main__:liar").type.name == "Liar"


def test_defaults_without_a_repr(rows):
    assert [(p[0], p[2]) for p in parameters(describe(rows, "__main__:silent"))] == [
        ("x", "<__main__.Silent>"),
        ("y", "[1, <class '__main__.Silent'>]"),
    ]


@pytest.mark.parametrize(
    ("target", "fields", "kind"),
    [
        ("__main__:nope", {}, "AttributeError"),
        ("__main__:odd", {"repr": True}, "ValueError"),
        ("__main__:stop", {}, "KeyboardInterrupt"),
        ("no_such_module:", {}, "ModuleNotFoundError"),
    ],
)
def test_what_ends_it_is_in_the_outcome(rows, target, fields, kind):
    rows.run("odd, stop = Odd(), Stop()")
    with pytest.raises(RaisedError) as raised:
        describe(rows, target, **fields)
    assert raised.value.remote.type == kind
    payload = message("DescribeResponse").FromString(raised.value.frame.payload)
    assert not payload.HasField("description")
    assert not payload.outcome.types


def test_names_are_capped(rows):
    found = describe(rows, "__main__:many")
    assert len(found.names) == 4096
    assert found.truncated
    assert not describe(rows, "__main__:row").truncated


def test_texts_are_capped(rows):
    rows.run("class Long:\n  __doc__ = 'é' * 100000\n  def __repr__(self): return 'é' * 100000")
    rows.run("long = Long()")
    found = describe(rows, "__main__:long", repr=True)
    assert len(found.doc.encode()) == 64 << 10
    assert len(found.repr.encode()) == 64 << 10


def test_a_missing_target_is_an_invalid_request(worker):
    with pytest.raises(FailedError) as refused:
        worker.outcome(worker.reply(worker.send(frames.DESCRIBE, message("DescribeRequest")())))
    assert refused.value.metadata == {"field": "target"}


def test_nothing_is_loaded_before_it_is_asked_for(worker):
    loaded = "builtins:eval", "'inspect' in __import__('sys').modules"
    assert worker.call(*loaded) is False
    describe(worker, "math:")
    assert worker.call(*loaded) is True


def test_the_type_is_told_once_a_session_unless_the_reply_may_be_lost(rows):
    def told(**options):
        return [info.name for info in response(rows, "__main__:row", **options).outcome.types]

    assert told(session=8, deadline_ns=1) == ["Row"]
    assert told(session=8) == ["Row"]
    assert told(session=8) == []
    assert not rows.call_outcome("__main__:row", kind=frames.GET_ATTR, session=8).types
    assert describe(rows, "__main__:row", session=8).type.name == "Row"
