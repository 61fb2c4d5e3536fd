"""Sub-interpreters in shared hosts: what they run, what ends them, and who else is hit by it."""

import threading
import time

import pytest
from daemon_process import descendants, wait_for_end, wait_until
from grpcurl import RpcError
from interpreters import MINORS, PROCESS, SUBINTERPRETER

WHO = "import os, sys\nresult = [os.getpid(), sys.version_info[:2]]"
BUSY = "while True:\n    pass"
# An interrupt reaches bytecode only.
DEAF = "import time\ntime.sleep(60)"


class Background:
    """A request that runs meanwhile; `result()` is its response, or its RpcError."""

    def __init__(self, interpreters, **request):
        self._outcome = None
        self._thread = threading.Thread(target=self._run, args=(interpreters, request))
        self._thread.start()

    def _run(self, interpreters, request):
        try:
            self._outcome = interpreters.rpc("Execute", **request)
        except RpcError as error:
            self._outcome = error

    def result(self):
        self._thread.join()
        return self._outcome


def wait_until_running(interpreters, session):
    def running():
        workers = interpreters.rpc("ListWorkers")["workers"]
        return [each for each in workers if each.get("session") == session and "running" in each]

    return wait_until(running, "the call runs")


@pytest.mark.parametrize("minor", MINORS)
def test_interpreters_share_a_process_and_nothing_else(interpreters, minor):
    environment = f"purelib-{minor}"
    first, second = interpreters.open(environment), interpreters.open(environment)
    assert first["worker"]["isolation"] == SUBINTERPRETER
    major_minor = [int(part) for part in minor.split(".")]
    pid, version = interpreters.execute(first, WHO)
    assert [pid, version] == interpreters.execute(second, WHO)
    assert (pid, version) == (first["worker"]["pid"], major_minor)
    interpreters.execute(first, "import purelib\npurelib.mark = 1")
    code = "import purelib\nresult = [purelib.add(1, 2), hasattr(purelib, 'mark')]"
    assert interpreters.execute(first, code) == [3, True]
    assert interpreters.execute(second, code) == [3, False]
    listed = interpreters.rpc("ListWorkers")["workers"]
    assert {each["isolation"] for each in listed} == {SUBINTERPRETER}
    sessions = interpreters.rpc("ListSessions")["sessions"]
    assert {each["isolation"] for each in sessions} == {SUBINTERPRETER}
    assert SUBINTERPRETER in interpreters.rpc("GetServerInfo")["isolation_kinds"]


@pytest.mark.parametrize("isolation", [PROCESS, SUBINTERPRETER])
@pytest.mark.parametrize("minor", MINORS)
def test_source_text_runs_on_both_kinds(interpreters, minor, isolation):
    request = {"environment": interpreters.need(f"purelib-{minor}"), "isolation": isolation}
    code = "import purelib\nresult = {'sum': purelib.add(20, 22), 'none': None}"
    ran = interpreters.rpc("Execute", code=code, **request)
    assert ran["outcome"] == {"json": {"sum": 42, "none": None}}
    raised = interpreters.rpc("Execute", code="result = {}['k']", **request)
    assert raised["outcome"]["exception"]["type"] == "KeyError"
    error = interpreters.error("Execute", code="result = [0, {'x': object()}]", **request)
    assert (error.reason, error.info["metadata"]["path"]) == ("NOT_BY_VALUE", 'result[1]["x"]')


@pytest.mark.parametrize("isolation", [PROCESS, SUBINTERPRETER])
@pytest.mark.parametrize("minor", MINORS)
def test_modules_are_tried_on_both_kinds(interpreters, minor, isolation):
    request = {"environment": interpreters.need(f"purelib-{minor}"), "isolation": isolation}
    assert interpreters.rpc("TryImport", module="purelib", **request)["verdict"] == (
        "IMPORT_VERDICT_LOADED"
    )
    missing = interpreters.rpc("TryImport", module="nope", **request)
    assert missing["verdict"] == "IMPORT_VERDICT_FAILED"
    assert missing["reason"] == "ModuleNotFoundError: No module named 'nope'"
    assert missing["outcome"]["exception"]["type"] == "ModuleNotFoundError"


