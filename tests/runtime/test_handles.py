"""Objects that stay in the worker: ids, identity, sessions, release, types."""

import frames
import pytest
from caller import EPOCH, FailedError, wait_until
from protocol import message
from worker_process import WorkerProcess

CAPABILITIES = (
    message("TypeInfo").DESCRIPTOR.fields_by_name["capabilities"].enum_type.values_by_name
)
CLASSES = """
import weakref
class Base:
    def greet(self): return "hello"
    @classmethod
    def make(cls): return cls()
    @staticmethod
    def two(): return 2
    @property
    def data(self): return 1 / 0
    _hidden = print
    size = 3
class Row(Base):
    def __init__(self): self.items = [1, 2, 3]
    def __len__(self): return 1 / 0
    def __getitem__(self, i): return self.items[i]
    def __add__(self, other): return NotImplemented
    __hash__ = None
class Meta(type):
    def __len__(cls): return 9
class Counted(metaclass=Meta):
    def __len__(self): return 1
row = Row()
"""


def type_info(outcome):
    assert len(outcome.types) == 1
    return outcome.types[0]


def capabilities(info):
    names = {value.number: name for name, value in CAPABILITIES.items()}
    return {names[number].removeprefix("CAPABILITY_") for number in info.capabilities}


@pytest.fixture
def classes(worker):
    worker.run(CLASSES)
    return worker


def test_a_released_handle_is_expired(classes):
    handle = classes.get("__main__:row")
    for epoch in (EPOCH + 1, EPOCH):
        release = message("ReleaseRequest")(epoch=epoch, ids=[handle.id])
        reply = classes.reply(classes.send(frames.RELEASE, release))
        assert reply.status == 0
        assert reply.payload == b""
        if epoch != EPOCH:
            assert classes.call((handle, "greet")) == "hello"
    with pytest.raises(FailedError) as refused:
        classes.call((handle, "greet"))
    assert refused.value.reason == "HANDLE_EXPIRED"
    assert refused.value.metadata == {"handle": str(handle.id), "epoch": str(EPOCH)}


def test_a_handle_of_another_epoch_is_expired(classes):
    handle = classes.get("__main__:row")
    handle.epoch += 1
    with pytest.raises(FailedError) as refused:
        classes.call("builtins:id", handle)
    assert refused.value.reason == "HANDLE_EXPIRED"


def test_a_handle_of_another_session_is_refused(classes):
    handle = classes.get("__main__:row", session=1)
    with pytest.raises(FailedError) as refused:
        classes.call((handle, "greet"), session=2)
    assert refused.value.reason == "CROSS_WORKER"
    release = message("ReleaseRequest")(epoch=EPOCH, ids=[handle.id])
    classes.reply(classes.send(frames.RELEASE, release, session=2))
    assert classes.call((handle, "greet"), session=1) == "hello"


def test_end_session_drops_its_objects(classes):
    classes.run("refs = []; make = lambda: (refs.append(weakref.ref(r := Row())), r)[1]")
    classes.call("__main__:make", session=5)
    kept = classes.call("__main__:make", session=6)
    classes.reply(classes.send(frames.END_SESSION, session=5))
    classes.run("alive = [r() is not None for r in refs]", session=6)
    assert classes.get("__main__:alive", session=6) == [False, True]
    assert classes.call((kept, "greet"), session=6) == "hello"


def test_ids_are_fresh_consecutive_and_named_in_the_header(classes):
    request = classes.request("builtins:eval", ("(row, row, 3, [row], row)",))
    request.args.add().CopyFrom(message("Value")())
    request.args[1].handle.CopyFrom(classes.get("__main__:__dict__", want="handle"))
    reply = classes.reply(classes.send(frames.CALL, request))
    items = classes.outcome(reply).value.tuple_value.items
    handles = [item.handle for item in items if item.WhichOneof("kind") == "handle"]
    assert reply.handle_count == 4
    assert [h.id for h in handles] == list(range(reply.first_handle, reply.first_handle + 4))
    assert handles[0].object_id == handles[1].object_id == handles[3].object_id
    assert handles[0].object_id != handles[2].object_id
    assert handles[2].length == 1
    again = classes.reply(classes.send(frames.CALL, request))
    assert again.first_handle == reply.first_handle + 4


def test_ranges_release_what_is_there(classes):
    first = classes.get("__main__:row")
    last = classes.get("__main__:row")
    release = message("ReleaseRequest")(epoch=EPOCH)
    release.ranges.add(first_id=0, count=2**32 - 1)
    assert classes.reply(classes.send(frames.RELEASE, release)).status == 0
    for handle in (first, last):
        with pytest.raises(FailedError):
            classes.call((handle, "greet"))


