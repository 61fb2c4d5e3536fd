"""Execute: source text in a namespace of its own, and its `result` as JSON has it."""

import math

import frames
import pytest
from caller import FailedError, RaisedError
from protocol import message

GUIDE = """
import math
result = {"version": math.__name__, "value": 42}
"""


def value(worker, code):
    return worker.execute(code, want="value")


def refused(worker, code, want="value"):
    with pytest.raises(FailedError) as failed:
        worker.execute(code, want=want)
    return failed.value


def test_what_is_assigned_to_result_comes_back(worker):
    assert value(worker, GUIDE) == {"version": "math", "value": 42}
    assert value(worker, "result = None") is None
    assert value(worker, "result = 2 ** 80") == 2**80


def test_json_is_the_form_by_default(worker):
    json = worker.execute("result = {'a': [1, None, True, 'x']}")
    assert json.struct_value["a"][0] == 1.0
    assert worker.execute("result = 5", want="json").number_value == 5.0


def test_without_result_it_is_an_empty_dict_never_the_last_one(worker):
    assert value(worker, "result = 1; left = 2") == 1
    assert value(worker, "pass") == {}
    assert value(worker, "result = 'left' in globals()") is False


def test_the_result_is_dropped_when_it_is_not_wanted(worker):
    assert worker.execute("result = object()", want="none") is None


def test_modules_persist(worker):
    value(worker, "import math; math.kept = 7")
    assert value(worker, "import math; result = math.kept") == 7


def test_the_code_is_main_while_it_runs(worker):
    code = (
        "from __future__ import annotations\n"
        "import pickle, sys, dataclasses, typing\n"
        "@dataclasses.dataclass\nclass Point:\n  x: int\n  shared: ClassVar[int] = 3\n"
        "import __main__\n"
        "result = [__name__, __main__.Point is Point, pickle.loads(pickle.dumps(Point(2))).x]"
    ).replace("typing\n", "typing\nfrom typing import ClassVar\n", 1)
    before = worker.get("__main__:__dict__", want="handle").object_id
    assert value(worker, code) == ["__main__", True, 2]
    assert worker.get("__main__:__dict__", want="handle").object_id == before
    with pytest.raises(RaisedError):
        worker.execute("raise ValueError")
    assert worker.get("__main__:__dict__", want="handle").object_id == before


SHAPES = [
    ("(1, (2, [3]))", [1, [2, [3]]]),
    ("{1: 'a', 1.5: 'b', True: 'c', None: 'd'}", {"1": "c", "1.5": "b", "null": "d"}),
    ("{float('nan'): 1, float('inf'): 2}", {"NaN": 1, "Infinity": 2}),
    ("__import__('collections').OrderedDict(a=(1,))", {"a": [1]}),
    ("__import__('collections').Counter('aab')", {"a": 2, "b": 1}),
    ("__import__('collections').namedtuple('P', 'x y')(1, 2)", [1, 2]),
    ("__import__('enum').IntEnum('E', 'A B').B", 2),
    ("__import__('enum').Enum('E', {'A': 'x'}, type=str).A", "x"),
    ("{__import__('enum').Enum('E', {'A': 'x'}, type=str).A: [True, False]}", {"x": [True, False]}),
    ("type('F', (float,), {})(1.5)", 1.5),
    ("type('L', (list,), {})([1])", [1]),
    ("[[], {}, (), '', 0]", [[], {}, [], "", 0]),
    ("float('inf')", math.inf),
    ("[[1, 2]] * 3", [[1, 2]] * 3),
    ("'é\\u4e2d'", "é中"),
]


@pytest.mark.parametrize(("expression", "expected"), SHAPES)
def test_it_comes_as_json_has_it(worker, expression, expected):
    found = value(worker, f"result = {expression}")
    assert found == expected
    assert type(found) is type(expected)


REFUSED = [
    ('{"a": [1, 2, 3, {1, 2}]}', 'result["a"][3]', "set"),
    ("object()", "result", "object"),
    ('{"a": {3: b"x"}}', 'result["a"][3]', "bytes"),
    ("[0, {(1, 2): 3}]", "result[1][<class 'tuple'>]", "tuple"),
    ("{'\"': [1j]}", 'result["\\""][0]', "complex"),
    ("(a := []).append(a) or a", "result[0]", "list"),
    ("(d := {}).update(x=[d]) or d", 'result["x"][0]', "dict"),
]


