"""Objects that stay in a worker, for as long as somebody here holds them, and no longer."""

import gc
import os
import weakref

import pytest
from conftest import FORK_WARNING, wait_until

import envknit


def dropped(lib):
    return lib.Thing.dropped


def handles_held(worker_pid):
    """Objects that the worker holds for clients, as its status page says."""
    for entry in os.listdir(f"/proc/{worker_pid}/fd"):
        path = f"/proc/{worker_pid}/fd/{entry}"
        try:
            if "memfd:" not in os.readlink(path):
                continue
            with open(path, "rb") as page:
                data = page.read(72)
        except OSError:
            continue
        if data[:8] == b"ENVKPAGE":
            return int.from_bytes(data[64:72], "little")
    return None


def test_an_object_goes_when_its_last_proxy_goes(lib):
    before = dropped(lib)
    thing = lib.make_thing()
    again = lib.echo(thing)[0]
    del thing
    assert dropped(lib) == before
    del again
    wait_until(lambda: dropped(lib) == before + 1, "the object is dropped")


def test_a_hundred_thousand_handles(lib):
    before = dropped(lib)
    things = []
    for _ in range(100):
        things.extend(lib.make_things(1000))
    assert len(things) == 100_000
    assert [things[i].size for i in (0, 50_000, 99_999)] == [0, 0, 999]
    assert len({thing._envknit_handle.id for thing in things}) == 100_000
    assert dropped(lib) == before
    del things
    wait_until(lambda: dropped(lib) == before + 100_000, "all objects are dropped")


def test_proxies_in_cycles_are_collected(lib):
    before = dropped(lib)

    class Node:
        pass

    node = Node()
    node.thing, node.itself = lib.make_thing(), node
    gone = weakref.ref(node)
    del node
    gc.collect()
    assert gone() is None
    wait_until(lambda: dropped(lib) == before + 1, "the object is dropped")


def test_an_argument_lives_until_the_reply_of_its_call(lib):
    # The temporary has no name here: only the call holds it.
    assert lib.size_after(lib.make_thing(7), 0.2) == 7


def test_an_object_is_itself_when_it_comes_back(lib):
    thing = lib.make_thing()
    assert lib.same(thing, thing)
    assert lib.echo(thing)[0] == thing
    assert hash(lib.echo(thing)[0]) == hash(thing)


def test_use_after_the_death_of_the_worker(fresh_worker):
    with fresh_worker() as lib:
        thing = lib.make_thing()
        with pytest.raises(envknit.WorkerCrashed):
            lib.kill_myself()
        with pytest.warns(RuntimeWarning, match="replaced"):
            assert lib.echo(1) == [1]
        with pytest.raises(envknit.StaleHandleError, match="gone"):
            thing.grow()
        with pytest.raises(envknit.StaleHandleError, match="gone"):
            lib.echo(thing)
        assert "remote" in repr(thing)
        assert lib.make_thing(4).size == 4


def test_use_in_another_worker(lib, fresh_worker):
    with fresh_worker() as other, pytest.raises(envknit.StaleHandleError, match="another worker"):
        other.echo(lib.make_thing())


@pytest.mark.filterwarnings(FORK_WARNING)
def test_use_after_a_fork(lib):
    thing = lib.make_thing()
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            try:
                thing.grow()
                answer = b"worked"
            except envknit.StaleHandleError:
                answer = b"stale"
            # Its end must not release what the parent holds.
            del thing
            gc.collect()
            os.write(write, answer)
        finally:
            os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        assert pipe.read() == b"stale"
    assert os.waitpid(child, 0)[1] == 0
    assert thing.grow().size == 4


def test_a_worker_keeps_nothing_of_dropped_results(lib):
    pid = lib.pid()
    held = [lib.make_thing() for _ in range(50)]
    assert handles_held(pid) == 50
    held.clear()
    gc.collect()
    wait_until(
        lambda: lib.pid() == pid and handles_held(pid) == 0,
        "the worker holds no object for us",
    )
