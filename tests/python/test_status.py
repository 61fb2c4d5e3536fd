"""What envknit.status() tells, and that it starts nothing."""

import os
import signal
import threading

import pytest
from conftest import is_running, wait_until

import envknit
from envknit import _status_table
from envknit._wire_reader import Message


def of_worker(pid):
    """Status of this process's daemon, and of one worker and its session in it."""
    found = envknit.status()
    (worker,) = [each for each in found.workers if each.pid == pid]
    (session,) = [each for each in found.sessions if each.session == worker.session]
    return found, worker, session


def test_nothing_is_running_before_the_first_worker(client, tmp_path):
    script = """
found = envknit.status()
show([bool(found), repr(found), str(found), found.address, found.daemon, found.workers == ()])
show("envknit._core" in sys.modules)
show(os.listdir(os.environ["ENVKNIT_RUNTIME_DIR"]))
"""
    nothing = [False, "<Status: nothing is running>", "nothing is running", None, None, True]
    status, lines, err = client(script, ENVKNIT_RUNTIME_DIR=str(tmp_path)).end()
    assert (status, lines) == (0, [nothing, False, []]), err


def test_tells_of_the_private_daemon_and_its_workers(lib, daemon):
    things = [lib.make_thing() for _ in range(3)]
    pid = lib.pid()
    found, worker, session = of_worker(pid)
    assert found
    assert (found.address, found.daemon) == (daemon.address, daemon.pid)
    assert found.version == envknit.__version__
    assert len(found.instance) == 16
    assert 0 <= found.uptime < 3600
    assert worker.environment == session.environment == "worklib"
    assert worker.isolation == "process"
    assert worker.state == "idle"
    assert worker.running == ""
    assert worker.handles == session.handles == len(things)
    assert worker.calls == session.calls
    assert worker.python.startswith("3.")
    assert 1 << 20 < worker.rss_bytes < 1 << 30
    assert session.pid == pid
    assert session.identity == f"uid:{os.getuid()}"
    assert session.attached
    assert not session.implicit
    assert session.expires is None
    assert session.calls_in_flight == 0
    assert session.opened <= session.last_call


def test_a_released_object_is_not_counted(lib):
    pid = lib.pid()
    thing = lib.make_thing()
    assert of_worker(pid)[1].handles == 1
    del thing
    wait_until(lambda: of_worker(pid)[1].handles == 0, "the release arrived")


def test_answers_while_a_worker_is_busy(lib):
    pid = lib.pid()
    thread = threading.Thread(target=lib.sleep, args=(2.0,))
    thread.start()
    try:
        wait_until(lambda: of_worker(pid)[1].running == "worklib.sleep", "the call runs")
        _, worker, session = of_worker(pid)
        assert worker.state == "busy"
        assert session.calls_in_flight == 1
        assert "worklib.sleep" in str(envknit.status())
    finally:
        thread.join()


def test_prints_a_table(lib):
    pid = str(lib.pid())
    found = envknit.status()
    assert repr(found).startswith(f"<Status of {found.address}: {len(found.workers)} workers")
    lines = str(found).splitlines()
    assert f"private daemon {found.daemon}" in lines[0]
    assert found.address in lines[0]
    assert len(lines) == 3 + len(found.workers) + len(found.sessions)
    (row,) = [line for line in lines[1:] if line.split()[0] == pid]
    assert row.split()[1:3] == ["worklib", "process"]
    assert lines[1].index("environment") == row.index("worklib")


def test_names_the_kind_of_a_worker(lib):
    found, worker, _ = of_worker(lib.pid())
    other = worker._replace(isolation="subinterpreter")
    lines = _status_table.render(found._replace(workers=(other,), sessions=())).splitlines()
    assert lines[1].index("kind") == lines[2].index("subinterpreter")


def test_text_of_others_cannot_write_to_the_terminal(lib):
    found, worker, _ = of_worker(lib.pid())
    hostile = worker._replace(running="\x1b]0;x\x07\n" + "y" * 99, environment="\u202e")
    lines = _status_table.render(found._replace(workers=(hostile,), sessions=())).splitlines()
    assert len(lines) == 4
    assert all(line.isprintable() for line in lines)
    assert len(lines[2]) < 130


def test_after_the_daemons_end_nothing_is_running(client):
    script = """
import signal
with envknit.worker("worklib", "1.0", PACKAGES) as lib:
    lib.pid()
    before = envknit.status()
    os.kill(before.daemon, signal.SIGKILL)
    os.waitid(os.P_PID, before.daemon, os.WEXITED | os.WNOWAIT)
    show([bool(before), bool(envknit.status())])
"""
    status, lines, err = client(script).end()
    assert (status, lines) == (0, [[True, False]]), err


