"""The worker as a process: its end, its children, broken frames."""

import os
import random
import signal
import struct

import frames
import pytest
from caller import RaisedError, wait_until
from frames import Frame
from protocol import message
from worker_process import WorkerProcess


@pytest.fixture
def worker(tag):
    with WorkerProcess(tag) as process:
        yield process.configure()


def is_running(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def wait_for_end(worker, seconds=10.0):
    return wait_until(lambda: worker.process.poll() is not None or None, "the worker ends", seconds)


@pytest.mark.parametrize("channel", ["control", "calls"])
def test_it_ends_with_the_daemon_and_takes_its_children_along(worker, channel):
    pid = worker.call(
        "builtins:eval",
        "__import__('subprocess').Popen(['sleep', '600']).pid",
        worker.get("__main__:__dict__", want="handle"),
    )
    getattr(worker, channel).sock.close()
    wait_for_end(worker)
    wait_until(lambda: not is_running(pid), "the child ends")


def test_it_ends_with_the_daemon_during_a_call_that_ignores_everything(worker):
    code = (
        "import signal\nsignal.pthread_sigmask(signal.SIG_BLOCK, range(1, 64))\n"
        "print('started', flush=True)\nwhile True:\n  try:\n    while True: pass\n"
        "  except BaseException: pass"
    )
    namespace = worker.get("__main__:__dict__", want="handle")
    worker.send(frames.CALL, worker.request("builtins:exec", (code, namespace)))
    wait_until(lambda: "started" in worker.output(), "the call starts")
    worker.control.sock.close()
    wait_for_end(worker)


def test_stop_runs_atexit_and_flushes(worker):
    worker.run(
        "import atexit, sys\natexit.register(print, 'last words')\nsys.stdout.write('buffered ')"
    )
    worker.control.send(Frame(frames.STOP))
    wait_for_end(worker)
    assert worker.process.returncode == 0
    assert "buffered last words" in worker.output().replace("\n", " ")


@pytest.mark.parametrize(
    "code",
    ["while True: pass", "while True:\n  try:\n    while True: pass\n  except BaseException: pass"],
    ids=["loop", "stubborn loop"],
)
def test_stop_during_a_call_ends_within_a_second_or_so(worker, code):
    worker.run("import atexit; atexit.register(print, 'last words', flush=True)")
    namespace = worker.get("__main__:__dict__", want="handle")
    worker.send(
        frames.CALL,
        worker.request("builtins:exec", ("print('started', flush=True)\n" + code, namespace)),
    )
    wait_until(lambda: "started" in worker.output(), "the call starts")
    worker.control.send(Frame(frames.STOP))
    wait_for_end(worker)
    assert worker.process.returncode == 0
    if not code.count("except"):
        assert "last words" in worker.output()


def test_the_stack_signal_shows_all_threads(worker):
    namespace = worker.get("__main__:__dict__", want="handle")
    code = "def stuck():\n  print('started', flush=True)\n  while True: pass\nstuck()"
    call_id = worker.send(frames.CALL, worker.request("builtins:exec", (code, namespace)))
    wait_until(lambda: "started" in worker.output(), "the call starts")
    os.kill(worker.process.pid, signal.SIGRTMIN + 4)
    wait_until(lambda: "in stuck" in worker.output(), "the stack is written")
    worker.cancel(call_id)
    assert worker.reply(call_id).flags == frames.INTERRUPTED


@pytest.mark.parametrize(
    ("code", "status"),
    [("pass", 0), ("raise SystemExit(7)", 7), ("raise ValueError", 1), ("os._exit(9)", 9)],
)
def test_a_forked_child_speaks_on_no_channel(worker, code, status):
    fork = (
        f"import os\npid = os.fork()\nif pid == 0:\n  print('in child', flush=True)\n  {code}\n"
        "else:\n  status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])"
    )
    worker.run(fork)
    assert worker.get("__main__:status") == status
    assert worker.output().count("in child") == 1


def test_children_inherit_no_descriptor(worker):
    listed = worker.call(
        "subprocess:run",
        ["ls", "-l", "/proc/self/fd"],
        kwargs={"capture_output": True, "text": True, "close_fds": False},
    )
    text = worker.get((listed, "stdout"))
    assert "socket:" not in text
    assert "memfd:page" not in text


def test_multiprocessing_and_subprocess_work(worker):
    worker.run(
        "import subprocess, sys, multiprocessing\n"
        "out = subprocess.run([sys.executable, '-c', 'print(6 * 7)'], capture_output=True).stdout\n"
        "context = multiprocessing.get_context('fork')\nimport math\n"
        "with context.Pool(2) as pool: roots = pool.map(math.sqrt, [1.0, 4.0])"
    )
    assert worker.get("__main__:out") == b"42\n"
    assert worker.get("__main__:roots") == [1.0, 2.0]


def test_death_of_the_interpreter_ends_the_channel(worker):
    for code in ("import os; os._exit(3)",):
        worker.send(frames.CALL, worker.request("builtins:exec", (code,)))
        assert worker.calls.receive() is None
        wait_for_end(worker)
        assert worker.process.returncode == 3


def good_call(worker):
    return Frame(
        frames.CALL,
        worker.request("math:hypot", (3.0, 4.0)).SerializeToString(),
        call_id=worker.next_id,
        session=1,
    ).encode()


BROKEN = {
    "unknown version": lambda good: good[:4] + b"\x02" + good[5:],
    "unknown kind": lambda good: good[:5] + b"\x63" + good[6:],
    "a kind of another channel": lambda good: good[:5] + b"\x44" + good[6:],
    "a length over the limit": lambda good: (
        struct.pack("<I", (16 << 20) + (64 << 10) + 1) + good[4:]
    ),
    "an id that is not greater": lambda good: good[:16] + bytes(8) + good[24:],
    "garbage": lambda good: b"GET / HTTP/1.1\r\n" * 40,
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_frame_ends_the_worker(worker, name):
    worker.calls.sock.sendall(BROKEN[name](good_call(worker)))
    assert worker.calls.receive() is None
    wait_for_end(worker)


@pytest.mark.parametrize("name", ["unknown version", "unknown kind", "garbage"])
def test_a_broken_control_frame_ends_the_worker(worker, name):
    worker.control.sock.sendall(BROKEN[name](Frame(frames.PING).encode()))
    assert worker.calls.receive() is None
    wait_for_end(worker)


def test_garbage_payloads_are_answered(worker):
    chance = random.Random(7)
    good = worker.request(
        "builtins:dict", kwargs={"a": [1.5, {"k": (1, "x", None)}]}
    ).SerializeToString()
    for i in range(1500):
        data = bytearray(good if i % 3 else chance.randbytes(chance.randint(0, 60)))
        for _ in range(chance.randint(1, 4)):
            if data:
                data[chance.randrange(len(data))] = chance.randrange(256)
        if i % 5 == 0:
            del data[chance.randrange(len(data) + 1) :]
        kind = chance.choice(
            [
                *(frames.IMPORT, frames.GET_ATTR, frames.CALL, frames.CALL, frames.RELEASE),
                *(frames.EXECUTE, frames.TRY_IMPORT),
            ]
        )
        reply = worker.reply(worker.send(kind, bytes(data)))
        if reply.status:
            failure = message("envknit.worker.v1.Failure").FromString(reply.payload)
            assert failure.reason in ("INVALID_REQUEST", "HANDLE_EXPIRED", "LIMIT_EXCEEDED")
    assert worker.call("math:hypot", 3.0, 4.0) == 5.0


def test_a_bad_start_is_told(tag):
    with WorkerProcess(tag) as worker:
        assert worker.control.receive().kind == frames.HELLO
        worker.control.send(Frame(frames.PING))
        assert worker.control.receive() is None
        wait_for_end(worker)
        assert worker.process.returncode == 1
    with WorkerProcess(tag) as worker:
        os.ftruncate(worker.page_fd, 10)
        assert worker.control.receive().kind == frames.HELLO
        worker.control.send(Frame(frames.CONFIGURE))
        failed = worker.control.receive()
        assert failed.kind == frames.START_FAILED
        failure = message("envknit.worker.v1.Failure").FromString(failed.payload)
        assert failure.reason == "RUNTIME_NOT_AVAILABLE"
        wait_for_end(worker)


def test_exec_of_nothing_raises_inside(worker):
    with pytest.raises(RaisedError):
        worker.run("raise BaseException")
