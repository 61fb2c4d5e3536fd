"""TryImport: whether a module loads, and what kind of failure it is if not."""

import signal

import frames
import pytest
from caller import FailedError
from environments import known_environments
from host_process import HOST_TAGS, HostProcess
from protocol import message

LOADED, INCOMPATIBLE, FAILED = 1, 2, 3


@pytest.fixture
def modules(tmp_path):
    (tmp_path / "good.py").write_text("value = 1\n")
    (tmp_path / "broken.py").write_text("1 / 0\n")
    (tmp_path / "leaving.py").write_text("raise SystemExit(3)\n")
    (tmp_path / "needs.py").write_text("import no_such_module_at_all\n")
    wraps = (
        "def load():\n  raise ImportError({!r})\n"
        "try:\n  load()\nexcept ImportError as error:\n  raise {}\n"
    )
    said = "module x._c does not support loading in subinterpreters"
    (tmp_path / "wraps_it.py").write_text(wraps.format(said, "ImportError('numpy?') from error"))
    (tmp_path / "hides_it.py").write_text(wraps.format(said, "RuntimeError('no') from None"))
    (tmp_path / "other.py").write_text(wraps.format("libx.so.1: cannot open", "ImportError('x')"))
    once = "cannot load module more than once per process"
    (tmp_path / "once.py").write_text(f"raise ImportError({once!r})\n")
    panic = "class PanicException(BaseException): pass\nraise PanicException({!r})\n"
    said = "module 'datetime' has no attribute 'datetime_CAPI'"
    (tmp_path / "panics.py").write_text(panic.format(said))
    return tmp_path


def test_it_loads_or_says_what_failed(opened, modules):
    worker = opened(install_paths=[str(modules)])
    for name in ("good", "math", "concurrent.futures", "good"):
        found = worker.try_import(name)
        assert (found.verdict, found.reason) == (LOADED, "")
        assert found.outcome.value.WhichOneof("kind") == "none"
    assert worker.get("good:value") == 1
    for name, kind, text in (
        ("missing", "ModuleNotFoundError", "No module named 'missing'"),
        ("good.missing", "ModuleNotFoundError", "'good' is not a package"),
        ("needs", "ModuleNotFoundError", "no_such_module_at_all"),
        ("broken", "ZeroDivisionError", "division by zero"),
        ("leaving", "SystemExit", "3"),
        ("other", "ImportError", "x"),
    ):
        found = worker.try_import(name)
        assert found.verdict == FAILED
        assert found.outcome.exception.type == kind
        assert text in found.outcome.exception.message
        assert found.reason.startswith(f"{kind}: ")
        assert text in found.reason


def test_an_incompatible_extension_is_seen_through_what_wraps_it(opened, modules):
    worker = opened(install_paths=[str(modules)])
    said = dict.fromkeys(("wraps_it", "hides_it"), "does not support loading in subinterpreters")
    said["once"] = "more than once per process"
    said["panics"] = "datetime_CAPI"
    for name in said:
        found = worker.try_import(name)
        assert found.verdict == INCOMPATIBLE
        assert found.outcome.exception.type
        assert found.reason.startswith("ImportError: ")
        assert said[name] in found.reason


@pytest.mark.parametrize(
    "name", ["a b", "x; import os", "a/b", "é", "__import__('os')", "os\n", "x" * 5000]
)
def test_strange_names_are_modules_that_do_not_exist(worker, name):
    found = worker.try_import(name)
    assert found.verdict == FAILED
    assert found.outcome.exception.type in ("ModuleNotFoundError", "OSError")


@pytest.mark.parametrize("name", ["", ".", ".os", "../etc", "os.", "a..b", "a\0b"])
def test_what_is_no_module_name_is_refused(worker, name):
    with pytest.raises(FailedError) as failed:
        worker.try_import(name)
    assert failed.value.reason == "INVALID_REQUEST"
    assert failed.value.metadata["field"] == "module"


HOSTED = {name: each for name, each in known_environments().items() if each[0] in HOST_TAGS}


@pytest.mark.parametrize("name", sorted(HOSTED) or ["none"])
def test_numpy_is_told_to_be_incompatible_unless_it_ends_the_process(name):
    if name == "none":
        pytest.skip("no environment of numpy for a Python that hosts interpreters")
    tag, path = HOSTED[name]
    with HostProcess(tag) as host:
        interpreter = host.configure().open(install_paths=[path])
        interpreter.send(frames.TRY_IMPORT, message("TryImportRequest")(module="numpy"))
        reply = interpreter.calls.receive()
        if reply is None:
            # numpy 2.2 with 3.13.
            assert host.process.wait(10) == -signal.SIGABRT
            assert interpreter.page(72) == 1
        else:
            found = message("TryImportResponse").FromString(reply.payload)
            assert found.verdict == INCOMPATIBLE
