"""Named tuples stay in their worker, and their elements come along."""

import pytest
from conftest import wait_until


@pytest.fixture
def pair(lib):
    return lib.make_pair()


def test_unpacks_to_values_and_proxies(lib, pair):
    thing, number = pair
    assert number == 2
    assert lib.kind_of(thing) == "worklib.things.Thing"
    assert lib.same(thing, pair.thing)
    assert lib.same(pair, pair)


def test_is_indexed_as_a_tuple(pair):
    assert len(pair) == 2
    assert pair[-1] == pair[1] == pair.number == 2
    assert pair[::-1] == (2, pair[0])
    with pytest.raises(IndexError):
        pair[2]
    with pytest.raises(TypeError, match="indices"):
        pair["number"]


def test_a_long_one_is_asked_for(lib):
    row = lib.make_row(100)
    assert len(row) == 100
    assert list(row) == list(range(100))
    assert row[99] == 99


def test_what_the_class_answers_itself_is_asked_for(lib):
    backwards = lib.make_backwards()
    assert backwards[0] == 3
    assert len(backwards) == 3


def test_elements_live_as_long_as_someone_has_them(lib):
    dropped = lib.Thing.dropped
    thing, _ = lib.make_pair()
    assert len(thing) == 3
    assert lib.Thing.dropped == dropped
    del thing, _
    wait_until(lambda: lib.Thing.dropped == dropped + 1, "the element was dropped")
