"""Whatever crosses by copy arrives as it was sent, in both directions."""

import sys

import pytest
from conftest import PACKAGES
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from value_strategies import KINDS, NAMED, TENSORS

import envknit

sys.path.append(str(PACKAGES / "worklib"))
from canonical import canonical

sys.path.pop()


@pytest.fixture(scope="module")
def seen():
    with envknit.worker("worklib", "3.0", PACKAGES) as module:
        yield module.canonical.seen


PROPERTY = settings(
    max_examples=40,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.mark.parametrize("kind", KINDS)
@PROPERTY
@given(data=st.data())
def test_arrives_and_comes_back_as_it_was(seen, kind, data):
    value = data.draw(KINDS[kind])
    back, in_the_worker = seen(value)
    assert in_the_worker == canonical(value)
    assert canonical(back) == canonical(value)


@PROPERTY
@given(named=NAMED)
def test_a_name_is_found_there_and_comes_back_as_a_handle(seen, named):
    back, in_the_worker = seen(named)
    assert in_the_worker == canonical(named)
    assert back.__name__ == named.__name__
    assert back.__qualname__ == named.__qualname__
    assert seen(back)[1] == in_the_worker


@PROPERTY
@given(sent=TENSORS)
def test_a_tensor_arrives_and_comes_back(seen, sent):
    back, _ = seen(sent)
    local = memoryview(envknit.fetch(back))
    assert (local.format, local.shape) == (memoryview(sent).format, memoryview(sent).shape)
    assert local.tobytes() == memoryview(sent).tobytes()
