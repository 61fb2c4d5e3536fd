"""NEXT frames: items, ends, bounds, and what becomes of iterators that were interrupted."""

import frames
import pytest
from caller import EPOCH, FailedError, RaisedError, from_value, wait_until
from protocol import message
from worker_process import WorkerProcess

MIB = 1 << 20
SETUP = """
import itertools
taken = []
def count(stop=None, result=None):
    for number in itertools.count():
        if number == stop: return result
        taken.append(number)
        yield number
def fail_after(count):
    yield from range(count)
    raise KeyError("no more")
class Stop:
    def __init__(self, value): self.value = value
    def __iter__(self): return self
    def __next__(self): raise StopIteration(*self.value)
class Old:
    def __getitem__(self, index): return [5, 6, 7][index]
class Hostile:
    def __iter__(self): raise ValueError("not today")
class File(__import__("io").FileIO): pass
def stuck():
    yield 1
    list(endless())
    yield 2
class Parser:
    def __init__(self): self.hangs = False
    def __iter__(self): return self
    def __next__(self):
        if self.hangs: list(endless())
        self.hangs = True
        return 1
    def slow(self): list(endless())
    def ping(self): return "pong"
    def close(self): return "closed"
    def __str__(self): return "a parser"
async def ticks():
    yield 1
def stubborn():
    try: yield 1
    finally: list(endless())
def endless():
    print("started", flush=True)
    while True: pass
    yield
"""


@pytest.fixture
def iterating(worker):
    worker.run(SETUP)
    return worker


def ask(worker, target, *, begin=False, session=1, **bounds):
    """Sends a NextRequest; the reply's frame and NextResponse."""
    call_id = send(worker, target, begin=begin, session=session, **bounds)
    return read(worker, call_id)


def send(worker, target, *, begin=False, session=1, max_time_s=None, **bounds):
    request = message("NextRequest")(begin=begin, **bounds)
    if max_time_s is not None:
        request.max_time.FromNanoseconds(int(max_time_s * 1e9))
    if isinstance(target, str):
        request.target.module, _, request.target.path = target.partition(":")
    else:
        request.target.handle.id, request.target.handle.epoch = target.id, target.epoch
    return worker.send(frames.NEXT, request, session=session)


def read(worker, call_id):
    frame = worker.reply(call_id)
    if frame.status:
        raise FailedError(frame)
    return frame, message("NextResponse").FromString(frame.payload)


def items_of(response):
    return from_value(response.items)


def start(worker, code):
    return worker.call("builtins:eval", code, worker.get("__main__:__dict__", want="handle"))


def test_the_first_handle_of_a_beginning_names_the_iterator(iterating):
    numbers = start(iterating, "[object(), object(), object()]")
    frame, response = ask(iterating, numbers, begin=True, max_items=2)
    assert frame.flags == frames.MORE
    assert (frame.first_handle, frame.handle_count) == (response.iterator.id, 3)
    assert [item.id - frame.first_handle for item in items_of(response)] == [1, 2]
    assert not response.done
    # The types of iterator and items, each once.
    assert {info.name for info in response.outcome.types} == {"list_iterator", "object"}
    assert response.iterator.epoch == EPOCH
    frame, response = ask(iterating, response.iterator, max_items=5)
    assert frame.flags == 0
    assert len(items_of(response)) == 1
    assert response.done
    assert not response.HasField("iterator")
    assert not response.outcome.types


def test_an_iterator_that_ends_at_once_is_no_handle(iterating):
    frame, response = ask(
        iterating, start(iterating, "iter([1, object()])"), begin=True, max_items=9
    )
    assert (frame.flags, frame.handle_count) == (0, 1)
    first, second = items_of(response)
    assert (first, second.id) == (1, frame.first_handle)
    assert response.done
    assert not response.HasField("iterator")
    frame, response = ask(iterating, "__main__:Old", begin=True)
    assert frame.handle_count == 0
    assert response.outcome.exception.type == "TypeError"


