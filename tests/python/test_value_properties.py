"""Whatever crosses by copy arrives as it was sent, in both directions."""

import sys

import pytest
from conftest import PACKAGES
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from value_strategies import KINDS

import envknit

sys.path.append(str(PACKAGES / "worklib"))
from canonical import canonical

sys.path.pop()


@pytest.fixture(scope="module")
def seen():
    with envknit.worker("worklib", "3.0", PACKAGES) as module:
        yield module.canonical.seen


@pytest.mark.parametrize("kind", KINDS)
@settings(
    max_examples=40,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
def test_arrives_and_comes_back_as_it_was(seen, kind, data):
    value = data.draw(KINDS[kind])
    back, in_the_worker = seen(value)
    assert in_the_worker == canonical(value)
    assert canonical(back) == canonical(value)