def test_asks_the_server_of_the_environment_variable(client, lib, daemon):
    script = """
found = envknit.status()
show([found.address, found.daemon, [worker.pid for worker in found.workers]])
show(found.workers[0].rss_bytes)
show("shared server" in str(found))
"""
    pid = lib.pid()
    status, lines, err = client(script, ENVKNIT_ADDRESS=daemon.address).end()
    assert status == 0, err
    (address, no_daemon, pids), no_rss, is_shared = lines
    assert (address, no_daemon, no_rss, is_shared) == (daemon.address, None, None, True)
    assert pid in pids


def test_says_when_that_server_cannot_be_reached(client, tmp_path):
    address = f"unix:{tmp_path}/none.sock"
    script = """
try:
    envknit.status()
except envknit.ServerUnavailable as error:
    show(str(error))
"""
    status, lines, err = client(script, ENVKNIT_ADDRESS=address).end()
    assert status == 0, err
    assert address in lines[0]


def test_gives_up_after_its_timeout_and_on_ctrl_c(client):
    script = """
import signal, threading, time
with envknit.worker("worklib", "1.0", PACKAGES) as lib:
    daemon = envknit.status().daemon
    os.kill(daemon, signal.SIGSTOP)
    try:
        envknit.status(timeout=0.3)
    except envknit.DeadlineError as error:
        show(isinstance(error, TimeoutError))
    threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
    started = time.monotonic()
    try:
        envknit.status(timeout=60)
    except KeyboardInterrupt:
        show(time.monotonic() - started < 30)
    os.kill(daemon, signal.SIGCONT)
    show(envknit.status().daemon == daemon)
"""
    status, lines, err = client(script).end()
    assert (status, lines) == (0, [True, True, True]), err


def test_other_threads_run_while_it_waits(lib, daemon):
    os.kill(daemon.pid, signal.SIGSTOP)
    caught = []

    def ask():
        try:
            envknit.status(timeout=1.0)
        except envknit.DeadlineError as error:
            caught.append(error)

    thread = threading.Thread(target=ask)
    try:
        thread.start()
        steps = 0
        while thread.is_alive():
            steps += 1
        thread.join()
    finally:
        os.kill(daemon.pid, signal.SIGCONT)
    assert len(caught) == 1
    assert steps > 1000
    assert is_running(daemon.pid)


def test_a_forked_child_has_nothing_of_its_parents(client):
    script = """
with envknit.worker("worklib", "1.0", PACKAGES) as lib:
    lib.pid()
    child = os.fork()
    if child == 0:
        show(bool(envknit.status()))
        sys.exit(0)
    assert os.waitpid(child, 0)[1] == 0
    show(bool(envknit.status()))
"""
    status, lines, err = client(script).end()
    assert (status, lines) == (0, [False, True]), err


@pytest.mark.parametrize(
    "data",
    [
        b"\x00",  # Field 0.
        b"\x08",  # A number that is cut off.
        b"\x08" + b"\xff" * 11,  # One without an end.
        b"\x0a\x05abc",  # A text that is cut off.
        b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",  # One of 2^64 - 1 bytes.
        b"\x09\x00",  # A fixed number that is cut off.
        b"\x0b",  # A group.
        b"\x0f",  # No wire type.
    ],
)
def test_malformed_messages_are_refused(data):
    with pytest.raises(ValueError, match="malformed message"):
        Message(data)


def test_reads_what_it_knows_and_skips_the_rest():
    data = b"\x08\x96\x01\x12\x02hi\x19" + b"x" * 8 + b"\x25" + b"y" * 4
    data += b"\x12\x04\xffbye\x28" + b"\xff" * 9 + b"\x01"
    read = Message(data)
    assert read.number(1) == 150
    assert read.text(2) == "\ufffdbye"
    assert read.signed(5) == -1
    # Missing, or of another type.
    assert (read.number(2), read.text(1), read.message(9), read.seconds(9)) == (0, "", None, None)


def test_every_prefix_of_an_answer_is_read_or_refused():
    answer = b"\x0a\x04\x0a\x02ab\x3a\x06\x0a\x01k\x12\x01v\x6a\x04\x08\x64\x10\x05"
    for length in range(len(answer) + 1):
        try:
            read = Message(answer[:length])
            read.messages(1), read.texts_by_name(7), read.seconds(13)
        except ValueError:
            continue
    assert Message(answer).texts_by_name(7) == {"k": "v"}
    assert Message(answer).seconds(13) == 100.000000005