def test_an_iterator_is_never_run_ahead(iterating):
    numbers = start(iterating, "count()")
    frame, response = ask(iterating, numbers)
    assert (items_of(response), frame.flags) == ([0], frames.MORE)
    assert frame.handle_count == 0
    assert items_of(ask(iterating, numbers, max_items=3)[1]) == [1, 2, 3]
    assert iterating.get("__main__:taken") == [0, 1, 2, 3]


def test_plain_numbers_are_packed(iterating):
    for code, kind in (
        ("iter([1, -2, 2**62])", "packed_ints"),
        ("iter([1.0, 2.5])", "packed_floats"),
        ("iter([1, 2.5])", "list_value"),
        ("iter([1, True])", "list_value"),
        ("iter([1, 2**64])", "list_value"),
        ("iter([1.5, 2.5, 'x', 3.5])", "list_value"),
        ("iter([])", "list_value"),
    ):
        _, response = ask(iterating, start(iterating, code), max_items=9)
        assert response.items.WhichOneof("kind") == kind, code
        assert response.done
    _, response = ask(iterating, start(iterating, "iter([1, 2, 'x', None, 3])"), max_items=9)
    assert items_of(response) == [1, 2, "x", None, 3]


def test_an_exception_comes_after_the_items_before_it(iterating):
    failing = start(iterating, "fail_after(2)")
    frame, response = ask(iterating, failing, max_items=9)
    assert frame.flags == 0
    assert items_of(response) == [0, 1]
    assert response.outcome.exception.type == "KeyError"
    assert not response.done
    _, response = ask(iterating, start(iterating, "fail_after(0)"), max_items=9)
    assert not response.HasField("items")
    assert response.outcome.exception.type == "KeyError"


def test_a_return_value_comes_with_the_end(iterating):
    _, response = ask(iterating, start(iterating, "count(1, {'a': 1})"), max_items=9)
    assert (items_of(response), from_value(response.return_value)) == ([0], {"a": 1})
    frame, response = ask(iterating, start(iterating, "count(0, object())"))
    assert response.return_value.handle.id == frame.first_handle
    for code, value in (("Stop(['x'])", "x"), ("Stop([(1, 2)])", (1, 2))):
        _, response = ask(iterating, start(iterating, code), max_items=9)
        assert from_value(response.return_value) == value
    _, response = ask(iterating, start(iterating, "Stop([])"))
    assert response.done
    assert not response.HasField("return_value")


def test_what_can_not_be_iterated_raises(iterating):
    for target, begin, kind in (
        ("math:pi", True, "TypeError"),
        ("math:pi", False, "TypeError"),
        ("sys:path", False, "TypeError"),
        ("sys:nope", True, "AttributeError"),
    ):
        frame, response = ask(iterating, target, begin=begin)
        assert response.outcome.exception.type == kind
        assert (frame.flags, frame.handle_count, response.HasField("items")) == (0, 0, False)
    _, response = ask(iterating, start(iterating, "Hostile()"), begin=True)
    assert response.outcome.exception.message == "not today"


def test_objects_with_only_getitem_are_iterated(iterating):
    _, response = ask(iterating, start(iterating, "Old()"), begin=True, max_items=9)
    assert items_of(response) == [5, 6, 7]


def test_bounds_stop_between_two_items(iterating):
    blobs = start(iterating, "(b'x' * 1000 for _ in range(100))")
    _, response = ask(iterating, blobs, max_items=50, max_bytes=4500)
    assert len(items_of(response)) == 5
    numbers = start(iterating, "(float(n) for n in itertools.count())")
    _, response = ask(iterating, numbers, max_items=10**6, max_bytes=8000)
    assert len(items_of(response)) == 1000
    # 1 MiB when nothing is said.
    assert len(items_of(ask(iterating, numbers, max_items=10**6)[1])) == MIB // 8
    slow = start(iterating, "(__import__('time').sleep(0.01) for _ in itertools.count())")
    frame, response = ask(iterating, slow, max_items=10**6, max_time_s=0.05)
    assert frame.flags == frames.MORE
    assert 1 <= len(items_of(response)) <= 5
    assert len(items_of(ask(iterating, slow, max_items=2, max_time_s=0)[1])) == 1


