"""A host of interpreters as a process: opening, closing, its end, and broken frames."""

import os
import socket
import struct

import frames
import pytest
from caller import wait_until
from frames import Frame
from host_process import HostProcess
from protocol import message


def wait_for_end(host, seconds=10.0):
    return wait_until(lambda: host.process.poll() is not None or None, "the host ends", seconds)


def check_alive(interpreter):
    assert interpreter.call("math:hypot", 3.0, 4.0) == 5.0


def test_interpreters_live_side_by_side_with_state_of_their_own(host):
    first, second = host.open(epoch=5), host.open(epoch=6)
    assert (first.page(8), second.page(8)) == (5, 6)
    first.run("import math; math.kept = state = 'first'")
    second.run("import math; state = 'second'")
    assert first.get("__main__:state") == "first"
    assert second.get("__main__:state") == "second"
    assert second.execute("import math; result = hasattr(math, 'kept')", want="value") is False
    assert first.call("os:getpid") == second.call("os:getpid") == host.process.pid


def test_two_versions_of_one_package_at_once(host, tmp_path):
    for version in ("1", "2"):
        (tmp_path / version / "some").mkdir(parents=True)
        (tmp_path / version / "some" / "__init__.py").write_text(f"__version__ = '{version}'\n")
    workers = [host.open(install_paths=[str(tmp_path / version)]) for version in ("1", "2")]
    for _ in range(2):
        assert [each.import_module("some").version for each in workers] == ["1", "2"]


def test_a_call_does_not_wait_for_that_of_another_interpreter(host):
    busy, free = host.open(), host.open()
    code = "print('started', flush=True)\nwhile True: pass"
    call_id = busy.send(frames.EXECUTE, message("ExecuteRequest")(code=code))
    wait_until(lambda: "started" in host.output(), "the loop starts")
    for _ in range(50):
        check_alive(free)
    busy.cancel(call_id)
    assert busy.reply(call_id).flags == frames.INTERRUPTED


def test_the_hosts_limits_hold_for_its_interpreters_unless_they_have_their_own(host_tag):
    with HostProcess(host_tag) as host:
        host.configure(depth=3)
        code = "result = [[[[]]]]"
        for options, refused in (({}, True), ({"depth": 5}, False)):
            request = message("ExecuteRequest")(code=code)
            interpreter = host.open(**options)
            reply = interpreter.reply(interpreter.send(frames.EXECUTE, request))
            assert bool(reply.status) == refused


def test_eight_live_at_once_and_closing_makes_room(host):
    opened = [host.open() for _ in range(8)]
    for _ in range(3):
        assert opened.pop(0).close().flags == 0
        opened.append(host.open())
    for interpreter in opened:
        check_alive(interpreter)
    host.start()
    wait_for_end(host)


def test_closing_runs_atexit_flushes_and_drops_what_was_held(host):
    interpreter = host.open()
    interpreter.run(
        "import atexit, sys, types\n"
        + "class Noisy:\n  def __del__(self): print('dropped', flush=True)\n"
        "module = types.ModuleType('mine'); module.held = Noisy(); sys.modules['mine'] = module\n"
        "cycle = Noisy(); cycle.me = cycle\n"
        "atexit.register(print, 'last words')\nsys.stdout.write('buffered ')"
    )
    handle = interpreter.call("builtins:dict", want="handle")
    assert handle.id
    assert interpreter.close().flags == 0
    assert "buffered last words" in host.output().replace("\n", " ")
    assert host.output().count("dropped") == 2
    assert interpreter.calls.receive() is None
    check_alive(host.open())


def test_closing_says_when_a_thread_goes_on(host):
    interpreter = host.open()
    interpreter.run(
        "import threading\nend = threading.Event()\nthreading.Thread(target=end.wait).start()"
    )
    assert interpreter.close().flags == frames.RETIRE
    polite = host.open()
    polite.run(
        "from concurrent.futures import ThreadPoolExecutor\npool = ThreadPoolExecutor(2)\n"
        "assert pool.submit(abs, -3).result() == 3"
    )
    assert polite.close().flags == 0


def test_closing_interrupts_what_runs_and_skips_what_waits(host):
    interpreter = host.open()
    code = "print('started', flush=True)\nwhile True: pass"
    first = interpreter.send(frames.EXECUTE, message("ExecuteRequest")(code=code))
    second = interpreter.send(frames.EXECUTE, message("ExecuteRequest")(code="print('ran')"))
    wait_until(lambda: "started" in host.output(), "the loop starts")
    assert interpreter.close().flags == 0
    assert interpreter.reply(first).flags == frames.INTERRUPTED
    assert interpreter.reply(second).flags == frames.SKIPPED
    assert interpreter.calls.receive() is None
    assert "ran" not in host.output()


