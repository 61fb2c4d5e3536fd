"""Values of every kind in a real worker: registered types, callables, and the wants."""

import pytest
from caller import FailedError, to_value
from protocol import message
from worker_process import WorkerProcess

MIB = 1 << 20


def ext(type_name, *fields):
    return message("Value")(
        ext={"type": type_name, "fields": [to_value(field) for field in fields]}
    )


def reference(module, path):
    return message("Value")(callable={"module": module, "path": path})


def kind_of(worker, target, *args, **options):
    return worker.call_outcome(target, *args, **options).value.WhichOneof("kind")


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (
            ext("datetime.datetime", "2024-05-06T07:08:09", ext("zoneinfo.ZoneInfo", "Etc/UTC")),
            "datetime.datetime(2024, 5, 6, 7, 8, 9, tzinfo=zoneinfo.ZoneInfo('Etc/UTC'))",
        ),
        (ext("decimal.Decimal", "1.10"), "decimal.Decimal('1.10')"),
        (ext("fractions.Fraction", 1, 3), "fractions.Fraction(1, 3)"),
        (
            ext("uuid.UUID", "12345678-1234-5678-1234-567812345678"),
            "uuid.UUID('12345678-1234-5678-1234-567812345678')",
        ),
        (ext("pathlib.PosixPath", "/a/b"), "pathlib.Path('/a/b')"),
    ],
)
def test_registered_types_go_both_ways(worker, value, code):
    # Its module may not be imported yet.
    _, _, name = value.ext.type.rpartition(".")
    assert worker.call("builtins:type", value, want="str").endswith(f"{name}'>")
    worker.run("import datetime, decimal, fractions, pathlib, uuid, zoneinfo")
    back = worker.call_outcome(
        "builtins:eval", code, worker.get("__main__:__dict__", want="handle")
    )
    assert back.value.ext.type == value.ext.type
    assert worker.call("operator:eq", back.value, value) is True


def test_a_callable_is_found_by_its_name(worker):
    assert worker.call(
        "builtins:list", worker.call("builtins:map", reference("builtins", "len"), ["ab", "c"])
    ) == [2, 1]
    key = reference("operator", "itemgetter")
    assert worker.call(
        "builtins:sorted", [3, -1, 2], kwargs={"key": reference("builtins", "abs")}
    ) == [-1, 2, 3]
    assert worker.call("operator:is_", key, worker.get("operator:itemgetter")) is True
    # Imported for it.
    assert worker.call("functools:reduce", reference("math", "gcd"), [12, 18, 27]) == 3


@pytest.mark.parametrize(
    ("module", "path", "word"),
    [
        ("numpy", "sqrt", "not a module of the standard library"),
        ("math", "sqare_root", "has no 'sqare_root'"),
        ("math", "pi", "not callable"),
    ],
)
def test_a_callable_that_is_none_is_a_bad_request(worker, module, path, word):
    with pytest.raises(FailedError) as refused:
        worker.call("builtins:map", reference(module, path), [1])
    assert refused.value.reason == "INVALID_REQUEST"
    assert refused.value.metadata["field"] == "args[0].callable"
    assert word in refused.value.failure.message


def test_callables_in_results_are_handles(worker):
    assert kind_of(worker, "builtins:len", kind=2) == "handle"
    for code in ("len", "[len]", "lambda: 1", "int"):
        assert kind_of(worker, "builtins:eval", code) == "handle"


def test_want_value_takes_arrays_along(worker):
    code = "{'a': [__import__('array').array('d', [1.5])], 'b': memoryview(b'xy')}"
    assert kind_of(worker, "builtins:eval", code) == "handle"
    for want in ("value", "copy"):
        made = worker.call_outcome("builtins:eval", code, want=want).value.dict_value.values
        assert made[0].list_value.items[0].tensor.typestr == "<f8"
        assert made[1].tensor.inline == b"xy"


def test_the_offender_is_named(worker):
    worker.run("class Row: pass")
    worker.run("table = {'rows': [1, 2, 3, Row()]}")
    for want in ("value", "copy"):
        with pytest.raises(FailedError) as refused:
            worker.get("__main__:table", want=want)
        assert refused.value.reason == "NOT_BY_VALUE"
        assert refused.value.failure.message == "$.rows[3]: __main__.Row is not by value"


def test_want_copy_of_what_is_too_large_is_one_handle(tag):
    with WorkerProcess(tag) as worker:
        worker.configure(message_bytes=MIB)
        for code in (
            "b'x' * (1 << 21)",
            "['x' * 1000] * 2000",
            "[[1.0] * 100_000, [1.0] * 100_000]",
            "(b'x' * (1 << 21), 1)",
            "memoryview(bytes(1 << 20))",
            # Fits, but not with what a reply has beside it.
            "b'x' * ((1 << 20) - 2000)",
        ):
            assert kind_of(worker, "builtins:eval", code, want="copy") == "handle"
        assert worker.call("builtins:eval", "b'x' * (1 << 19)", want="copy") == b"x" * (1 << 19)
        with pytest.raises(FailedError) as refused:
            worker.call("builtins:eval", "b'x' * (1 << 21)", want="value")
        assert refused.value.metadata["limit"] == "message_bytes"


def test_want_copy_of_too_many_elements_is_one_handle(worker):
    assert kind_of(worker, "builtins:eval", "[None] * (10**6 + 1)", want="copy") == "handle"
    worker.run("deep = []\nfor _ in range(50): deep = [deep]")
    with pytest.raises(FailedError) as refused:
        worker.get("__main__:deep", want="copy")
    assert refused.value.metadata["limit"] == "depth"


def test_a_want_nobody_knows_is_refused(worker):
    call = message("CallRequest")(want=9)
    call.target.module, call.target.path = "os", "getpid"
    with pytest.raises(FailedError) as refused:
        worker.outcome(worker.reply(worker.send(3, call)))
    assert refused.value.metadata["field"] == "want"


def test_auto_asks_nothing_of_the_result(worker):
    worker.run(
        "import datetime, decimal, pathlib, sys\n"
        "class Zone(datetime.tzinfo):\n"
        "    def utcoffset(self, when): raise SystemExit\n"
        "    tzname = dst = utcoffset\n"
        "class Loud(decimal.Decimal):\n"
        "    def __getattribute__(self, name): raise SystemExit\n"
        "    __str__ = __repr__ = __hash__ = __reduce_ex__ = __getattribute__\n"
        "things = [datetime.datetime(2024, 1, 1, tzinfo=Zone()), Loud(1)]\n"
    )
    assert kind_of(worker, "__main__:things", kind=2) == "handle"
    mixed = worker.call("builtins:tuple", worker.get("__main__:things"))
    assert [item.DESCRIPTOR.name for item in mixed] == ["Handle", "Handle"]
    worker.run("sys.modules['decimal'] = Zone(); plain = decimal.Decimal(1)")
    assert kind_of(worker, "__main__:plain", kind=2) == "handle"
