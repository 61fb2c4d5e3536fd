"""Calls, attributes, imports: what a well-formed request gets."""

import pytest
from caller import EPOCH, FailedError, RaisedError
from protocol import message
from worker_process import WorkerProcess


def test_hello_says_who_it_is(worker):
    assert worker.hello.protocol == 1
    assert worker.hello.pid == worker.process.pid
    assert worker.hello.soabi.startswith("cpython-3")
    assert worker.hello.python == worker.get("sys:version").split()[0]


def test_a_call_answers_with_its_value(worker):
    assert worker.call("math:hypot", 3.0, 4.0) == 5.0
    assert worker.call("builtins:sorted", [3, 1, 2], kwargs={"reverse": True}) == [3, 2, 1]
    assert worker.call("builtins:dict", kwargs={"a": 1}) == {"a": 1}
    assert worker.call("builtins:dict", kwargs={"": 1, "b": 2}) == {"": 1, "b": 2}
    assert worker.call("os.path:join", "a", "b") == "a/b"


def test_the_page_says_what_was_read_and_finished(worker):
    worker.call("math:hypot", 3.0, 4.0)
    assert worker.page(0).to_bytes(8, "little") == b"ENVKPAGE"
    assert [worker.page(offset) for offset in (8, 16, 40, 48)] == [EPOCH, 0, 1, 1]


def test_attributes_and_steps(worker):
    assert worker.get("math:pi") == pytest.approx(3.14159, abs=1e-4)
    worker.run("import types; box = types.SimpleNamespace(rows=[{'a.b': 7}])")
    assert worker.get("__main__:box", steps=("rows", (0,), ("a.b",))) == 7


def test_the_module_is_imported_by_the_call(worker):
    assert "colorsys" not in worker.call("builtins:list", worker.get("sys:modules", want="handle"))
    assert worker.call("colorsys:rgb_to_hsv", 0.0, 0.0, 0.0) == (0.0, 0.0, 0.0)


def test_user_code_sees_a_clean_interpreter(worker):
    assert worker.call("builtins:sorted", worker.get("__main__:__dict__", want="handle")) == [
        "__builtins__",
        "__doc__",
        "__loader__",
        "__name__",
        "__package__",
        "__spec__",
    ]
    assert worker.get("sys:argv") == [""]
    path = worker.get("sys:path")
    assert all("site-packages" not in entry for entry in path)
    assert any(entry.endswith("lib-dynload") for entry in path)


def test_install_paths_come_first(tag, tmp_path):
    (tmp_path / "colorsys.py").write_text("answer = 42\n")
    with WorkerProcess(tag) as worker:
        worker.configure(install_paths=[str(tmp_path)])
        assert worker.get("colorsys:answer") == 42
        assert worker.get("sys:path")[0] == str(tmp_path)


@pytest.mark.parametrize(
    ("want", "expected"), [("str", "[1, (2, 'x')]"), ("none", None), ("value", [1, (2, "x")])]
)
def test_wants(worker, want, expected):
    assert worker.call("builtins:list", [1, (2, "x")], want=want) == expected


def test_want_handle_of_plain_data(worker):
    handle = worker.call("builtins:list", [1, 2], want="handle")
    assert handle.epoch == EPOCH
    assert handle.length == 2
    assert worker.call((handle, "index"), 2) == 1


def test_want_value_names_what_is_not(worker):
    worker.run("import types; rows = {'rows': [1, types.SimpleNamespace()]}")
    with pytest.raises(FailedError) as refused:
        worker.get("__main__:rows", want="value")
    assert refused.value.reason == "NOT_BY_VALUE"
    assert refused.value.metadata["path"] == "$.rows[1]"
    assert refused.value.metadata["type"] == "types.SimpleNamespace"


def test_want_tensor_of_a_buffer(worker):
    tensor = worker.call("array:array", "d", [1.0, 2.0], want="tensor")
    assert (tensor.typestr, list(tensor.shape)) == ("<f8", [2])
    with pytest.raises(FailedError) as refused:
        worker.call("builtins:int", want="tensor")
    assert refused.value.reason == "NOT_BY_VALUE"


def test_json_both_ways(worker):
    made = message("CallRequest")()
    made.target.module, made.target.path = "builtins", "divmod"
    made.json_args.extend([7, 2])
    made.want = 6
    outcome = worker.outcome(worker.reply(worker.send(3, made)))
    assert list(outcome.json.list_value) == [3, 1]
    made.target.path = "dict"
    made.json_args.Clear()
    made.json_kwargs.update({"a": [True, None, "x", 0.5]})
    outcome = worker.outcome(worker.reply(worker.send(3, made)))
    assert list(outcome.json.struct_value["a"]) == [True, None, "x", 0.5]


def test_json_refuses_what_it_cannot_hold(worker):
    for code, path in [("2**53 + 1", "$"), ("[1, float('nan')]", "$[1]"), ("{'a': b'x'}", "$.a")]:
        with pytest.raises(FailedError) as refused:
            worker.call("builtins:eval", code, want="json")
        assert refused.value.reason == "NOT_BY_VALUE"
        assert refused.value.metadata["path"] == path


def test_import_describes_the_module(worker):
    module = worker.import_module("xml")
    assert module.name == "xml"
    assert module.file.endswith("__init__.py")
    worker.import_module("xml.etree.ElementTree")
    module = worker.import_module("xml.etree")
    element_tree = next(sub for sub in module.submodules if sub.path == "ElementTree")
    kinds = {name.name: name.kind for name in element_tree.names}
    assert kinds["Element"] == 2
    assert kinds["parse"] == 3
    assert kinds["VERSION"] == 4


def test_import_looks_into_dicts_only(tag, tmp_path):
    (tmp_path / "tricky.py").write_text(
        "import os\nasked = []\n"
        "def __getattr__(name):\n    asked.append(name)\n    raise AttributeError(name)\n"
        "class Loud:\n    def __getattribute__(self, name):\n        asked.append(name)\n"
        "loud = Loud()\n__version__ = Loud()\n_hidden = 1\n"
    )
    with WorkerProcess(tag) as worker:
        worker.configure(install_paths=[str(tmp_path)])
        module = worker.import_module("tricky")
        assert {name.name for name in module.names} == {"os", "asked", "Loud", "loud"}
        assert module.version == ""
        assert not module.submodules
        assert worker.get("tricky:asked") == []


def test_an_import_that_fails_is_an_outcome(worker):
    with pytest.raises(RaisedError) as raised:
        worker.import_module("no_such_module")
    assert raised.value.remote.type == "ModuleNotFoundError"
    with pytest.raises(FailedError) as refused:
        worker.import_module("..x")
    assert refused.value.metadata["field"] == "module"


def test_output_is_flushed_before_the_reply(worker):
    worker.call("builtins:print", "no newline", kwargs={"end": ""})
    assert worker.output().endswith("no newline")
    worker.run("import sys; sys.stdout.write('out'); sys.stderr.write('err')")
    assert "out" in worker.output()
    assert "err" in worker.output()


def test_a_replaced_or_closed_stdout_does_no_harm(worker):
    worker.run("import sys, io; sys.stdout = io.StringIO(); print('hidden')")
    worker.run("sys.stdout.close()")
    worker.run("sys.stdout = None")
    assert worker.call("math:hypot", 3.0, 4.0) == 5.0
