"""Data that crosses by copy, there and back."""

import datetime as dt
import math
import operator
import os
import statistics
import uuid
from decimal import Decimal
from fractions import Fraction
from pathlib import Path, PurePosixPath, PureWindowsPath
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import envknit

UTC = dt.timezone.utc
BERLIN = ZoneInfo("Europe/Berlin")
VALUES = [
    *(None, True, False, 0, -1, 2**63, -(2**200), 1.5, math.inf, 1 + 2j, "", "ä\0", "\udc80"),
    *(b"", b"\0\xff", [], [1, "a", None], (), (1, (2,)), {}, {"a": [1], 2: None, (1,): b""}),
    *(set(), {1, 2}, frozenset({"x"}), [1.0] * 100, list(range(100)), [[1.0], [2]]),
    *(slice(1, None, 2), range(3, 9, 2), ..., NotImplemented, bytearray(b"a"), math.nan),
    *(dt.date(2024, 5, 6), dt.time(7, 8, 9, 10), dt.timedelta(-1, 5, 7), dt.datetime.max),
    *(UTC, dt.timezone(-dt.timedelta(hours=5), "EST"), BERLIN),
    *(dt.datetime(2024, 10, 27, 2, 30, tzinfo=BERLIN, fold=1), dt.time(1, tzinfo=UTC)),
    *(Decimal("1.10"), Decimal("-Infinity"), Fraction(-1, 3), uuid.uuid4()),
    *(PurePosixPath("a", "../b"), PureWindowsPath("c:/a", "b"), Path("/x y")),
    [dt.date(2024, 1, 1), {Decimal("1"): (Path("p"),)}],
    {(1, frozenset({2})): {(1, 2), (3,)}},
]


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_comes_back_as_it_was(lib, value):
    (back,) = lib.echo(value)
    assert type(back) is type(value)
    assert repr(back) == repr(value)
    assert back == value or value is math.nan
    assert lib.repr_of(value) == repr(value)


PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@pytest.fixture(scope="module")
def shared_lib():
    from conftest import PACKAGES

    with envknit.worker("worklib", "2.0", PACKAGES) as module:
        yield module


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(value=PLAIN)
def test_any_plain_value_comes_back(shared_lib, value):
    assert shared_lib.echo(value) == [value]


def test_names_of_keyword_arguments_arrive(lib):
    assert lib.echo(1, b=2, a=[3]) == ([1], {"b": 2, "a": [3]})
    assert lib.echo(1, **{"": 2}) == ([1], {"": 2})


def test_what_is_no_plain_data_stays(lib):
    thing = lib.make_thing(2)
    assert type(thing).__name__ == "Thing"
    assert lib.kind_of(thing) == "worklib.things.Thing"
    assert lib.same(thing, thing)
    kept = lib.echo([thing])
    assert "list" in repr(kept)
    assert lib.same(kept[0][0], thing)


def test_copy_mode_refuses_what_stays(fresh_worker):
    with fresh_worker(results="copy") as lib:
        assert lib.echo(1, [2]) == [1, [2]]
        with pytest.raises(TypeError, match=r"worklib\.things\.Thing can't be copied"):
            lib.make_thing()


def test_an_object_of_another_worker_is_refused(lib, fresh_worker):
    with fresh_worker() as other:
        thing = lib.make_thing()
        with pytest.raises(envknit.StaleHandleError, match="another worker") as raised:
            other.echo(thing)
        assert raised.value.reason == "CROSS_WORKER"


def test_callables_of_the_standard_library_cross_by_name(lib):
    assert lib.apply(len, [1, 2]) == 2
    assert lib.apply(int, "7") == 7
    assert lib.apply(str.upper, "a") == "A"
    assert lib.apply(math.hypot, 3, 4) == 5
    assert lib.apply(statistics.mean, [1, 2]) == 1.5
    assert lib.apply(dt.date.fromisoformat, "2024-05-06") == dt.date(2024, 5, 6)
    assert lib.apply(map, operator.neg, [1]).__next__() == -1
    assert lib.apply(lib.kind_of, ValueError) == "builtins.type"


class Zone(dt.tzinfo):
    pass