def test_release_may_run_user_code(classes):
    classes.run(
        "class Loud:\n  def __del__(self): print('gone'); raise ValueError\nloud = [Loud()]"
    )
    handle = classes.call("__main__:loud.pop")
    release = message("ReleaseRequest")(epoch=EPOCH, ids=[handle.id])
    assert classes.reply(classes.send(frames.RELEASE, release)).status == 0
    assert "gone" in classes.output()


def test_an_argument_is_the_identical_object(classes):
    handle = classes.get("__main__:row")
    assert classes.call("operator:is_", handle, handle) is True
    assert classes.call("builtins:len", [handle, [handle]]) == 2


def test_the_type_is_told_once_a_session(classes):
    assert type_info(classes.call_outcome("__main__:Row", session=3)).name == "Row"
    assert not classes.call_outcome("__main__:Row", session=3).types
    assert type_info(classes.call_outcome("__main__:Row", session=4)).name == "Row"
    classes.reply(classes.send(frames.END_SESSION, session=3))
    assert type_info(classes.call_outcome("__main__:Row", session=3)).name == "Row"


def test_the_type_is_told_again_if_the_reply_may_be_lost(classes):
    past = classes.send(frames.CALL, classes.request("__main__:Row"), session=3, deadline_ns=1)
    assert type_info(classes.outcome(classes.reply(past))).name == "Row"
    assert type_info(classes.call_outcome("__main__:Row", session=3)).name == "Row"


def test_type_info_of_an_instance(classes):
    info = type_info(classes.call_outcome("__main__:row", kind=frames.GET_ATTR, session=2))
    assert (info.module, info.name, info.is_class) == ("__main__", "Row", False)
    assert list(info.mro) == ["__main__.Row", "__main__.Base", "builtins.object"]
    assert list(info.methods) == ["greet", "make", "two"]
    assert list(info.special_methods) == ["__add__", "__getitem__", "__len__"]
    assert capabilities(info) == {"SIZED", "SUBSCRIPT", "ITERABLE", "NUMBER"}


def test_length_is_told_only_if_it_runs_no_user_code(classes):
    assert not classes.get("__main__:row").HasField("length")
    assert classes.call("builtins:list", [1, 2], want="handle").length == 2
    classes.run("class Sub(list): pass\nclass Own(list):\n  def __len__(self): return 1 / 0")
    assert classes.call("__main__:Sub", [1]).length == 1
    assert not classes.call("__main__:Own", [1]).HasField("length")


def test_a_class_and_its_instances_have_types_of_their_own(classes):
    outcome = classes.call_outcome("__main__:Counted", kind=frames.GET_ATTR, session=2)
    info = type_info(outcome)
    assert info.is_class
    assert info.name == "Counted"
    assert list(info.special_methods) == ["__call__", "__len__"]
    handle = outcome.value.handle
    assert classes.call((handle, "__len__"), session=2) == 9
    instance = classes.call((handle, ""), session=2)
    assert instance.type_id != handle.type_id
    assert classes.call((instance, "__len__"), session=2) == 1


def test_not_implemented_crosses_as_such(classes):
    row = classes.get("__main__:row")
    assert classes.call((row, "__add__"), 1).type == "builtins.NotImplemented"


def test_a_list_with_one_object_is_one_handle(classes):
    classes.run("mixed = [1, 2, row]; deep = {'a': [(1, row)]}")
    assert classes.get("__main__:mixed").length == 3
    assert classes.get("__main__:deep").length == 1


def test_bad_targets_are_invalid_requests(worker):
    request = message("CallRequest")()
    for field in ("target", "target.path", "target.module", "target.handle"):
        request.Clear()
        if field == "target.path":
            request.target.module, request.target.path = "math", "a..b"
        elif field == "target.module":
            request.target.module = ".relative"
        elif field == "target.handle":
            request.target.handle.SetInParent()
        with pytest.raises(FailedError) as refused:
            worker.outcome(worker.reply(worker.send(frames.CALL, request)))
        assert refused.value.reason == "INVALID_REQUEST"
        assert refused.value.metadata["field"] == field


