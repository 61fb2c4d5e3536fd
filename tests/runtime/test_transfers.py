"""Fetch and Put, chunk by chunk, as the daemon asks a worker for them."""

import frames
import pytest
from caller import EPOCH, FailedError, RaisedError, from_value, to_value
from environments import known_environments
from protocol import message
from worker_process import WorkerProcess

ENVIRONMENTS = known_environments()


@pytest.fixture(params=sorted(ENVIRONMENTS) or ["none"])
def numpy_worker(request):
    if request.param == "none":
        pytest.skip("no environments: set ENVKNIT_TEST_ENVIRONMENTS (tests/README.md)")
    tag, path = ENVIRONMENTS[request.param]
    with WorkerProcess(tag) as process:
        yield process.configure(install_paths=[path])


def step(worker, kind, request, session=1):
    """One chunk: the response, and the frame it came in."""
    frame = worker.reply(worker.send(kind, request, session=session))
    if frame.status:
        raise FailedError(frame)
    name = "FetchResponse" if kind == frames.FETCH else "PutResponse"
    response = message(name).FromString(frame.payload)
    if response.outcome.WhichOneof("result") == "exception":
        raise RaisedError(response.outcome.exception, frame)
    return response, frame


def fetch_request(target, **fields):
    request = message("FetchRequest")(**fields)
    if isinstance(target, str):
        request.target.module, _, request.target.path = target.partition(":")
    else:
        request.target.handle.id, request.target.handle.epoch = target.id, target.epoch
    return request


def fetch(worker, target, max_bytes=0):
    """The whole Value message."""
    response, frame = step(worker, frames.FETCH, fetch_request(target, max_bytes=max_bytes))
    data, total, transfer = response.chunk, response.total_bytes, response.transfer
    assert frame.handle_count == (1 if frame.flags & frames.MORE else 0)
    while frame.flags & frames.MORE:
        request = message("FetchRequest")(transfer=transfer, offset=len(data), max_bytes=max_bytes)
        response, frame = step(worker, frames.FETCH, request)
        assert (response.offset, response.total_bytes) == (len(data), total)
        assert not response.HasField("transfer")
        assert frame.handle_count == 0
        data += response.chunk
    assert len(data) == total
    return message("Value").FromString(data)


def put_requests(value, size):
    data = value.SerializeToString()
    for offset in range(0, len(data), size):
        yield message("PutRequest")(
            total_bytes=len(data), offset=offset, chunk=data[offset : offset + size]
        )


def put(worker, value, size=1 << 20):
    """The handle."""
    transfer = None
    for request in put_requests(value, size):
        if transfer is not None:
            request.transfer.CopyFrom(transfer)
        response, frame = step(worker, frames.PUT, request)
        if transfer is None and frame.flags & frames.MORE:
            transfer = response.transfer
            assert frame.first_handle == transfer.id
    assert not frame.flags & frames.MORE
    return response.outcome.value.handle


def release(worker, *ids):
    request = message("ReleaseRequest")(epoch=EPOCH, ids=ids)
    frame = worker.reply(worker.send(frames.RELEASE, request))
    assert frame.status == 0


VALUES = [
    b"",
    b"x",
    bytes(range(256)) * 20_000,
    "text " * 1_000_000,
    [1, "two", None, b"three" * 100_000],
    {"key": list(range(100_000))},
    7,
]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_values_come_and_go_whole(worker, value):
    handle = put(worker, to_value(value), size=100_000)
    assert worker.call("operator:eq", handle, to_value(value)) is True
    assert from_value(fetch(worker, handle, max_bytes=77_777)) == value


def test_put_answers_a_handle_for_plain_data_in_one_chunk(worker):
    handle = put(worker, to_value(12))
    assert worker.call("builtins:int", handle) == 12


def append_until_refused(worker, total, piece, transfer, offset):
    while offset + len(piece) < total:
        request = message("PutRequest")(total_bytes=total, offset=offset, chunk=piece)
        request.transfer.CopyFrom(transfer)
        step(worker, frames.PUT, request)
        offset += len(piece)


def test_a_worker_without_memory_for_a_put_says_so(worker):
    # A list is collected until it is whole, and takes more and more memory.
    head = b"\x3a"
    worker.run("import resource")
    assert message("Value").FromString(head + b"\x00").WhichOneof("kind") == "list_value"
    total, piece = 1 << 30, bytes(1 << 20)
    worker.run(
        "pages = int(open('/proc/self/statm').read().split()[0])\n"
        "room = pages * resource.getpagesize() + (200 << 20)\n"
        "resource.setrlimit(resource.RLIMIT_AS, (room, resource.RLIM_INFINITY))"
    )
    request = message("PutRequest")(total_bytes=total, chunk=head + piece)
    response, _ = step(worker, frames.PUT, request)
    transfer, offset = response.transfer, len(request.chunk)
    with pytest.raises(RaisedError, match="MemoryError"):
        append_until_refused(worker, total, piece, transfer, offset)
    worker.run("resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY,) * 2)")
    assert worker.call("math:hypot", 3.0, 4.0) == 5.0


