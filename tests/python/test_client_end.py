"""However a client ends, nothing that it started is left."""

import os
import signal

import pytest
from conftest import is_running, wait_until

START = """
from envknit.isolation import worker
with envknit.worker("worklib", "1.0", PACKAGES) as lib:
    show([worker._pool._connection.daemon.pid, lib.pid(), lib.start_sleeping_child()])
"""
ENDS = {
    "return": "",
    "os._exit": "os._exit(0)",
    "exception": "raise SystemExit(1)",
    "SIGKILL": "import signal; os.kill(os.getpid(), signal.SIGKILL)",
    "SIGTERM": "import signal; os.kill(os.getpid(), signal.SIGTERM)",
    "during a call": """
import threading
threading.Timer(0.3, os._exit, (0,)).start()
lib.sleep(60)
""",
}


@pytest.mark.parametrize("how", ENDS)
def test_nothing_is_left(client, how):
    running = client(START + ENDS[how])
    started = running.line()
    assert len(started) == 3
    running.process.wait(20)
    wait_until(lambda: not any(map(is_running, started)), f"{started} are gone", 5)


def test_a_thread_that_started_the_daemon_may_end(client):
    script = """
import threading
def first():
    with envknit.worker("worklib", "1.0", PACKAGES) as lib:
        show(lib.echo(1))
thread = threading.Thread(target=first)
thread.start(); thread.join()
with envknit.worker("worklib", "1.0", PACKAGES) as lib:
    show(lib.echo(2))
"""
    status, lines, err = client(script).end()
    assert (status, lines) == (0, [[1], [2]]), err


def test_a_child_made_by_fork_keeps_nothing_alive(client):
    running = client(
        START
        + """
child = os.fork()
if child == 0:
    import signal
    signal.pause()
show(child)
os._exit(0)
"""
    )
    started, child = running.line(), running.line()
    try:
        running.process.wait(20)
        wait_until(lambda: not any(map(is_running, started)), f"{started} are gone", 5)
        assert is_running(child)
    finally:
        os.kill(child, signal.SIGKILL)


KILLED = """
import warnings
warnings.simplefilter("ignore")
with envknit.worker("worklib.endless", "1.0", PACKAGES, 0.3) as endless:
    try:
        endless.stubborn(os.devnull)
    except envknit.DeadlineError:
        show(endless.os.getpid() > 0)
"""


def test_a_killed_worker_is_no_line_of_the_daemons_log(client):
    status, lines, err = client(KILLED, ENVKNITD_LOG_LEVEL="").end()
    assert (status, lines) == (0, [True]), err
    # What remains is the worker's own output: where it was stuck.
    assert "WARNING" not in err
    assert "in stubborn" in err


def test_who_wants_the_daemons_log_gets_it(client):
    _status, lines, err = client(KILLED, ENVKNITD_LOG_LEVEL="warning").end()
    assert lines == [True]
    assert "WARNING" in err


def test_settings_of_the_users_own_server_do_not_matter(client):
    script = """
with envknit.worker("worklib", "1.0", PACKAGES) as lib:
    show(len(lib.echo("x" * 100_000)[0]))
"""
    settings = {"ENVKNITD_LIMITS_MESSAGE": "64KiB", "ENVKNITD_START_TIMEOUT": "nonsense"}
    assert client(script, **settings).end() == (0, [100_000], "")


def test_stderr_of_the_client_stays_quiet(client):
    status, _lines, err = client(START).end()
    assert (status, err) == (0, "")