class Mine:
    def method(self):
        return self


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (lambda x: x, "the function 'test_values.<lambda>' is not by value: code does not cross"),
        (Mine, "the class 'test_values.Mine' is not by value"),
        (Mine().method, "the function 'test_values.Mine.method' is not by value"),
        (Mine(), "test_values.Mine is not by value"),
        (dt.datetime(2024, 1, 1, tzinfo=Zone()), ".tzinfo: test_values.Zone is not by value"),
        (uuid.SafeUUID.safe, "uuid.SafeUUID is not by value"),
    ],
    ids=["lambda", "class", "method", "object", "time zone", "enum"],
)
def test_what_can_not_cross_is_named_with_its_place(lib, value, words):
    with pytest.raises(TypeError) as refused:
        lib.echo([0, 1, 2, value])
    assert str(refused.value).startswith("args[0][3]")
    assert words in str(refused.value)
    with pytest.raises(TypeError, match=r"kwargs\.rows\.a"):
        lib.echo(rows={"a": value})
    assert lib.echo(1) == [1]


def test_cycles_and_depth_are_errors(lib):
    cycle = []
    cycle.append(cycle)
    deep = []
    for _ in range(1000):
        deep = [deep]
    for value in (cycle, deep, {"a": cycle}):
        with pytest.raises(ValueError, match=r"args\[0\].*nested deeper than 40") as refused:
            lib.echo(value)
        assert refused.value.reason == "LIMIT_EXCEEDED"
    assert lib.echo(1) == [1]


def test_a_million_elements_and_no_more(lib):
    assert lib.apply(len, [None] * 1_000_000) == 1_000_000
    with pytest.raises(ValueError, match="more than 1000000 elements"):
        lib.echo([None] * 1_000_001)
    kept = lib.nested(1000)
    assert type(kept).__name__ == "list"
    assert len(kept[0]) == 1


def test_a_container_of_mixed_things_stays_whole(lib):
    kept = lib.apply(lib.echo, lib.make_thing(), [1])
    assert "list" in repr(kept)
    assert kept[1] == [1]


def test_arrays_of_a_local_numpy_arrive_as_they_were(client, lock_file):
    python = os.environ.get("ENVKNIT_TEST_NUMPY_PYTHON")
    if not python:
        pytest.skip("ENVKNIT_TEST_NUMPY_PYTHON names no Python with numpy")
    script = f"""
import numpy
envknit.configure_from_lock({str(lock_file)!r})
table = numpy.zeros(4, [("a", "i1"), ("b", [("x", "f8"), ("y", "M8[s]", (2, 2))]), ("c", "U3")])
table["c"] = "é"
arrays = [
    table, table[::-2], table[:0], numpy.zeros((), "?"), numpy.asfortranarray(numpy.eye(3)),
    numpy.arange(6, dtype="f2").reshape(2, 3).T, numpy.array(["a", "bc"]), numpy.array([b"x"]),
    numpy.array(["2020-01-01", "NaT"], "M8[D]"), numpy.ones(2, "g") / 3, numpy.ones(2, "G"),
    numpy.zeros(2, "V3"), numpy.broadcast_to(numpy.int16(3), (2, 2)),
]
scalars = [numpy.datetime64("2020-01-01"), numpy.longdouble(1) / 3, numpy.timedelta64(3, "h")]
with envknit.worker("numpy", "1.26.4") as np:
    for local in arrays:
        there = np.asarray(local)
        assert there.tobytes() == local.tobytes(), local
        assert there.shape == local.shape
        assert there.dtype.descr == local.dtype.descr
    for scalar in scalars:
        there = np.repeat(scalar, 2)[0]
        assert there.tobytes() == scalar.tobytes(), scalar
        assert there.dtype.str == scalar.dtype.str
    assert np.zeros(3, dtype=int).sum() == 0
    assert np.apply_along_axis(len, 0, np.ones((2, 2))).tolist() == [2, 2]
    for refused, words in [
        (numpy.array([None]), "object dtype"),
        (numpy.zeros(2, ">f8"), "byte order"),
        (numpy.zeros(2, [("a", "i4"), ("b", "O")]), "the field 'b': object dtype"),
        (numpy.ma.masked_array([1], [True]), "numpy.asarray(x)"),
    ]:
        try:
            np.sum([0, refused])
        except TypeError as error:
            assert str(error).startswith("args[0][1]: ") and words in str(error), error
        else:
            raise AssertionError(words)
    show("done")
"""
    status, lines, err = client(script, python=python).end()
    assert (status, lines) == (0, ["done"]), err
