"""Which Python and which isolation a request comes to, and why."""

import sys
import time

import pytest
from interpreters import AUTO, MINORS, PROCESS, SUBINTERPRETER


def describe(interpreters, environment, isolation):
    """Isolation, reason and Python of a session that is opened now."""
    worker = interpreters.open(environment, isolation)["worker"]
    return worker["isolation"], worker["isolation_reason"], worker["python"]


@pytest.mark.parametrize("minor", MINORS)
def test_auto_takes_an_interpreter_where_all_loads(interpreters, minor):
    expected = (SUBINTERPRETER, "its only module loads in a sub-interpreter")
    assert describe(interpreters, f"purelib-{minor}", AUTO)[:2] == expected
    # The same over a call that opens no session, and from memory.
    imported = interpreters.rpc(
        "Import", environment={"name": f"purelib-{minor}"}, module="purelib", isolation=AUTO
    )
    worker = imported["worker"]
    assert (worker["isolation"], worker["isolation_reason"]) == expected
    assert interpreters.daemon.log().count("modules tried in a sub-interpreter") == 1
    assert "isolation chosen" in interpreters.daemon.log()


def test_auto_takes_a_process_for_an_old_python(interpreters):
    isolation, reason, python = describe(interpreters, "purelib-3.11", AUTO)
    assert (isolation, reason) == (
        PROCESS,
        "Python 3.11 has no interpreters with a GIL of their own",
    )
    assert python.startswith("3.11.")


def test_auto_takes_a_process_for_what_cannot_load(interpreters):
    # numpy for a Python with sub-interpreters.
    isolation, reason, _ = describe(interpreters, "other", AUTO)
    assert isolation == PROCESS
    assert reason.startswith("numpy: ")
    code = "import numpy\nresult = int(numpy.arange(4).sum())"
    ran = interpreters.rpc("Execute", environment={"name": "other"}, code=code, isolation=AUTO)
    assert ran["outcome"]["json"] == 6


def test_an_incompatible_module_harms_no_session(interpreters):
    opened = interpreters.open("other")
    error = interpreters.error("Import", session=opened["session"], module="numpy")
    assert error.reason == "CEXT_INCOMPATIBLE"
    assert error.info["metadata"]["module"] == "numpy"
    assert error.info["metadata"]["why"]
    tried = interpreters.rpc("TryImport", session=opened["session"], module="numpy")
    assert tried["verdict"] == "IMPORT_VERDICT_CEXT_INCOMPATIBLE"
    assert tried["reason"] == error.info["metadata"]["why"]
    pid = interpreters.execute(opened, "import os\nresult = os.getpid()")
    assert pid == opened["worker"]["pid"]


def test_an_explicit_interpreter_may_change_the_python(interpreters):
    kinds = interpreters.rpc("GetServerInfo")["isolation_kinds"]
    if SUBINTERPRETER not in kinds:
        pytest.skip("no Python with sub-interpreters")
    isolation, reason, python = describe(interpreters, "purelib-3.11", SUBINTERPRETER)
    assert (isolation, reason) == (SUBINTERPRETER, "asked for by the request")
    assert int(python.split(".")[1]) >= 12
    assert describe(interpreters, "purelib-3.11", PROCESS)[2].startswith("3.11.")


def test_without_a_python_the_error_says_what_is_there(start_daemon, tmp_path, grpcurl):
    if sys.version_info >= (3, 12):
        pytest.skip("this Python has sub-interpreters")
    lock = tmp_path / "envknit.lock.yaml"
    lock.write_text(
        f'environments:\n  here:\n    python: "{sys.executable}"\n'
        f'    packages: [{{name: none, version: "1", install_path: "{tmp_path}"}}]\n'
    )
    daemon = start_daemon("--lock", lock, environment={"PATH": f"{sys.base_prefix}/bin"})
    daemon.wait_until_ready()
    request = {"environment": {"name": "here"}, "isolation": SUBINTERPRETER}
    done = grpcurl.run(
        "-format-error",
        *("-d", str(request).replace("'", '"')),
        daemon.address,
        "envknit.v1.IsolationService/OpenSession",
    )
    assert '"code": 9' in done.stderr
    assert "RUNTIME_NOT_AVAILABLE" in done.stderr
    assert "sub-interpreters need Python 3.12 or newer" in done.stderr
    assert f"{sys.version_info[0]}.{sys.version_info[1]}." in done.stderr


@pytest.mark.parametrize("minor", MINORS)
def test_a_deadline_ends_a_call_that_waits_for_the_choice(interpreters, minor):
    environment = interpreters.need(f"sleepy-{minor}")
    begun = time.monotonic()
    error = interpreters.error(
        "Execute", environment=environment, code="result = 1", isolation=AUTO, timeout="1s"
    )
    assert error.reason == "DEADLINE_EXPIRED_QUEUED"
    opening = interpreters.error(
        "OpenSession", environment=environment, isolation=AUTO, start_timeout="1s"
    )
    assert opening.reason == "WORKER_UNAVAILABLE"
    # Long before the trial of "sleepy" is given up.
    assert time.monotonic() - begun < 20
