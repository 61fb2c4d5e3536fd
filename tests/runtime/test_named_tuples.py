"""Subclasses of tuple: one handle that carries its elements."""

import frames
import pytest
from caller import EPOCH, FailedError
from protocol import message
from worker_process import WorkerProcess

CLASSES = """
import collections
Pair = collections.namedtuple("Pair", "first second")
Many = collections.namedtuple("Many", [f"f{i}" for i in range(64)])
TooMany = collections.namedtuple("TooMany", [f"f{i}" for i in range(65)])
Single = collections.namedtuple("Single", "only")
class Subclass(Pair):
    @property
    def first(self): return 1 / 0
    def __repr__(self): return 1 / 0
    def __hash__(self): return 1 / 0
    def __eq__(self, other): return 1 / 0
class OwnIter(Pair):
    def __iter__(self): return 1 / 0
class OwnLen(Pair):
    def __len__(self): return 1 / 0
class OwnItem(Pair):
    def __getitem__(self, index): return 1 / 0
def doubled(times):
    pair = Pair(object(), 1)
    for _ in range(times): pair = Pair(pair, pair)
    return pair
"""


@pytest.fixture
def classes(worker):
    worker.run(CLASSES)
    return worker


def kinds(handle):
    return [item.WhichOneof("kind") for item in handle.items]


def count_handles(value):
    kind = value.WhichOneof("kind")
    if kind == "handle":
        return 1 + sum(map(count_handles, value.handle.items))
    if kind == "tuple_value":
        return sum(map(count_handles, value.tuple_value.items))
    return 0


def test_elements_are_results_of_their_own(classes):
    handle = classes.call(
        "builtins:eval", "Pair(object(), [1, 2])", classes.get("__main__:__dict__")
    )
    assert kinds(handle) == ["handle", "packed_ints"]
    assert handle.length == 2
    first = handle.items[0].handle
    assert first.id == handle.id + 1
    assert classes.call("builtins:type", first, want="str") == "<class 'object'>"


@pytest.mark.parametrize(
    ("code", "items"),
    [
        ("Subclass(1, 'x')", ["int_value", "string_value"]),
        ("OwnIter(1, 2)", []),
        ("OwnLen(1, 2)", []),
        ("OwnItem(1, 2)", []),
        ("Many(*range(64))", ["int_value"] * 64),
        ("TooMany(*range(65))", []),
        ("Single((1, object()))", ["tuple_value"]),
        ("__import__('time').gmtime(0)", ["int_value"] * 9),
    ],
)
def test_they_come_only_where_tuple_itself_answers(classes, code, items):
    assert kinds(classes.call("builtins:eval", code, classes.get("__main__:__dict__"))) == items


def test_a_handle_that_was_asked_for_comes_alone(classes):
    assert kinds(classes.call("__main__:Pair", 1, 2, want="handle")) == []


def test_all_ids_of_a_reply_are_consecutive_and_named_in_the_header(classes):
    code = "(Pair(Pair(object(), 1), object()), object())"
    request = classes.request("builtins:eval", (code, classes.get("__main__:__dict__")))
    reply = classes.reply(classes.send(frames.CALL, request))
    outer, last = classes.outcome(reply).value.tuple_value.items
    inner = outer.handle.items[0].handle
    ids = [outer.handle.id, inner.id, inner.items[0].handle.id]
    ids += [outer.handle.items[1].handle.id, last.handle.id]
    assert ids == list(range(reply.first_handle, reply.first_handle + 5))
    assert reply.handle_count == 5


def test_a_tree_that_doubles_at_each_level_fits(tag):
    with WorkerProcess(tag) as worker:
        worker.configure(message_bytes=1 << 20)
        worker.run(CLASSES)
        reply = worker.reply(worker.send(frames.CALL, worker.request("__main__:doubled", (60,))))
        value = worker.outcome(reply).value
        assert len(reply.payload) <= 1 << 20
        assert reply.handle_count == count_handles(value) > 1000


def test_elements_too_large_by_value_are_handles(classes):
    code = "Pair(bytes(10 << 20), bytes(10 << 20))"
    handle = classes.call("builtins:eval", code, classes.get("__main__:__dict__"))
    assert kinds(handle) == ["bytes_value", "handle"]


def test_elements_that_are_sent_back_are_ignored(classes):
    handle = classes.call("builtins:eval", "Pair(object(), 1)", classes.get("__main__:__dict__"))
    release = message("ReleaseRequest")(epoch=EPOCH, ids=[handle.items[0].handle.id])
    assert classes.reply(classes.send(frames.RELEASE, release)).status == 0
    request = classes.request("builtins:len")
    request.args.add().handle.CopyFrom(handle)
    assert classes.outcome(classes.reply(classes.send(frames.CALL, request))).value.int_value == 2
    released = classes.request("builtins:id")
    released.args.add().CopyFrom(handle.items[0])
    with pytest.raises(FailedError):
        classes.outcome(classes.reply(classes.send(frames.CALL, released)))
