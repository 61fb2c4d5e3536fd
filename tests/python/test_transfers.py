"""Values of any size, by copy: out of a worker, into one, and from one to another."""

import copy
import io
import os
import threading
import time

import pytest
from conftest import wait_until

import envknit

MIB = 1 << 20


@pytest.fixture
def large(fresh_worker):
    with fresh_worker(name="worklib.large") as module:
        yield module


def test_local_data_is_returned_as_it_is(lib):
    for value in (None, 3, "text", [1, [2]], (1, 2), {"a": [1]}, object()):
        assert envknit.fetch(value) is value


def test_fetches_what_is_too_large_for_a_message(large):
    block, text, records = large.block(20 * MIB), large.text(20 * MIB), large.records(20_000)
    assert "bytes len=20971520" in repr(block)
    assert envknit.fetch(block) == bytes(range(256)) * (20 * MIB // 256)
    assert envknit.fetch(text) == "0123456789abcdef" * (20 * MIB // 16)
    fetched = envknit.fetch(records)
    assert (len(fetched), fetched[19_999]["name"]) == (20_000, "record 19999")


def test_fetches_inside_plain_containers(large):
    fetched = envknit.fetch([1, {"block": large.block(16 * MIB)}])
    assert fetched[0] == 1
    assert len(fetched[1]["block"]) == 16 * MIB
    pair = envknit.fetch((large.data(10), 2))
    assert (bytes(pair[0]), pair[1]) == (bytes(10), 2)


def test_containers_with_cycles_and_of_any_depth(large):
    deep = []
    for _ in range(1000):
        deep = [deep]
    cyclic = [1, {"two": ()}]
    cyclic[1]["all"] = cyclic
    for local in (deep, cyclic):
        assert envknit.fetch(local) is local
    cyclic.append(large.data(10))
    with pytest.raises(envknit.NotByValueError, match="list that holds itself"):
        envknit.fetch(cyclic)
    deep.append(cyclic[2])
    with pytest.raises(envknit.NotByValueError, match="more than 40 containers"):
        envknit.fetch(deep)


def test_what_is_shared_stays_shared(large):
    shared = [large.data(10)]
    for _ in range(30):
        shared = [shared, shared]
    fetched = envknit.fetch(shared)
    for _ in range(30):
        assert fetched[0] is fetched[1]
        fetched = fetched[0]
    assert bytes(fetched[0]) == bytes(10)


def test_an_array_without_a_local_numpy_is_a_memoryview(numpy1):
    array = numpy1.arange(600_000).reshape(600, 1000)
    view = envknit.fetch(array)
    assert type(view) is memoryview
    assert (view.shape, view.format, view.readonly) == ((600, 1000), "q", False)
    assert view[599, 999] == 599_999
    view[0, 0] = 7
    assert array[0, 0] == 0


def test_what_cannot_be_copied_says_where_and_what_to_do(lib):
    with pytest.raises(envknit.NotByValueError, match=r"\$\[1\]: .*Thing is not by value.*tolist"):
        envknit.fetch(lib.echo(1, lib.make_thing()))
    with pytest.raises(TypeError, match="can't be copied"):
        envknit.fetch(lib.make_thing())
    with pytest.raises(envknit.NotByValueError, match="stay in their worker"):
        envknit.fetch(lib.make_thing)


def test_deepcopy_is_a_local_copy(large):
    assert copy.deepcopy({"block": large.block(16 * MIB)})["block"][:3] == b"\0\1\2"


def test_buffers_of_remote_objects(numpy1, large):
    array = numpy1.arange(5)
    assert memoryview(array).tolist() == [0, 1, 2, 3, 4]
    assert bytes(numpy1.arange(3, dtype="u1")) == b"\0\1\2"
    assert bytes(large.data(5)) == bytes(5)
    assert io.BytesIO(numpy1.arange(3, dtype="u1")).read() == b"\0\1\2"
    with pytest.raises(envknit.NotByValueError, match="object dtype"):
        memoryview(numpy1.array([None, 1]))


def test_large_arguments_arrive_whole(lib):
    assert lib.kind_of(b"x" * (20 * MIB)) == "builtins.bytes"
    assert lib.kind_of("x" * (20 * MIB)) == "builtins.str"
    assert len(lib.echo([b"x" * (20 * MIB)])) == 1
    assert lib.kind_of(value=["x" * 1000] * 20_000) == "builtins.list"


def test_many_arguments_that_do_not_fit_together(lib):
    parts = [bytes([i]) * 200_000 for i in range(120)]
    echoed = envknit.fetch(lib.echo(*parts, last=parts[0]))
    assert echoed == (parts, {"last": parts[0]})


def test_large_buffers_arrive_as_arrays_of_the_workers_numpy(numpy1):
    buffer = bytearray(range(256)) * (40 * MIB // 256)
    array = numpy1.asarray(buffer)
    assert (array.shape, array.dtype.name, array.flags.writeable) == ((40 * MIB,), "uint8", True)
    assert numpy1.array_equal(array, numpy1.arange(40 * MIB) % 256) is True
    both = numpy1.concatenate([buffer, memoryview(buffer)[::2]])
    assert both.shape == (60 * MIB,)


def test_an_array_given_twice_is_one_object_there(lib):
    first, second = memoryview(bytes(8 * MIB)), memoryview(bytes(8 * MIB))
    assert lib.same(first, first) is True
    assert lib.same(first, second) is False
    assert lib.same([first], [first]) is False


def test_copies_of_arguments_go_with_their_call(large):
    data = large.data(10)
    assert large.data_is_alive() is True
    del data
    wait_until(lambda: large.data_is_alive() is False, "a released object is gone")
    before = large.peak_kib()
    for _ in range(12):
        large.total(bytearray(30 * MIB))
    assert large.peak_kib() < before + 150 * 1024


def test_copy_mode_copies_what_is_large(fresh_worker, lock_file):
    with fresh_worker(name="worklib.large", results="copy") as large:
        assert large.block(20 * MIB) == bytes(range(256)) * (20 * MIB // 256)
        assert type(large.data(10)) is memoryview
    with envknit.worker("numpy", "1.26.4", results="copy") as np:
        quotient, rest = np.divmod(np.arange(6), 4)
        assert (quotient.tolist(), rest.tolist()) == ([0, 0, 0, 0, 1, 1], [0, 1, 2, 3, 0, 1])


def test_arrays_and_plain_data_pass_to_another_worker(numpy1, numpy2, large):
    array = numpy1.arange(2 * MIB).reshape(2, MIB)
    assert numpy2.sum(array) == numpy1.sum(array)
    assert numpy2.concatenate([array, array]).shape == (4, MIB)
    assert numpy2.frombuffer(large.block(16 * MIB), dtype="u1").shape == (16 * MIB,)


def test_other_objects_of_another_worker_are_refused(numpy1, numpy2):
    with pytest.raises(envknit.StaleHandleError, match=r"another worker.*envknit\.environment"):
        numpy2.zeros(3, dtype=numpy1.dtype("f4"))
    with pytest.raises(envknit.StaleHandleError, match="another worker") as raised:
        numpy2.zeros(3, dtype=numpy1.float32)
    assert raised.value.reason == "CROSS_WORKER"


def test_other_calls_run_between_the_chunks(large):
    data = large.data(200 * MIB)
    done = threading.Event()
    calls = 0

    def call_meanwhile():
        nonlocal calls
        while not done.is_set():
            assert large.data_is_alive() is True
            calls += 1

    caller = threading.Thread(target=call_meanwhile)
    caller.start()
    try:
        wait_until(lambda: calls, "a call")
        before = calls
        assert len(envknit.fetch(data)) == 200 * MIB
        assert calls > before + 5
    finally:
        done.set()
        caller.join()


def test_two_threads_transfer_at_once(numpy1, large):
    blocks = {}

    def there_and_back(key):
        mine = bytearray([key]) * (30 * MIB)
        blocks[key] = envknit.fetch(numpy1.asarray(mine)) == memoryview(mine)

    threads = [threading.Thread(target=there_and_back, args=(key,)) for key in (1, 2, 3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert blocks == {1: True, 2: True, 3: True}


@pytest.mark.parametrize("direction", ["out", "in"])
def test_a_deadline_inside_a_transfer_leaves_everything_usable(fresh_worker, again, direction):
    context = fresh_worker(name="worklib.large")
    with context as large, again(context, timeout=0.3) as hasty:
        large.data(64 * MIB)
        stop = threading.Event()

        def occupy():
            while not stop.is_set():
                large.nap(0.6)
                time.sleep(0.02)

        occupier = threading.Thread(target=occupy)
        occupier.start()
        try:
            with pytest.raises(envknit.DeadlineError):
                transfer_until_error(hasty, direction)
        finally:
            stop.set()
            occupier.join()
        assert large.total(bytearray(b"a" * 8 * MIB)) == ord("a") * 2048
        assert len(envknit.fetch(large.block(8 * MIB))) == 8 * MIB
        wait_until(lambda: large.data_is_alive() is False, "the transfer was given back")


def transfer_until_error(large, direction):
    while True:
        if direction == "out":
            data = large.data(256 * MIB)
            envknit.fetch(data)
            del data
        else:
            large.data(10)
            large.total(bytearray(256 * MIB))


def test_ctrl_c_inside_a_transfer_leaves_everything_usable(client):
    script = """
import signal, time
with envknit.worker("worklib.large", "1.0", PACKAGES) as large:
    for direction in ("out", "in"):
        data = large.data(300 << 20)
        local = bytearray(300 << 20)
        signal.signal(signal.SIGALRM, lambda *_: signal.raise_signal(signal.SIGINT))
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        try:
            while True:
                envknit.fetch(data) if direction == "out" else large.total(local)
        except KeyboardInterrupt:
            show("stopped")
        del data
        show(len(envknit.fetch(large.block(1 << 20))))
        end = time.monotonic() + 20
        while large.data_is_alive() and time.monotonic() < end:
            time.sleep(0.05)
        show(large.data_is_alive())
"""
    status, lines, err = client(script).end(60)
    assert (status, lines) == (0, ["stopped", 1 << 20, False] * 2), err


NUMPY_SCRIPT = """
import copy, datetime, numpy
envknit.configure_from_lock({lock!r})
MIB = 1 << 20
def peak(pid):
    with open(f"/proc/{{pid}}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) // 1024
with envknit.worker("numpy", "1.26.4") as np, envknit.worker("numpy", "2.2.6") as np2:
"""


@pytest.fixture
def numpy_client(client, lock_file):
    python = os.environ.get("ENVKNIT_TEST_NUMPY_PYTHON")
    if not python:
        pytest.skip("ENVKNIT_TEST_NUMPY_PYTHON names no Python with numpy")

    def run(body):
        script = NUMPY_SCRIPT.format(lock=str(lock_file)) + body
        status, lines, err = client(script, python=python).end(100)
        assert status == 0, err
        return lines

    return run


def test_arrays_become_local_numpy_arrays_and_back(numpy_client):
    lines = numpy_client("""
    for sample in (
        numpy.arange(24.0).reshape(2, 3, 4), numpy.asfortranarray(numpy.eye(3)), numpy.array(5),
        numpy.zeros((0, 3)), numpy.array([True, False]), numpy.array(["ab", "c"]),
        numpy.arange("2020-01", "2021-01", dtype="M8[D]"), numpy.arange(10)[::-2],
        numpy.ones(3, "f2"), numpy.ones(3, "c16"), numpy.arange(2_000_000.0).reshape(1000, 2000).T,
    ):
        for there in (np.asarray(sample), np2.asarray(np.asarray(sample))):
            for back in (envknit.fetch(there), numpy.asarray(there), copy.deepcopy(there)):
                assert type(back) is numpy.ndarray, sample
                assert back.dtype == sample.dtype and back.shape == sample.shape, sample
                assert (back == sample).all() and back.flags.writeable, sample
            assert there.flags.writeable
    remote = np.arange(3)
    assert numpy.asarray(remote, dtype="f4").dtype == numpy.float32
    assert numpy.array(remote, copy=True).tolist() == [0, 1, 2]
    assert numpy.add(remote, 1).tolist() == [1, 2, 3]
    try:
        numpy.asarray(np.arange("2020-01", "2020-03", dtype="M8[D]"), copy=False)
    except ValueError as error:
        assert "without a copy" in str(error)
    try:
        numpy.asarray(np.random.default_rng())
    except TypeError as error:
        show("no array" in str(error))
    # No array itself, but it makes one over there.
    show(numpy.asarray(np.poly1d([1, 2]), dtype="f4").tolist())
""")
    assert lines == [True, [1.0, 2.0]]


def available_mib():
    with open("/proc/meminfo") as lines:
        return next(int(line.split()[1]) for line in lines if "MemAvailable" in line) // 1024


# Client and worker hold one each, twice over for a moment.
GIBIBYTE = pytest.param(
    1024,
    marks=pytest.mark.skipif(available_mib() < 6000, reason="less than 6 GiB of memory are free"),
)


@pytest.mark.parametrize("size", [100, GIBIBYTE])
def test_an_array_takes_little_more_memory_than_its_own(numpy_client, size):
    lines = numpy_client(
        f"""
    size = {size}"""
        """
    from envknit.isolation import worker as worker_module
    small = np.asarray(numpy.arange(1000))
    numpy.asarray(small)
    daemon = worker_module._pool._connection.daemon.pid
    pids = {"client": "self", "daemon": daemon, "worker": np.ctypeslib.os.getpid()}
    before = {name: peak(pid) for name, pid in pids.items()}
    local = numpy.arange(size * MIB // 8, dtype="f8")
    there = np.asarray(local)
    assert (there.sum(), there.shape) == (local.sum(), local.shape)
    del local
    numpy.asarray(small)
    into = {name: peak(pid) - before[name] for name, pid in pids.items()}
    back = numpy.asarray(there)
    assert back[-1] == size * MIB // 8 - 1
    show({name: (into[name], peak(pid) - before[name]) for name, pid in pids.items()})
"""
    )
    (growth,) = lines
    # The array itself lives once in the client and once in the worker.
    assert max(growth["client"]) < size + 40, growth
    assert max(growth["worker"]) < size + 40, growth
    assert max(growth["daemon"]) < 48, growth


def test_a_bytearray_stays_one_whatever_its_size(lib, large):
    for size in (10, 30 * MIB):
        local = bytearray(b"ab") * (size // 2)
        assert lib.kind_of(local) == "builtins.bytearray"
        there = large.kept(local)
        back = envknit.fetch(there)
        assert type(back) is bytearray
        assert back == local
    local.append(0)
