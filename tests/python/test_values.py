"""Data that crosses by copy, there and back."""

import math

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import envknit

VALUES = [
    *(None, True, False, 0, -1, 2**63, -(2**200), 1.5, math.inf, 1 + 2j, "", "ä\0", "\udc80"),
    *(b"", b"\0\xff", [], [1, "a", None], (), (1, (2,)), {}, {"a": [1], 2: None, (1,): b""}),
    *(set(), {1, 2}, frozenset({"x"}), [1.0] * 100, list(range(100)), [[1.0], [2]]),
    *(slice(1, None, 2), range(3, 9, 2), ...),
]


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_comes_back_as_it_was(lib, value):
    (back,) = lib.echo(value)
    assert type(back) is type(value)
    assert back == value


def test_keeps_what_is_not_a_number(lib):
    assert math.isnan(lib.echo(math.nan)[0])


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
