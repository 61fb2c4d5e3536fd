"""However a daemon ends, its workers end with it."""

import json
import os
import signal
import subprocess
import sys

import pytest
from daemon_process import Client, descendants, wait_for_end, wait_until
from grpcurl import ADMIN, SERVICE


def start_worker(daemon, grpcurl):
    """The pid of a worker that has run a call."""
    return grpcurl.call_python(daemon.address, "os", "getpid")["outcome"]["json"]


def run_in_background(grpcurl, daemon, module, path, *json_args):
    """A grpcurl whose call is running, and the worker's pid."""
    request = {
        "environment": {"name": "numpy1"},
        "target": {"module": module, "path": path},
        "json_args": json_args,
    }
    client = subprocess.Popen(
        [
            *(grpcurl.binary, "-plaintext", "-d", json.dumps(request)),
            *(daemon.address, f"{SERVICE}/Call"),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )

    def busy():
        workers = grpcurl.call(daemon.address, f"{ADMIN}/ListWorkers").get("workers", [])
        return [w["pid"] for w in workers if w["state"] == "WORKER_STATE_BUSY"]

    return client, wait_until(busy, "a busy worker")[0]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_ends_daemon_and_workers_cleanly(daemon, grpcurl, number):
    worker = start_worker(daemon, grpcurl)
    daemon.signal(number)
    assert daemon.wait() == 0
    assert wait_for_end(worker)
    assert not os.path.exists(daemon.socket)


def test_running_call_does_not_hold_the_end_up(daemon, grpcurl):
    client, worker = run_in_background(grpcurl, daemon, "time", "sleep", 600)
    daemon.signal(signal.SIGTERM)
    assert daemon.wait() == 0
    assert wait_for_end(worker)
    assert client.wait(30) != 0


def test_kill_of_the_daemon_takes_the_workers(daemon, grpcurl):
    client, busy = run_in_background(grpcurl, daemon, "time", "sleep", 600)
    idle = start_worker(daemon, grpcurl)
    below = descendants(daemon.pid)
    assert {busy, idle} <= set(below)
    daemon.signal(signal.SIGKILL)
    daemon.wait()
    assert all(wait_for_end(pid) for pid in below)
    assert client.wait(30) != 0


def test_second_signal_does_not_wait(daemon, grpcurl):
    # A worker that wants to take its time holds the end up for a second.
    code = "import atexit, time; atexit.register(time.sleep, 600)"
    grpcurl.call_python(daemon.address, "builtins", "exec", code, want="WANT_NONE")
    below = descendants(daemon.pid)
    daemon.signal(signal.SIGTERM)
    wait_until(lambda: "stopping" in daemon.log(), "stopping")
    daemon.signal(signal.SIGTERM)
    assert daemon.wait() == 1
    assert all(wait_for_end(pid) for pid in below)


def test_work_of_a_killed_client_is_stopped(daemon, grpcurl):
    client, worker = run_in_background(grpcurl, daemon, "time", "sleep", 600)
    client.kill()
    client.wait()

    def idle():
        workers = grpcurl.call(daemon.address, f"{ADMIN}/ListWorkers").get("workers", [])
        return [w for w in workers if w["state"] == "WORKER_STATE_IDLE"]

    (left,) = wait_until(idle, "an idle worker")
    assert left["pid"] == worker
    assert left["last_ladder_action"] == "interrupted"


def test_children_of_user_code_end_too(daemon, grpcurl):
    code = "import subprocess; subprocess.Popen(['sleep', '600'])"
    grpcurl.call_python(daemon.address, "builtins", "exec", code, want="WANT_NONE")
    below = descendants(daemon.pid)
    assert len(below) >= 2
    daemon.signal(signal.SIGTERM)
    assert daemon.wait() == 0
    assert all(wait_for_end(pid) for pid in below)


def test_private_daemon_ends_when_its_client_closes_the_pipe(start_daemon):
    client = Client()
    daemon = start_daemon(private=client)
    daemon.wait_until_ready()
    client.close_pipe()
    assert daemon.wait() == 0
    assert daemon.log() == ""


def test_private_daemon_ends_with_its_clients_process(start_daemon):
    # It reads its stdin until killed.
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    daemon = start_daemon(private=Client(pid=process.pid, pipe=False))
    daemon.wait_until_ready()
    process.kill()
    process.communicate()
    assert daemon.wait() == 0


def test_private_daemon_takes_no_part_in_the_terminal(start_daemon):
    daemon = start_daemon(private=Client(pid=os.getpid()))
    daemon.wait_until_ready()
    assert os.getsid(daemon.pid) == daemon.pid


def test_private_daemon_whose_client_is_gone_ends_at_once(start_daemon):
    process = subprocess.Popen(["true"])
    process.wait()
    daemon = start_daemon(private=Client(pid=process.pid, pipe=False))
    assert daemon.wait() in (0, 1)


def test_log_that_nobody_reads_holds_nothing_up(start_daemon, lock_file, grpcurl):
    unread, stderr = os.pipe()
    daemon = start_daemon("--lock", lock_file, "--log-level", "debug", stderr=stderr)
    os.close(stderr)
    try:
        daemon.wait_until_ready()
        flood = "for _ in range(900): print('x' * 1000)"
        for _ in range(3):
            grpcurl.call_python(daemon.address, "builtins", "exec", flood)
        answer = grpcurl.call_python(daemon.address, "operator", "add", 1, 2)
        assert answer["outcome"] == {"json": 3}
        daemon.signal(signal.SIGTERM)
        assert daemon.wait() == 0
    finally:
        os.close(unread)
