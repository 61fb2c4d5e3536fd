"""What can't cross, and what fights back: an answer or a clear error, never a hang or a crash."""

import contextlib
import copy
import gc
import itertools
import pickle
import sys

import pytest
from conftest import PACKAGES

import envknit

sys.path.append(str(PACKAGES / "worklib"))
import hostile

sys.path.pop()

KINDS = sorted(hostile.KINDS)
USES = {
    "len": len,
    "iteration": lambda thing: list(itertools.islice(iter(thing), 3)),
    "containment": lambda thing: 0 in thing,
    "equality": lambda thing: thing == thing,
    "hash": hash,
    "truth": bool,
    "addition": lambda thing: thing + 1,
    "item": lambda thing: thing[0],
    "attribute": lambda thing: thing.some_attribute,
    "data": lambda thing: thing.__class__,
    "call": lambda thing: thing(),
    "index": lambda thing: [1, 2][thing],
    "float": float,
    "format": lambda thing: f"{thing:>3}",
    "str": str,
    "dir": dir,
    "copy": copy.deepcopy,
    "pickle": pickle.dumps,
    "isinstance": lambda thing: isinstance(1, thing),
}


@pytest.fixture(scope="module")
def worker():
    """One worker for all of it: each test shows that those before did it no harm."""
    with envknit.worker("worklib", "3.1", PACKAGES, timeout=20.0) as module:
        pid = module.pid()
        yield module
        gc.collect()
        assert module.pid() == pid


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("kind", KINDS)
def test_an_argument_is_refused_with_its_path_and_not_run(worker, kind):
    thing = hostile.make(kind)
    hostile.take_notes()
    for argument, path in (
        (thing, r"args\[0\]: "),
        ([1, {"key": thing}], r"args\[0\]\[1\]\.key: "),
        ((1, (thing,)), r"args\[0\]\[1\]\[0\]: "),
    ):
        with pytest.raises(TypeError, match=path):
            worker.echo(argument)
    with pytest.raises(TypeError, match="name: "):
        worker.echo(name=thing)
    assert hostile.take_notes() == []
    assert worker.echo(1) == [1]


@pytest.mark.parametrize("kind", KINDS)
def test_a_result_stays_and_nothing_of_it_runs(worker, kind):
    worker.hostile.take_notes()
    thing = worker.hostile.make(kind)
    inside_list, (number, inside_tuple) = worker.hostile.make_inside(kind)
    kept = worker.hostile.make_class(kind)
    for remote in (thing, inside_list, inside_tuple, kept):
        assert repr(remote).startswith("<remote ")
    assert number == 2
    assert worker.same(thing, thing)
    assert worker.hostile.take_notes() == []


@pytest.mark.parametrize("kind", KINDS)
def test_every_use_of_a_result_is_answered(worker, kind):
    thing = worker.hostile.make(kind)
    for use in USES.values():
        # Whatever it says, it says it.
        with contextlib.suppress(Exception):
            use(thing)
    del thing
    worker.hostile.take_notes()
    assert worker.echo(kind) == [kind]


def test_an_exception_that_fights_back_is_reported(worker):
    with pytest.raises(envknit.RemoteError, match="Fault"):
        worker.hostile.raise_fault()
    worker.hostile.take_notes()
    with pytest.raises(ValueError, match="first"):
        worker.hostile.raise_endless_chain()


def test_a_cycle_is_refused_as_an_argument_and_stays_as_a_result(worker):
    for cycle in (hostile.make_cycle(), [{"key": hostile.make_cycle()}]):
        with pytest.raises(ValueError, match="nested deeper than 40"):
            worker.echo(cycle)
    cycle = worker.hostile.make_cycle()
    assert len(cycle) == 2
    assert worker.same(cycle, cycle[1])


def test_depth_has_a_limit(worker):
    assert worker.echo(hostile.make_deep(39))[0] == hostile.make_deep(39)
    for depth in (41, 1000):
        with pytest.raises(ValueError, match="nested deeper than 40"):
            worker.echo(hostile.make_deep(depth))
    assert worker.hostile.make_deep(40) == hostile.make_deep(40)
    assert len(worker.hostile.make_deep(1000)) == 1


def test_a_million_elements_cross_and_more_are_refused(worker):
    million = hostile.make_long(10**6)
    assert worker.hostile.make_long(10**6) == million
    assert len(worker.echo(million)) == 1
    million.append("one more")
    with pytest.raises(ValueError, match="1000000 elements"):
        worker.echo(million)
    more = worker.hostile.make_long(10**6 + 1)
    assert len(more) == 10**6 + 1
    assert more[-1] == 10**6