@pytest.mark.parametrize("minor", MINORS)
def test_a_busy_loop_is_stopped_beside_a_neighbour(interpreters, minor):
    busy, neighbour = (interpreters.open(f"purelib-{minor}") for _ in range(2))
    interpreters.execute(busy, "import purelib\npurelib.mark = 7")
    loop = Background(interpreters, session=busy["session"], code=BUSY, timeout="2s")
    wait_until_running(interpreters, busy["session"])
    assert interpreters.execute(neighbour, "result = 1") == 1
    assert loop.result().reason == "DEADLINE_EXPIRED_RUNNING"
    code = "import os, purelib\nresult = [os.getpid(), purelib.mark]"
    assert interpreters.execute(busy, code) == [neighbour["worker"]["pid"], 7]


@pytest.mark.parametrize("minor", MINORS)
def test_what_must_be_killed_takes_its_neighbours_along(interpreters, minor):
    deaf, neighbour = (interpreters.open(f"purelib-{minor}") for _ in range(2))
    interpreters.rpc("Import", session=neighbour["session"], module="purelib")
    waiting = Background(interpreters, session=neighbour["session"], code=DEAF)
    wait_until_running(interpreters, neighbour["session"])
    error = interpreters.error("Execute", session=deaf["session"], code=DEAF, timeout="0.3s")
    assert error.reason == "DEADLINE_EXPIRED_RUNNING"
    collateral = waiting.result()
    assert collateral.reason == "WORKER_CRASHED"
    assert collateral.info["metadata"]["collateral"] == "true"
    assert "may be retried" in collateral.message
    # Both sessions go on, with what they had imported.
    code = "import os, sys\nresult = [os.getpid(), 'purelib' in sys.modules]"
    pid, imported = interpreters.execute(neighbour, code)
    assert pid != neighbour["worker"]["pid"]
    assert imported
    assert interpreters.execute(deaf, "result = 2") == 2


CRASHES = [
    ("3.12", "import os\nos._exit(3)", {"exit_code": "3"}),
    ("3.13", "import os\nos._exit(3)", {"exit_code": "3"}),
    # ctypes loads in interpreters from 3.13 on.
    ("3.13", "import ctypes\nctypes.string_at(0)", {"signal": "11"}),
]


@pytest.mark.parametrize(("minor", "code", "how"), CRASHES)
def test_whoever_ends_the_process_is_told_from_the_others(interpreters, minor, code, how):
    guilty, neighbour = (interpreters.open(f"purelib-{minor}") for _ in range(2))
    waiting = Background(interpreters, session=neighbour["session"], code=DEAF)
    wait_until_running(interpreters, neighbour["session"])
    error = interpreters.error("Execute", session=guilty["session"], code=code)
    assert error.reason == "WORKER_CRASHED"
    metadata = error.info["metadata"]
    assert "collateral" not in metadata
    assert how.items() <= metadata.items()
    assert waiting.result().info["metadata"]["collateral"] == "true"
    assert interpreters.execute(guilty, "result = 3") == 3


@pytest.mark.parametrize("minor", MINORS)
def test_many_sessions_take_few_processes(interpreters, minor):
    hosts = set()
    for _ in range(100):
        opened = interpreters.open(f"purelib-{minor}")
        # A worker that ran nothing would serve the next session too.
        hosts.add(interpreters.execute(opened, WHO)[0])
        interpreters.rpc("CloseSession", session=opened["session"])
        assert len(descendants(interpreters.daemon.pid)) <= 3
    # Each is replaced after 16 closed interpreters.
    assert 100 / 16 - 1 < len(hosts) <= 10


@pytest.mark.parametrize("minor", MINORS)
def test_nothing_is_left_of_a_host(interpreters, minor):
    session = interpreters.open(f"purelib-{minor}")["session"]
    running = Background(interpreters, session=session, code=DEAF)
    wait_until_running(interpreters, session)
    children = descendants(interpreters.daemon.pid)
    assert children
    begun = time.monotonic()
    interpreters.daemon.signal(15)
    assert interpreters.daemon.wait() == 0
    assert time.monotonic() - begun < 20
    assert all(wait_for_end(pid) for pid in children)
    running.result()