@pytest.mark.parametrize(("expression", "path", "kind"), REFUSED)
@pytest.mark.parametrize("want", ["value", "json"])
def test_what_is_no_json_is_refused_by_its_path(worker, expression, path, kind, want):
    failed = refused(worker, f"result = {expression}", want)
    assert failed.reason == "NOT_BY_VALUE"
    assert failed.metadata == {"path": path, "type": kind}
    assert failed.failure.message.startswith(f"{path}: ")


@pytest.mark.parametrize(
    "expression", ["float('nan')", "float('-inf')", "2 ** 53 + 1", "'\\ud800'"]
)
def test_what_a_json_number_or_text_cannot_hold_needs_a_value(worker, expression):
    failed = refused(worker, f"result = [1, ({expression},)]", "json")
    assert (failed.reason, failed.metadata["path"]) == ("NOT_BY_VALUE", "result[1][0]")
    found = value(worker, f"result = [1, ({expression},)]")[1][0]
    assert repr(found) == repr(eval(expression))


def test_depth_and_elements_are_limited(worker):
    deep = "result = []\nfor i in range({}): result = [result]"
    assert value(worker, deep.format(39))
    for want in ("value", "json"):
        failed = refused(worker, deep.format(40), want)
        assert (failed.reason, failed.metadata) == ("LIMIT_EXCEEDED", {"limit": "depth"})
    failed = refused(worker, "result = [0] * 1_000_001", "json")
    assert failed.metadata["limit"] == "elements"


def test_what_it_raises_is_an_outcome_with_the_lines_of_the_code(worker):
    code = "def inner(x):\n    return 1 / x\n\n\ninner(0)\n"
    for _ in range(3):
        with pytest.raises(RaisedError) as raised:
            worker.execute(code)
    remote = raised.value.remote
    assert remote.type == "ZeroDivisionError"
    assert [(frame.line, frame.function, frame.source) for frame in remote.frames] == [
        (5, "<module>", "inner(0)"),
        (2, "inner", "return 1 / x"),
    ]
    assert "return 1 / x" in remote.traceback


def test_functions_left_behind_show_their_lines_for_a_while_and_sources_do_not_pile_up(worker):
    value(worker, "import math\ndef fail():\n    raise KeyError('late')\nmath.fail = fail")
    value(worker, "pass")
    with pytest.raises(RaisedError) as raised:
        worker.call("math:fail")
    assert raised.value.remote.frames[-1].source == "raise KeyError('late')"
    count = "import linecache\nresult = [n for n in linecache.cache if n.startswith('<execute-')]"
    for _ in range(40):
        value(worker, "pass")
    kept = value(worker, count)
    assert len(kept) == 16
    value(worker, "x = '" + "y" * (2 << 20) + "'")
    value(worker, "pass")
    assert len(value(worker, count)) == 2


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("result = = 1", "SyntaxError"),
        ("  indented = 1", "IndentationError"),
        ("a = 1\0", "SyntaxError"),
        ("# coding: latin-1\nraise ValueError('é')", "ValueError"),
        ("raise SystemExit(3)", "SystemExit"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt"),
        ("from __future__ import nothing", "SyntaxError"),
    ],
)
def test_errors_of_the_code_are_outcomes(worker, code, kind):
    with pytest.raises(RaisedError) as raised:
        worker.execute(code)
    assert raised.value.remote.type == kind
    assert raised.value.frame.flags == 0
    if "é" in code:
        assert raised.value.remote.message == "é"


def test_future_statements_hold_for_their_code_alone(worker):
    code = "def f(x: undefined): pass\nresult = str(f.__annotations__['x'])"
    assert value(worker, "from __future__ import annotations\n" + code) == "undefined"
    with pytest.raises(RaisedError):
        worker.execute(code)


def test_methods_of_the_result_may_raise(worker):
    code = "class D(dict):\n  def items(self): raise LookupError('mine')\nresult = [D()]"
    with pytest.raises(RaisedError) as raised:
        worker.execute(code)
    assert raised.value.remote.message == "mine"


def test_wrong_requests_are_refused(worker):
    for want in ("auto", "handle", "tensor", "str", "copy"):
        failed = refused(worker, "result = 1", want)
        assert (failed.reason, failed.metadata["field"]) == ("INVALID_REQUEST", "want")
    request = message("ExecuteRequest")(code="abc").SerializeToString()
    for payload, field in ((request.replace(b"abc", b"a\xffc"), "code"), (b"\x4a\x05a", "request")):
        reply = worker.reply(worker.send(frames.EXECUTE, payload))
        failure = message("envknit.worker.v1.Failure").FromString(reply.payload)
        assert (failure.reason, failure.metadata["field"]) == ("INVALID_REQUEST", field)
    assert value(worker, "") == {}