def test_what_cannot_be_copied_is_named(worker):
    worker.run("class Odd: pass\nvalue = [1, {'a': Odd()}]")
    with pytest.raises(FailedError) as caught:
        fetch(worker, "__main__:value")
    assert caught.value.reason == "NOT_BY_VALUE"
    assert caught.value.metadata == {"path": "$[1].a", "type": "__main__.Odd"}


def test_an_exception_of_the_target_is_the_outcome(worker):
    with pytest.raises(RaisedError, match="AttributeError"):
        fetch(worker, "sys:nothing.there")


def test_offsets_outside_are_refused_and_the_transfer_lives(worker):
    worker.run("value = b'0123456789' * 1000")
    first, _ = step(worker, frames.FETCH, fetch_request("__main__:value", max_bytes=1000))
    for offset in (first.total_bytes, 1 << 60):
        request = message("FetchRequest")(transfer=first.transfer, offset=offset)
        with pytest.raises(FailedError, match="offset") as caught:
            step(worker, frames.FETCH, request)
        assert caught.value.reason == "INVALID_REQUEST"
    rest = message("FetchRequest")(transfer=first.transfer, offset=1000, max_bytes=1 << 20)
    response, frame = step(worker, frames.FETCH, rest)
    assert first.chunk + response.chunk == to_value(b"0123456789" * 1000).SerializeToString()
    assert not frame.flags & frames.MORE


def test_a_transfer_ends_with_its_last_chunk_or_its_release(worker):
    worker.run("value = b'0123456789' * 1000")
    for end in ("last", "release"):
        first, _ = step(worker, frames.FETCH, fetch_request("__main__:value", max_bytes=1000))
        again = message("FetchRequest")(transfer=first.transfer, offset=1000, max_bytes=1 << 20)
        if end == "last":
            step(worker, frames.FETCH, again)
        else:
            release(worker, first.transfer.id)
        with pytest.raises(FailedError) as caught:
            step(worker, frames.FETCH, again)
        assert caught.value.reason == "HANDLE_EXPIRED"


def test_only_a_transfer_of_the_kind_and_session_will_do(worker):
    worker.run("value = b'0123456789' * 1000")
    other = worker.call("builtins:object")
    out, _ = step(worker, frames.FETCH, fetch_request("__main__:value", max_bytes=1000))
    first = next(put_requests(to_value(b"0123456789" * 1000), 1000))
    into, _ = step(worker, frames.PUT, first)
    for name in (other, into.transfer):
        with pytest.raises(FailedError, match="no transfer") as caught:
            step(worker, frames.FETCH, message("FetchRequest")(transfer=name))
        assert caught.value.reason == "INVALID_REQUEST"
    first.transfer.CopyFrom(out.transfer)
    with pytest.raises(FailedError, match="no transfer"):
        step(worker, frames.PUT, first)
    with pytest.raises(FailedError) as caught:
        step(worker, frames.FETCH, message("FetchRequest")(transfer=out.transfer), session=2)
    assert caught.value.reason == "CROSS_WORKER"


@pytest.mark.parametrize(
    ("change", "field"),
    [({"offset": 5}, "offset"), ({"total_bytes": 1 << 63}, "total_bytes")],
)
def test_chunks_that_do_not_follow_are_refused(worker, change, field):
    first, second, *_ = put_requests(to_value(b"0123456789" * 1000), 4000)
    response, _ = step(worker, frames.PUT, first)
    second.transfer.CopyFrom(response.transfer)
    for name, value in change.items():
        setattr(second, name, value)
    with pytest.raises(FailedError) as caught:
        step(worker, frames.PUT, second)
    assert caught.value.reason == "INVALID_REQUEST"
    assert caught.value.metadata["field"] == field


@pytest.mark.parametrize("size", [1, 3000])
def test_more_than_announced_is_refused(worker, size):
    request = message("PutRequest")(total_bytes=size, chunk=b"x" * (size + 1))
    with pytest.raises(FailedError) as caught:
        step(worker, frames.PUT, request)
    assert caught.value.reason == "INVALID_REQUEST"


def test_bytes_that_are_no_value_are_refused_at_the_end(worker):
    request = message("PutRequest")(total_bytes=6000, chunk=b"\x3a" + b"\xff" * 2999)
    first, _ = step(worker, frames.PUT, request)
    last = message("PutRequest")(
        total_bytes=6000, offset=3000, chunk=b"\xff" * 3000, transfer=first.transfer
    )
    with pytest.raises(FailedError) as caught:
        step(worker, frames.PUT, last)
    assert caught.value.reason == "INVALID_REQUEST"
    assert worker.call("builtins:len", "still there") == 11


def test_a_huge_claim_takes_no_memory(worker):
    request = message("PutRequest")(
        total_bytes=1 << 62, chunk=to_value("x" * 4000).SerializeToString()
    )
    response, frame = step(worker, frames.PUT, request)
    assert frame.flags & frames.MORE
    release(worker, response.transfer.id)


def test_element_limit_holds_for_any_size(worker):
    value = message("Value")()
    value.list_value.items.extend([to_value(None)] * 1_000_001)
    with pytest.raises(FailedError) as caught:
        put(worker, value)
    assert caught.value.reason == "LIMIT_EXCEEDED"