def test_closing_may_come_before_ready(host):
    interpreters = [host.start() for _ in range(3)]
    for interpreter in interpreters:
        interpreter.send_control(frames.CLOSE_INTERPRETER)
    for interpreter in interpreters:
        kinds = [host.receive(interpreter.number).kind for _ in range(2)]
        assert kinds == [frames.READY, frames.INTERPRETER_CLOSED]


def test_what_names_an_interpreter_that_has_ended_does_nothing(host):
    closed, other = host.open(), host.open()
    closed.close()
    closed.cancel(1)
    closed.send_control(frames.CLOSE_INTERPRETER)
    host.control.send(Frame(frames.PING, call_id=9, interpreter=closed.number))
    pong = host.receive(closed.number)
    assert (pong.kind, pong.call_id) == (frames.PONG, 9)
    check_alive(other)


def test_an_interpreter_that_cannot_be_made_is_told_and_the_host_lives(host):
    bad = host.start(page_bytes=10)
    failed = host.receive(bad.number)
    assert failed.kind == frames.START_FAILED
    failure = message("envknit.worker.v1.Failure").FromString(failed.payload)
    assert failure.reason == "RUNTIME_NOT_AVAILABLE"
    assert "status page" in failure.message
    assert bad.calls.receive() is None
    for _ in range(9):
        assert host.receive(host.start(page_bytes=10).number).kind == frames.START_FAILED
    check_alive(host.open())


@pytest.mark.parametrize("cycles", [25])
def test_many_are_opened_and_closed_in_one_host(host, cycles):
    code = (
        "import asyncio, decimal, hashlib, sqlite3, ssl\nasync def f(): await asyncio.sleep(0)\n"
        "asyncio.run(f()); hashlib.sha256(b'x'); ssl.create_default_context()\n"
        "result = sqlite3.connect(':memory:').execute('select 1').fetchall()"
    )
    threads = len(os.listdir(f"/proc/{host.process.pid}/task"))
    files = len(os.listdir(f"/proc/{host.process.pid}/fd"))
    for _ in range(cycles):
        interpreter = host.open()
        assert interpreter.execute(code, want="value") == [[1]]
        assert interpreter.close().flags == 0
        interpreter.forget()
    folder = f"/proc/{host.process.pid}"
    wait_until(lambda: len(os.listdir(f"{folder}/task")) == threads, "the threads end")
    assert len(os.listdir(f"{folder}/fd")) <= files + 1


# Each loads other extension modules of the standard library.
VARIED = [
    "import asyncio\nasync def f(): await asyncio.sleep(0)\nasyncio.run(f())",
    "import ssl; ssl.create_default_context()",
    "import hashlib; hashlib.sha256(b'x')",
    "import sqlite3; sqlite3.connect(':memory:').execute('select 1').fetchall()",
    "import decimal, datetime, zoneinfo; zoneinfo.ZoneInfo('Europe/Berlin')",
    "import json, dataclasses, logging, urllib.request, concurrent.futures, xml.etree.ElementTree",
    "import threading\nt = threading.Thread(target=list, args=([1],))\nt.start(); t.join()",
    "import re, enum, random, collections; re.sub('a', 'b', 'aa')",
]


def test_two_hundred_in_fresh_hosts_eight_at_once_all_the_way(host_tag):
    for round_ in range(13):
        with HostProcess(host_tag) as host:
            host.configure()
            for _ in range(2):
                opened = [host.start() for _ in range(8)]
                for interpreter in opened:
                    assert host.receive(interpreter.number).kind == frames.READY
                calls = []
                for i, interpreter in enumerate(opened):
                    code = VARIED[(i + round_) % len(VARIED)]
                    request = message("ExecuteRequest")(code=code)
                    calls.append(interpreter.send(frames.EXECUTE, request))
                for interpreter, call_id in zip(opened, calls, strict=True):
                    interpreter.outcome(interpreter.reply(call_id))
                    interpreter.send_control(frames.CLOSE_INTERPRETER)
                for interpreter in opened:
                    assert host.receive(interpreter.number).flags == 0
                    interpreter.forget()
            host.control.send(Frame(frames.STOP))
            assert host.process.wait(10) == 0
            assert host.output() == ""


