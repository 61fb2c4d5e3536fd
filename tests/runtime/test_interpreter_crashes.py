"""The end of a host's process by one of its interpreters, and who is blamed for it."""

import os
import signal

import frames
import pytest
from caller import wait_until
from protocol import message

# Bytecode that reads a local variable which has no value.
FAULT = "def fault(x): return x.a\nfault.__code__ = fault.__code__.replace(co_argcount=0)\n"
# What it takes to end the process, and the exit status.
ENDS = {
    "os._exit": ("import os; os._exit(7)", 7),
    "os._exit by keyword": ("from os import _exit; _exit(status=9)", 9),
    "posix._exit": ("import posix; posix._exit(3)", 3),
    "os.abort": ("import os; os.abort()", -signal.SIGABRT),
    "a fault": (FAULT + "fault()", -signal.SIGSEGV),
    "a division": ("import signal; signal.raise_signal(signal.SIGFPE)", -signal.SIGFPE),
    "an illegal instruction": ("import signal; signal.raise_signal(4)", -signal.SIGILL),
    "a bus error": ("import signal; signal.raise_signal(signal.SIGBUS)", -signal.SIGBUS),
    "a stack overflow": (
        "it = iter([])\nfor _ in range(300_000): it = zip(it)\nnext(it)",
        -signal.SIGSEGV,
    ),
    "in a thread": (
        FAULT + "import threading\nt = threading.Thread(target=fault)\nt.start(); t.join()",
        -signal.SIGSEGV,
    ),
    "os._exit in a thread": (
        "import threading, os\nt = threading.Thread(target=os._exit, args=(5,))\n"
        "t.start(); t.join()",
        5,
    ),
}


@pytest.mark.parametrize("name", ENDS)
def test_the_page_of_the_interpreter_that_ended_the_process_says_so(host, name):
    code, status = ENDS[name]
    guilty, idle, busy = host.open(), host.open(), host.open()
    loop = "print('started', flush=True)\nwhile True: pass"
    running = busy.send(frames.EXECUTE, message("ExecuteRequest")(code=loop))
    wait_until(lambda: "started" in host.output(), "the other call starts")
    call_id = guilty.send(frames.EXECUTE, message("ExecuteRequest")(code=code))
    assert guilty.calls.receive() is None
    assert busy.calls.receive() is None
    assert host.process.wait(10) == status
    marks = [each.page(72) for each in (guilty, idle, busy)]
    assert marks == [1, 0, 0]
    assert (guilty.page(16), busy.page(16)) == (call_id, running)


def test_the_stack_of_a_crash_is_in_the_log(host):
    interpreter = host.open()
    code = FAULT + "def deep(): fault()\ndeep()"
    interpreter.send(frames.EXECUTE, message("ExecuteRequest")(code=code))
    assert interpreter.calls.receive() is None
    host.process.wait(10)
    assert "Segmentation fault" in host.output()
    assert "in deep" in host.output()


def test_the_stack_signal_shows_all_interpreters(host):
    interpreters = [host.open() for _ in range(3)]
    calls = []
    for i, interpreter in enumerate(interpreters):
        code = (
            f"def stuck{i}():\n  print('started {i}', flush=True)\n  while True: pass\nstuck{i}()"
        )
        calls.append(interpreter.send(frames.EXECUTE, message("ExecuteRequest")(code=code)))
        wait_until(lambda i=i: f"started {i}" in host.output(), "the call starts")
    os.kill(host.process.pid, signal.SIGRTMIN + 4)
    for i in range(3):
        wait_until(lambda i=i: f"in stuck{i}" in host.output(), "the stack is written")
    for interpreter, call_id in zip(interpreters, calls, strict=True):
        interpreter.cancel(call_id)
        assert interpreter.reply(call_id).flags == frames.INTERRUPTED


def test_a_crash_of_nobody_marks_nobody(host):
    interpreters = [host.open(), host.open()]
    os.kill(host.process.pid, signal.SIGSEGV)
    host.process.wait(10)
    assert [each.page(72) for each in interpreters] == [0, 0]


def test_the_daemons_death_ends_the_host_and_what_it_started(host):
    interpreter = host.open()
    code = "import subprocess\nresult = subprocess.Popen(['sleep', '600']).pid"
    pid = interpreter.execute(code, want="value")
    os.kill(host.process.pid, signal.SIGRTMIN + 5)
    assert host.process.wait(10) == -signal.SIGKILL

    def ended():
        try:
            with open(f"/proc/{pid}/stat") as file:
                return file.read().rpartition(")")[2].split()[0] in "ZX"
        except OSError:
            return True

    wait_until(ended, "the child ends")