def test_the_end_of_a_session_ends_its_transfers(worker):
    worker.run("import array, weakref\nvalue = array.array('b', bytes(10_000))")
    step(worker, frames.FETCH, fetch_request("__main__:value", max_bytes=1000))
    worker.run("watch = weakref.ref(value)\ndel value", session=2)
    assert worker.call("__main__:watch", want="str", session=2) != "None"
    worker.reply(worker.send(frames.END_SESSION, b""))
    assert worker.call("__main__:watch", want="str", session=2) == "None"


def array_value(typestr, shape, data, strides=()):
    return message("Value")(
        tensor={"typestr": typestr, "shape": shape, "strides": strides, "inline": data}
    )


@pytest.mark.parametrize("strides", [(), (8, 8 * 700)], ids=["C", "F"])
def test_arrays_are_made_at_once_and_filled(numpy_worker, strides):
    data = bytes(range(250)) * 22_400
    value = array_value("<f8", [700, 1000], data, strides)
    handle = put(numpy_worker, value, size=333_333)
    assert numpy_worker.call((handle, "tobytes"), "A") == data
    flags = numpy_worker.get((handle, "flags"), want="handle")
    assert numpy_worker.get((flags, "writeable")) is True
    assert numpy_worker.get((flags, "f_contiguous")) is bool(strides)
    fetched = fetch(numpy_worker, handle, max_bytes=123_456).tensor
    assert (fetched.typestr, list(fetched.shape)) == ("<f8", [700, 1000])
    assert list(fetched.strides) == list(strides)
    assert fetched.inline == data


@pytest.mark.parametrize("size", [7, 500, 2048, 2049])
def test_chunks_may_end_anywhere(numpy_worker, size):
    data = bytes(range(250)) * 16
    array = put(numpy_worker, array_value("<f8", [20, 25], data), size)
    assert numpy_worker.call((array, "tobytes")) == data
    assert numpy_worker.get((array, "shape")) == (20, 25)
    assert numpy_worker.call("builtins:bytes", put(numpy_worker, to_value(data), size)) == data
    ext = message("Value")(ext={"type": "builtins.bytearray", "fields": [to_value(data)]})
    mutable = put(numpy_worker, ext, size)
    assert numpy_worker.call("builtins:repr", numpy_worker.call("builtins:type", mutable)) == (
        "<class 'bytearray'>"
    )
    assert numpy_worker.call("builtins:bytes", mutable) == data
    assert fetch(numpy_worker, mutable, max_bytes=size) == ext
    assert fetch(numpy_worker, array, max_bytes=size).tensor.inline == data


def test_a_bytearray_may_be_resized_after_its_transfer(worker):
    worker.run("value = bytearray(10_000)")
    first, _ = step(worker, frames.FETCH, fetch_request("__main__:value", max_bytes=1000))
    with pytest.raises(RaisedError, match="BufferError"):
        worker.run("value.append(1)")
    release(worker, first.transfer.id)
    worker.run("value.append(1)")


def test_strided_arrays_and_dates_cross(numpy_worker):
    numpy_worker.run("import numpy\npart = numpy.arange(20000)[::3]")
    part = fetch(numpy_worker, "__main__:part", max_bytes=1000).tensor
    assert list(part.shape) == [6667]
    assert part.inline[8:16] == (3).to_bytes(8, "little")
    numpy_worker.run("days = numpy.arange('1970-01', '1990-01', dtype='M8[D]')")
    days = fetch(numpy_worker, "__main__:days", max_bytes=1000)
    assert days.tensor.typestr == "<M8[D]"
    again = put(numpy_worker, days, size=3000)
    assert numpy_worker.get((again, "dtype.str")) == "<M8[D]"


@pytest.mark.parametrize(
    "value",
    [
        array_value("<f8", [1 << 40], b"x" * 8000),
        array_value("|O", [1000], b"x" * 8000),
        array_value("<f8", [1000, 0], b"x" * 8000),
    ],
    ids=["more than there is", "objects", "empty"],
)
def test_arrays_that_do_not_fit_their_data_are_refused(numpy_worker, value):
    with pytest.raises(FailedError) as caught:
        put(numpy_worker, value, size=4000)
    assert caught.value.reason == "INVALID_REQUEST"


def test_an_array_too_large_for_the_machine_is_a_memory_error(numpy_worker):
    size = 1 << 60
    head = bytearray(b"\x0a\x03|u1\x12")
    shape = _varint(size)
    head += bytes([len(shape)]) + shape + b"\x22" + _varint(size)
    head = b"\x6a" + _varint(len(head) + size) + head
    request = message("PutRequest")(total_bytes=len(head) + size, chunk=bytes(head) + b"x" * 4000)
    with pytest.raises(RaisedError, match="MemoryError"):
        step(numpy_worker, frames.PUT, request)


def _varint(number):
    data = bytearray()
    while number >= 128:
        data.append(number & 127 | 128)
        number >>= 7
    return bytes([*data, number])