def test_an_item_that_does_not_fit_becomes_a_handle(tag):
    with WorkerProcess(tag) as worker:
        worker.configure(message_bytes=MIB)
        worker.run(SETUP)
        large = start(worker, "(b'x' * 700_000 for _ in range(3))")
        _, response = ask(worker, large, max_items=9, max_bytes=1 << 40)
        kept = items_of(response)
        assert [type(item) is bytes for item in kept] == [True, False, False]
        assert response.done
        assert worker.call((kept[1], "__len__")) == 700_000
        # A tuple of more handles than a message can have is one handle.
        tuples = start(
            worker, "iter([(1, 2), tuple(object() for _ in range(70_000)), (3, object())])"
        )
        frame, response = ask(worker, tuples, max_items=9, max_bytes=1 << 40)
        small, whole, mixed = items_of(response)
        assert (small, mixed[0]) == ((1, 2), 3)
        assert (whole.id, mixed[1].id) == (frame.first_handle, frame.first_handle + 1)
        assert (frame.handle_count, whole.length) == (2, 70_000)
        # An exception without room says so, and the items before it are there.
        worker.run("def fail(): yield b'x' * 900_000; raise KeyError(*['y' * 60_000] * 9)")
        _, response = ask(worker, start(worker, "fail()"), max_items=9, max_bytes=1 << 40)
        assert len(items_of(response)[0]) == 900_000
        assert "KeyError was raised, which is too large" in response.outcome.exception.message


def test_more_numbers_than_elements_come_in_parts(iterating):
    many = start(iterating, "iter(range(1_000_010))")
    frame, response = ask(iterating, many, max_items=2 * 10**6, max_bytes=1 << 40)
    assert frame.flags == frames.MORE
    assert items_of(response) == list(range(1_000_000))
    assert items_of(ask(iterating, many, max_items=20)[1]) == list(range(1_000_000, 1_000_010))


def test_malformed_requests_name_the_field(iterating):
    request = message("NextRequest")(begin=True)
    with pytest.raises(FailedError) as refused:
        read(iterating, iterating.send(frames.NEXT, request))
    assert refused.value.metadata["field"] == "target"
    with pytest.raises(FailedError) as refused:
        ask(iterating, "sys:path", begin=True, max_time_s=-1)
    assert refused.value.metadata["field"] == "max_time"
    twice = message("NextRequest")()
    twice.target.module = "sys"
    with pytest.raises(FailedError) as refused:
        read(iterating, iterating.send(frames.NEXT, twice.SerializeToString() * 2))
    assert refused.value.metadata["field"] == "target"


@pytest.mark.parametrize("code", ["stuck()", "map(str, stuck())"])
def test_an_interrupted_iterator_is_dead_and_says_so(iterating, code):
    numbers = start(iterating, code)
    assert len(items_of(ask(iterating, numbers)[1])) == 1
    call_id = send(iterating, numbers)
    wait_until(lambda: "started" in iterating.output(), "the step starts")
    iterating.cancel(call_id)
    frame, response = read(iterating, call_id)
    assert frame.flags == frames.INTERRUPTED
    assert response.outcome.exception.type == "KeyboardInterrupt"
    _, response = ask(iterating, numbers)
    assert response.outcome.exception.type == "RuntimeError"
    assert "was interrupted" in response.outcome.exception.message
    for request in iterations(iterating, numbers):
        with pytest.raises(RaisedError, match="was interrupted"):
            request()
    # All else is as ever.
    assert iterating.call("builtins:str", numbers).startswith("<")
    assert iterating.get((numbers, "__class__"), want="str").startswith("<class")
    # Others are not.
    assert items_of(ask(iterating, start(iterating, "count()"))[1]) == [0]
    if "map" not in code:
        assert iterating.call((numbers, "close")) is None


def iterations(worker, iterator):
    return [
        lambda: worker.call((iterator, "__next__")),
        lambda: worker.call((iterator, "__iter__")),
        lambda: worker.call((iterator, "send"), None),
        lambda: worker.call((iterator, ""), steps=("__next__",)),
        lambda: worker.call("builtins:next", iterator),
        lambda: worker.call("builtins:list", iterator),
        lambda: worker.call("builtins:print", (1, iterator)),
    ]


