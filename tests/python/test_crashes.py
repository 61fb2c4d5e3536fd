"""A worker that ends fails one call, with a typed error; everything else goes on."""

import os
import signal

import pytest
from conftest import is_running, wait_until

import envknit

CRASHES = {
    "SIGKILL": lambda lib: lib.kill_myself(),
    "SIGSEGV": lambda lib: lib.crash(),
    "SIGABRT": lambda lib: lib.kill_myself(int(signal.SIGABRT)),
    "os._exit": lambda lib: lib.exit_at_once(3),
}


@pytest.mark.parametrize("how", CRASHES)
def test_a_crash_fails_exactly_that_call(lib, fresh_worker, how):
    with fresh_worker() as bystander:
        bystander.remember("safe")
        first = lib.pid()
        with pytest.raises(envknit.WorkerCrashed) as raised:
            CRASHES[how](lib)
        assert isinstance(raised.value, RuntimeError)
        assert raised.value.reason == "WORKER_CRASHED"
        with pytest.warns(RuntimeWarning, match="was replaced") as warned:
            second = lib.pid()
        assert len(warned) == 1
        assert second != first
        assert lib.pid() == second
        assert bystander.recall() == ["safe"]
        wait_until(lambda: not is_running(first), "the crashed worker is gone")


def test_says_which_signal_and_the_end_of_stderr(lib):
    with pytest.raises(envknit.WorkerCrashed) as raised:
        lib.crash()
    assert raised.value.metadata["signal"] in ("11", "SIGSEGV")
    assert "Segmentation fault" in raised.value.metadata["stderr"]


def test_says_the_exit_code(lib):
    with pytest.raises(envknit.WorkerCrashed) as raised:
        lib.exit_at_once(3)
    assert raised.value.metadata["exit_code"] == "3"


def test_sys_exit_stays_inside(lib):
    before = lib.pid()
    with pytest.raises(envknit.RemoteError) as raised:
        lib.exit_politely(2)
    assert raised.value.remote_type == "builtins.SystemExit"
    assert lib.pid() == before


def test_a_worker_killed_between_calls_is_replaced(lib):
    before = lib.pid()
    thing = lib.make_thing()
    os.kill(before, signal.SIGKILL)
    wait_until(lambda: not is_running(before), "the worker is dead")
    with pytest.warns(RuntimeWarning, match="was replaced"):
        assert pid_after_a_death(lib) != before
    with pytest.raises(envknit.StaleHandleError):
        thing.grow()


@pytest.mark.filterwarnings("ignore:.*was replaced:RuntimeWarning")
def test_repeating_a_slow_import_is_not_the_next_calls_time(fresh_worker):
    with fresh_worker(timeout=0.5, name="worklib.two_seconds") as lib:
        with pytest.raises(envknit.WorkerCrashed):
            lib.exit_at_once(3)
        assert lib.echo("right") == "right"
        os.kill(lib.pid(), signal.SIGKILL)
        assert pid_after_a_death(lib) > 0


def pid_after_a_death(lib):
    """The call that comes before the daemon has noticed fails; it is not repeated unasked."""
    try:
        return lib.pid()
    except envknit.WorkerCrashed:
        return lib.pid()


def test_endless_output_ends_at_the_deadline(fresh_worker, client):
    script = """
with envknit.worker("worklib", "1.0", PACKAGES, 1.0) as lib:
    try:
        lib.print_for_ever()
    except envknit.DeadlineError:
        show("deadline")
    show(lib.echo(1))
"""
    running = client(script)
    # Not read until the end: a full pipe must hold up the output, not the daemon.
    status = wait_until(lambda: running.process.poll() is not None or None, "the client ended", 60)
    assert status
    assert running.process.stdout.read() == '"deadline"\n[1]\n'


def test_the_next_call_starts_a_new_daemon_when_it_was_killed(client):
    script = """
import signal, warnings
warnings.simplefilter("ignore", RuntimeWarning)
from envknit.isolation import worker
with envknit.worker("worklib", "1.0", PACKAGES) as lib:
    thing = lib.make_thing()
    first, address = (getattr(worker._pool._connection.daemon, n) for n in ("pid", "address"))
    os.kill(first, signal.SIGKILL)
    os.waitid(os.P_PID, first, os.WEXITED | os.WNOWAIT)
    while True:
        try:
            lib.pid()
            break
        except envknit.WorkerCrashed:
            pass
    show(worker._pool._connection.daemon.pid != first)
    show(os.path.exists(address.removeprefix("unix:")))
    try:
        thing.grow()
    except envknit.StaleHandleError:
        show("stale")
    show(lib.echo(7))
"""
    status, lines, err = client(script).end()
    assert (status, lines) == (0, [True, False, "stale", [7]]), err


def test_a_killed_daemon_fails_the_running_call(client):
    script = """
import signal, threading
from envknit.isolation import worker
with envknit.worker("worklib", "1.0", PACKAGES) as lib:
    daemon = worker._pool._connection.daemon.pid
    threading.Timer(0.3, os.kill, (daemon, signal.SIGKILL)).start()
    try:
        lib.sleep(30)
    except envknit.WorkerCrashed as error:
        show(error.reason)
"""
    status, lines, err = client(script).end()
    assert (status, lines) == (0, ["CONNECTION_LOST"]), err


def test_output_of_workers_reaches_the_stderr_of_the_client(client):
    script = """
with envknit.worker("worklib", "1.0", PACKAGES) as lib:
    lib.sys.stdout.write("out here\\n")
"""
    status, lines, err = client(script).end()
    assert (status, lines) == (0, [])
    assert "out here" in err
