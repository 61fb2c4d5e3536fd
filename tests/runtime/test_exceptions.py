"""What user code raises, as it is told."""

import pytest
from caller import RaisedError, from_value
from protocol import message
from worker_process import WorkerProcess


def raised_by(worker, code):
    with pytest.raises(RaisedError) as raised:
        worker.run(code)
    return raised.value.remote


def test_type_message_arguments_and_frames(tag, tmp_path):
    source = tmp_path / "faulty.py"
    source.write_text(
        "class Odd(KeyError):\n  pass\n\ndef inner():\n  raise Odd('k', [1])\n\n"
        "def outer():\n  inner()\n"
    )
    with WorkerProcess(tag) as worker:
        worker.configure(install_paths=[str(tmp_path)])
        with pytest.raises(RaisedError) as raised:
            worker.call("faulty:outer")
    remote = raised.value.remote
    assert (remote.module, remote.type) == ("faulty", "Odd")
    assert list(remote.mro) == [
        "faulty.Odd",
        "builtins.KeyError",
        "builtins.LookupError",
        "builtins.Exception",
        "builtins.BaseException",
        "builtins.object",
    ]
    assert remote.message == "('k', [1])"
    assert [from_value(arg) for arg in remote.args] == ["k", [1]]
    assert [(f.file, f.line, f.function, f.source) for f in remote.frames] == [
        (str(source), 8, "outer", "inner()"),
        (str(source), 5, "inner", "raise Odd('k', [1])"),
    ]
    assert remote.traceback.startswith("Traceback (most recent call last):\n")
    assert remote.traceback.endswith("faulty.Odd: ('k', [1])\n")
    assert "worker_main" not in remote.traceback


def test_an_exception_of_a_builtin_has_no_frames(worker):
    with pytest.raises(RaisedError) as raised:
        worker.call("math:sqrt", -1.0)
    assert raised.value.remote.type == "ValueError"
    assert not raised.value.remote.frames


@pytest.mark.parametrize(
    "code",
    [
        "raise SystemExit(3)",
        "raise KeyboardInterrupt",
        "raise GeneratorExit",
        "import sys; sys.exit('bye')",
    ],
)
def test_exits_stay_inside(worker, code):
    remote = raised_by(worker, code)
    assert "builtins.BaseException" in remote.mro
    assert worker.call("math:hypot", 3.0, 4.0) == 5.0


def test_cause_and_context(worker):
    remote = raised_by(worker, "try:\n  1 / 0\nexcept Exception as e:\n  raise KeyError(1) from e")
    assert remote.cause.type == "ZeroDivisionError"
    assert remote.suppress_context
    remote = raised_by(worker, "try:\n  1 / 0\nexcept Exception:\n  raise KeyError(1)")
    assert remote.context.type == "ZeroDivisionError"
    assert not remote.HasField("cause")
    remote = raised_by(worker, "try:\n  1 / 0\nexcept Exception:\n  raise KeyError(1) from None")
    assert not remote.HasField("context")


def test_chains_are_cut(worker):
    code = "e = None\nfor i in range(100):\n  n = ValueError(i); n.__cause__ = e; e = n\nraise e"
    remote = raised_by(worker, code)
    depth = 0
    while remote.HasField("cause"):
        remote, depth = remote.cause, depth + 1
    assert depth == 15


def test_notes_and_groups(worker):
    if worker.hello.python.startswith("3.10."):
        pytest.skip("Python 3.10 has neither")
    remote = raised_by(
        worker,
        "e = ExceptionGroup('g', [ValueError(1), TypeError(2)])\ne.add_note('look here'); raise e",
    )
    assert list(remote.notes) == ["look here"]
    assert [member.type for member in remote.group] == ["ValueError", "TypeError"]
    assert "look here" in remote.traceback


def test_arguments_that_are_no_data_become_names(worker):
    remote = raised_by(worker, "raise ValueError(object(), 1)")
    assert [from_value(arg) for arg in remote.args] == ["builtins.object", 1]


def test_an_exception_that_cannot_be_printed(worker):
    remote = raised_by(worker, "class Bad(Exception):\n  def __str__(self): raise Bad\nraise Bad")
    assert remote.type == "Bad"
    assert remote.message == ""


def test_deep_recursion_and_no_memory(worker):
    remote = raised_by(worker, "def f(): f()\nf()")
    assert remote.type == "RecursionError"
    assert 0 < len(remote.frames) <= 256
    remote = raised_by(worker, "x = 'a' * 2**60")
    assert remote.type in ("MemoryError", "OverflowError")
    assert worker.call("math:hypot", 3.0, 4.0) == 5.0


def test_a_long_traceback_keeps_its_end(worker):
    remote = raised_by(worker, "raise ValueError('x' * 200_000 + 'the end')")
    assert len(remote.traceback.encode()) <= 64 << 10
    assert remote.traceback.rstrip().endswith("the end")


def test_text_with_surrogates_is_escaped(worker):
    remote = raised_by(worker, r"raise ValueError('\ud800')")
    assert remote.message == r"\ud800"
    assert message("Value").FromString(remote.args[0].SerializeToString()).raw_string_value


def test_arguments_are_plain_data_or_a_name(worker):
    worker.run("import array, datetime")
    code = "raise KeyError(datetime.date(2024, 5, 6), array.array('d'), [len], (1, 'a'))"
    first, second, third, fourth = raised_by(worker, code).args
    assert first.ext.type == "datetime.date"
    assert (second.string_value, third.string_value) == ("array.array", "builtins.list")
    assert [item.WhichOneof("kind") for item in fourth.tuple_value.items] == [
        "int_value",
        "string_value",
    ]