def test_bad_arguments_name_their_field(worker):
    value = message("Value")
    cases = [
        ("args[1]", lambda r: r.args.extend([value(int_value=1), value()])),
        ("args[0].list_value.items[0]", lambda r: r.args.add().list_value.items.add()),
        ("args[0].handle", lambda r: r.args.add().handle.SetInParent()),
        ("args[0].tensor", lambda r: r.args.add().tensor.SetInParent()),
        (
            "kwargs[0].dict_value",
            lambda r: r.kwargs.add(name="x").value.dict_value.keys.add().none.SetInParent(),
        ),
        ("kwargs", lambda r: [r.kwargs.add(name="x").value.none.SetInParent() for _ in "ab"]),
        ("json_args", lambda r: (r.args.add().none.SetInParent(), r.json_args.extend([1]))),
        ("want", lambda r: setattr(r, "want", 99)),
    ]
    for field, change in cases:
        request = worker.request("builtins:list")
        change(request)
        with pytest.raises(FailedError) as refused:
            worker.outcome(worker.reply(worker.send(frames.CALL, request)))
        assert refused.value.reason == "INVALID_REQUEST"
        assert refused.value.metadata["field"] == field


def test_the_page_says_how_many_are_held(classes):
    before = classes.page(64)
    handles = [classes.get("__main__:row", session=session) for session in (1, 2)]
    assert classes.page(64) == before + 2
    release = message("ReleaseRequest")(epoch=EPOCH, ids=[handles[0].id])
    for _ in range(2):
        classes.reply(classes.send(frames.RELEASE, release, session=1))
        assert classes.page(64) == before + 1
    classes.reply(classes.send(frames.END_SESSION, session=2))
    assert classes.page(64) == before


def test_a_session_holds_no_more_than_its_quota(tag):
    with WorkerProcess(tag) as worker:
        worker.configure(handles=3)
        worker.run("made = []; one = lambda: (made.append(1), object())[1]", session=9)
        others = worker.page(64)
        held = [worker.call("__main__:one", session=1) for _ in range(3)]
        with pytest.raises(FailedError) as refused:
            worker.call("__main__:one", session=1)
        assert refused.value.reason == "QUOTA_EXCEEDED"
        assert refused.value.metadata == {"limit": "3", "value": "4"}
        assert worker.get("__main__:made", session=1) == [1] * 4
        assert worker.page(64) == others + 3
        # Another session has its own, and what needs no handle is not refused.
        assert worker.call("__main__:one", session=2).id > held[-1].id
        assert worker.call("operator:is_", held[0], held[1], session=1) is False
        release = message("ReleaseRequest")(epoch=EPOCH, ids=[held[0].id])
        worker.reply(worker.send(frames.RELEASE, release, session=1))
        worker.call("__main__:one", session=1)
        worker.reply(worker.send(frames.END_SESSION, session=1))
        with pytest.raises(FailedError) as refused:
            worker.call("builtins:eval", "(object(), object(), object(), object())", session=1)
        assert refused.value.metadata == {"limit": "3", "value": "4"}
        assert worker.page(64) == others + 1


def test_nothing_of_a_refused_reply_stays_held(tag):
    with WorkerProcess(tag) as worker:
        worker.configure(handles=1)
        worker.run(
            "import weakref\nclass Thing: pass\nrefs = []\n"
            "def pair():\n  made = Thing(), Thing()\n  refs.extend(map(weakref.ref, made))\n"
            "  return made\ndef alive(): return [r() is not None for r in refs]",
            session=9,
        )
        with pytest.raises(FailedError) as refused:
            worker.call("__main__:pair")
        assert refused.value.reason == "QUOTA_EXCEEDED"
        assert worker.call("__main__:alive") == [False, False]


def test_a_failed_reply_gives_no_handles(classes):
    classes.run("big = (row, 'x' * 10)")
    with pytest.raises(FailedError):
        classes.get("__main__:big", want="value")
    classes.run("refs = __import__('sys').getrefcount(row)")
    assert classes.get("__main__:refs") == 3  # The name, the tuple, the argument.


def test_an_explicit_want_over_the_limit_is_refused(tag):
    with WorkerProcess(tag) as worker:
        worker.configure(message_bytes=1 << 20)
        handle = worker.call("builtins:bytes", 2 << 20)
        assert handle.length == 2 << 20
        call_id = worker.send(frames.CALL, worker.request((handle, "upper"), want="value"))
        reply = worker.reply(call_id)
        assert reply.flags == frames.TRUNCATED
        with pytest.raises(FailedError) as refused:
            worker.outcome(reply)
        assert refused.value.reason == "LIMIT_EXCEEDED"
        assert refused.value.metadata["limit"] == "message_bytes"
        wait_until(lambda: worker.call("math:hypot", 3.0, 4.0) == 5.0, "the next call works")