def interrupt(worker, call_id):
    wait_until(lambda: "started" in worker.output(), "the call starts")
    worker.cancel(call_id)
    return worker.reply(call_id)


def test_an_object_that_also_has_next_survives_the_interrupt_of_another_method(iterating):
    parser = start(iterating, "Parser()")
    call_id = iterating.send(frames.CALL, iterating.request((parser, "slow")))
    assert interrupt(iterating, call_id).flags == frames.INTERRUPTED
    assert iterating.call((parser, "ping")) == "pong"
    assert iterating.call("builtins:str", parser) == "a parser"
    assert iterating.call("builtins:next", parser) == 1


@pytest.mark.parametrize("how", ["Next", "__next__", "argument"])
def test_an_object_whose_next_was_interrupted_is_dead_as_an_iterator_only(iterating, how):
    parser = start(iterating, "Parser()")
    assert items_of(ask(iterating, parser)[1]) == [1]
    if how == "Next":
        call_id = send(iterating, parser)
    elif how == "__next__":
        call_id = iterating.send(frames.CALL, iterating.request((parser, "__next__")))
    else:
        call_id = iterating.send(frames.CALL, iterating.request("builtins:list", (parser,)))
    assert interrupt(iterating, call_id).flags == frames.INTERRUPTED
    assert ask(iterating, parser)[1].outcome.exception.type == "RuntimeError"
    assert ask(iterating, parser, begin=True)[1].outcome.exception.type == "RuntimeError"
    for request in iterations(iterating, parser):
        with pytest.raises(RaisedError, match="this Parser was interrupted"):
            request()
    assert iterating.call((parser, "ping")) == "pong"
    assert iterating.call((parser, "close")) == "closed"
    assert iterating.get((parser, "hangs")) is True
    assert iterating.get((parser, ""), want="str") == "a parser"
    for function, expected in (("str", "a parser"), ("bool", True)):
        assert iterating.call(f"builtins:{function}", parser) == expected


def test_pythons_own_iterators_are_dead_wherever_the_interrupted_call_had_them(iterating):
    stubborn = start(iterating, "stubborn()")
    assert items_of(ask(iterating, stubborn)[1]) == [1]
    call_id = iterating.send(frames.CALL, iterating.request((stubborn, "close")))
    interrupt(iterating, call_id)
    assert "was interrupted" in ask(iterating, stubborn)[1].outcome.exception.message


def test_an_async_generator_that_an_interrupted_call_was_given_is_dead(iterating):
    ticks, slow = start(iterating, "ticks()"), start(iterating, "lambda it: list(endless())")
    interrupt(iterating, iterating.send(frames.CALL, iterating.request((slow, ""), (ticks,))))
    for name in ("__anext__", "__aiter__"):
        with pytest.raises(RaisedError, match="async_generator was interrupted"):
            iterating.call((ticks, name))
    iterating.get((ticks, "ag_frame"))


def test_an_iterator_that_an_interrupted_call_was_given_is_dead(iterating):
    numbers, rows = start(iterating, "count()"), start(iterating, "[object()]")
    code = "lambda numbers, rows: (next(numbers), list(endless()))"
    call_id = iterating.send(
        frames.CALL, iterating.request((start(iterating, code), ""), (numbers, rows))
    )
    wait_until(lambda: "started" in iterating.output(), "the call starts")
    iterating.cancel(call_id)
    assert iterating.reply(call_id).flags == frames.INTERRUPTED
    with pytest.raises(RaisedError, match="generator was interrupted"):
        iterating.call((numbers, "__next__"))
    # What is no iterator is as before, and so are files, which lose nothing.
    assert len(items_of(ask(iterating, rows, begin=True)[1])) == 1
    lines, function = start(iterating, "File('/dev/null')"), start(iterating, code)
    numbers = start(iterating, "count()")
    call_id = iterating.send(frames.CALL, iterating.request((function, ""), (numbers, lines)))
    wait_until(lambda: iterating.output().count("started") == 2, "the call starts")
    iterating.cancel(call_id)
    iterating.reply(call_id)
    assert iterating.call((lines, "read")) == b""
