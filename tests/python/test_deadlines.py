"""A timeout is a deadline: the error comes, the work really stops, the next call is right."""

import subprocess
import sys
import time

import pytest
from conftest import PACKAGES, PREAMBLE, has_stopped_growing, wait_until

import envknit


@pytest.mark.parametrize("work", ["sleep", "loop", "c_loop", "stubborn"])
def test_stops_the_work_at_its_deadline(fresh_worker, tmp_path, work):
    trace = tmp_path / "trace"
    with fresh_worker(timeout=0.5, name="worklib.endless") as endless:
        started = time.monotonic()
        with pytest.raises(TimeoutError, match=r"did not respond within 0\.5 s") as raised:
            getattr(endless, work)(str(trace))
        assert 0.4 < time.monotonic() - started < 5
        assert isinstance(raised.value, envknit.DeadlineError)
        assert raised.value.reason == "DEADLINE_EXPIRED_RUNNING"
        assert trace.exists()
        wait_until(lambda: has_stopped_growing(trace), f"{work} stopped")


@pytest.mark.parametrize("work", ["sleep", "loop"])
def test_keeps_the_state_when_an_interrupt_was_enough(again, fresh_worker, tmp_path, work):
    context = fresh_worker(name="worklib.endless")
    with context as endless, again(context, timeout=0.5) as hasty:
        before = endless.os.getpid()
        kept = endless.collections.Counter("aab")
        with pytest.raises(envknit.DeadlineError):
            getattr(hasty, work)(str(tmp_path / "trace"))
        assert endless.os.getpid() == before
        assert kept["a"] == 2


@pytest.mark.parametrize("work", ["c_loop", "stubborn"])
def test_replaces_a_worker_that_ignores_the_interrupt(again, fresh_worker, tmp_path, work):
    context = fresh_worker(name="worklib.endless")
    with context as endless, again(context, timeout=0.5) as hasty:
        before = endless.os.getpid()
        lost = endless.collections.Counter("aab")
        with pytest.raises(envknit.DeadlineError):
            getattr(hasty, work)(str(tmp_path / "trace"))
        with pytest.warns(RuntimeWarning, match="was replaced"):
            assert endless.os.getpid() != before
        with pytest.raises(envknit.StaleHandleError):
            lost["a"]


def test_never_keeps_a_worker_whose_import_was_interrupted(again, fresh_worker):
    context = fresh_worker()
    with context as lib, again(context, timeout=1.0) as hasty:
        before = lib.pid()
        with pytest.raises(envknit.DeadlineError):
            hasty.import_slowly()
        with pytest.warns(RuntimeWarning, match="was replaced"):
            assert lib.pid() != before


def test_answers_the_next_call_with_its_own_result(again, fresh_worker):
    context = fresh_worker()
    with context as lib, again(context, timeout=0.3) as hasty:
        for number in range(3):
            with pytest.raises(envknit.DeadlineError):
                hasty.sleep(30)
            assert lib.echo(number) == [number]


@pytest.mark.filterwarnings("ignore:.*was replaced:RuntimeWarning")
def test_the_call_after_one_that_ignores_interrupts_is_right(fresh_worker, tmp_path):
    # Killing and replacing the worker takes longer than the timeout, and is not its fault.
    with fresh_worker(timeout=0.1, name="worklib.endless") as endless:
        for number in range(2):
            with pytest.raises(envknit.DeadlineError):
                endless.stubborn(str(tmp_path / "trace"))
            assert endless.os.path.join("a", str(number)) == f"a/{number}"


def test_a_server_that_is_silent_is_not_waited_for(client):
    script = """
import signal, time
from envknit.isolation import worker
with envknit.worker("worklib", "1.0", PACKAGES, 0.5) as lib:
    lib.echo(1)
    daemon = worker._pool._connection.daemon.pid
    os.kill(daemon, signal.SIGSTOP)
    started = time.monotonic()
    try:
        lib.echo(2)
    except envknit.DeadlineError:
        show(time.monotonic() - started < 8)
    os.kill(daemon, signal.SIGCONT)
    show(lib.echo(3))
"""
    status, lines, err = client(script).end()
    assert (status, lines) == (0, [True, [3]]), err


def test_a_timeout_belongs_to_its_context(again, fresh_worker):
    context = fresh_worker()
    with context as lib, again(context, timeout=0.2):
        assert lib.sleep(0.6) is None


def test_stops_work_when_the_client_was_started_in_the_background_of_sh(tmp_path):
    # Such a process has SIGINT ignored, and hands that down.
    trace, out = tmp_path / "trace", tmp_path / "out"
    script = tmp_path / "client.py"
    script.write_text(
        PREAMBLE
        + f"""
with envknit.worker("worklib.endless", "1.0", PACKAGES, 0.5) as endless:
    before = endless.os.getpid()
    for work in (endless.sleep, endless.loop):
        try:
            work({str(trace)!r})
        except envknit.DeadlineError:
            pass
    with envknit.worker("worklib.endless", "1.0", PACKAGES) as patient:
        show(patient.os.getpid() == before)
"""
    )
    command = f"'{sys.executable}' '{script}' > '{out}' 2>&1 & wait $!"
    subprocess.run(["sh", "-c", command], check=True, timeout=60)
    assert out.read_text() == "true\n"
    assert has_stopped_growing(trace)


@pytest.mark.parametrize("timeout", ["5", None, [1.0], 1j])
def test_refuses_a_timeout_that_is_no_number(timeout):
    with pytest.raises(TypeError, match="timeout is a number of seconds"):
        envknit.worker("worklib", "1.0", PACKAGES, timeout)


@pytest.mark.parametrize("timeout", [0, -1, float("nan")])
def test_refuses_a_timeout_that_is_no_time(timeout):
    with pytest.raises(ValueError, match="timeout"):
        envknit.worker("worklib", "1.0", PACKAGES, timeout)


def test_the_shortest_timeout_is_one(again, fresh_worker):
    context = fresh_worker()
    with context as lib, again(context, timeout=1e-10) as hasty:
        lib.pid()
        with pytest.raises(envknit.DeadlineError, match="within less than 1 ms"):
            hasty.sleep(5)