def test_large_data_of_a_closed_interpreter_is_given_back(host):
    def kib():
        with open(f"/proc/{host.process.pid}/statm") as file:
            return int(file.read().split()[1]) * 4

    interpreter = host.open()
    interpreter.execute("import json; json.kept = [b'x' * 50_000_000, list(range(10**6))]")
    interpreter.run("table = b'y' * 50_000_000")
    held = kib()
    interpreter.close()
    assert held - kib() > 90_000


@pytest.mark.parametrize("end", ["stop", "control", "descriptors and control"])
def test_it_ends_at_once_also_in_the_middle_of_calls(host, end):
    interpreter = host.open()
    code = (
        "print('started', flush=True)\nwhile True:\n  try:\n    while True: pass\n"
        "  except BaseException: pass"
    )
    interpreter.send(frames.EXECUTE, message("ExecuteRequest")(code=code))
    wait_until(lambda: "started" in host.output(), "the call starts")
    if end == "stop":
        host.control.send(Frame(frames.STOP))
    else:
        if "descriptors" in end:
            host.descriptors.close()
        host.control.sock.close()
    wait_for_end(host)
    assert host.process.returncode == (0 if end == "stop" else -9)


def test_a_call_channel_that_is_closed_alone_ends_the_host(host):
    interpreter = host.open()
    interpreter.calls.sock.close()
    wait_for_end(host)


def opening(number=1, header=1, descriptors=2, packet=True, kind=frames.OPEN_INTERPRETER):
    """What sends something like an OPEN_INTERPRETER."""

    def send(host):
        ends = [end for _ in range(2) for end in socket.socketpair()]
        if packet:
            data = struct.pack("<H", number) if packet is True else packet
            socket.send_fds(host.descriptors, [data], [end.fileno() for end in ends[:descriptors]])
        for end in ends:
            end.close()
        host.control.send(Frame(kind, b"", interpreter=header))

    return send


def twice(host):
    host.open().close()
    host.start(number=1)


BROKEN = {
    "a number used twice": twice,
    "no packet": opening(packet=False),
    "another number in the packet": opening(number=2),
    "number 0": opening(number=0, header=0),
    "one descriptor": opening(descriptors=1),
    "three descriptors": opening(descriptors=3),
    "no descriptor": opening(descriptors=0),
    "a long packet": opening(packet=b"\1\0\0"),
    "a short packet": opening(packet=b"\1"),
    "no message": lambda host: (
        opening(kind=frames.PING)(host),
        host.control.send(Frame(frames.OPEN_INTERPRETER, b"\xff\xff", interpreter=1)),
    ),
    "closing an unknown number": opening(packet=False, kind=frames.CLOSE_INTERPRETER),
    "cancel in an unknown number": opening(packet=False, kind=frames.CANCEL),
    "a call": opening(packet=False, kind=frames.CALL),
    "a frame of the host's own": opening(packet=False, kind=frames.INTERPRETER_CLOSED),
    "garbage": lambda host: host.control.sock.sendall(b"GET / HTTP/1.1\r\n" * 40),
    "a cut frame": lambda host: (
        host.control.sock.sendall(Frame(frames.PING).encode()[:20]),
        host.control.sock.shutdown(socket.SHUT_WR),
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_breaks_the_contract_ends_the_host(host, name):
    BROKEN[name](host)
    wait_for_end(host)
    assert host.process.returncode == -9


def test_descriptors_are_closed_for_programs_that_user_code_starts(host):
    interpreter = host.open()
    listed = interpreter.call(
        "subprocess:run",
        ["ls", "-l", "/proc/self/fd"],
        kwargs={"capture_output": True, "text": True, "close_fds": False},
    )
    text = interpreter.get((listed, "stdout"))
    assert "socket:" not in text
    assert "memfd:page" not in text


def test_older_pythons_say_that_they_host_nothing(tag):
    if int(tag) >= 312:
        pytest.skip("it hosts interpreters")
    with HostProcess(tag) as host:
        assert host.control.receive().kind == frames.HELLO
        host.control.send(Frame(frames.CONFIGURE))
        failed = host.control.receive()
        assert failed.kind == frames.START_FAILED
        failure = message("envknit.worker.v1.Failure").FromString(failed.payload)
        assert failure.reason == "RUNTIME_NOT_AVAILABLE"
        assert "3.12" in failure.message
        wait_for_end(host)
