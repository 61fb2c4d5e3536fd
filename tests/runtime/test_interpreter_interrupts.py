"""Interrupts of interpreters: asynchronous exceptions, and that they never hit another call."""

import random
import time

import frames
import pytest
from caller import RaisedError, wait_until
from protocol import message

LOOP = "print('started', flush=True)\nwhile True: pass"


@pytest.fixture
def interpreter(host):
    return host.open()


def start(interpreter, code):
    """Sends an Execute, and waits until it says that it has started."""
    before = interpreter.output().count("started")
    call_id = interpreter.send(frames.EXECUTE, message("ExecuteRequest")(code=code))
    wait_until(lambda: interpreter.output().count("started") > before, "the call starts")
    return call_id


def check_alive(interpreter):
    """By bytecode: it is what an interrupt that came late would hit."""
    assert interpreter.execute("result = 5", want="value") == 5


@pytest.mark.parametrize(
    "code",
    [
        LOOP,
        "print('started', flush=True)\nsum(i for i in iter(int, 1))",
        "def f():\n  while True: pass\nimport threading\nprint('started', flush=True)\nf()",
    ],
)
def test_a_cancel_stops_bytecode(interpreter, code):
    for _ in range(3):
        call_id = start(interpreter, code)
        assert interpreter.page(16) == call_id
        interpreter.cancel(call_id)
        reply = interpreter.reply(call_id)
        assert reply.flags == frames.INTERRUPTED
        with pytest.raises(RaisedError) as raised:
            interpreter.outcome(reply)
        assert raised.value.remote.type == "KeyboardInterrupt"
        check_alive(interpreter)


def test_it_reaches_the_named_interpreter_alone(host):
    first, second = host.open(), host.open()
    calls = [start(each, LOOP) for each in (first, second)]
    second.cancel(calls[1])
    assert second.reply(calls[1]).flags == frames.INTERRUPTED
    assert first.page(16) == calls[0]
    first.cancel(calls[0])
    assert first.reply(calls[0]).flags == frames.INTERRUPTED


def test_who_ignores_it_goes_on_until_the_host_is_killed(host):
    stubborn, other = host.open(), host.open()
    code = (
        "def spin():\n  while True: pass\n"
        "def ignore():\n  try: spin()\n  except BaseException: print('ignored', flush=True)\n"
        "print('started', flush=True)\nwhile True:\n  try: ignore()\n  except BaseException: pass"
    )
    call_id = start(stubborn, code)

    def arrived_again():
        stubborn.cancel(call_id)
        return host.output().count("ignored") >= 3

    wait_until(arrived_again, "it arrives again and again")
    check_alive(other)
    assert stubborn.page(16) == call_id
    host.process.kill()
    assert stubborn.calls.receive() is None
    assert (stubborn.page(72), other.page(72)) == (0, 0)


def test_a_sleep_goes_on_and_its_interrupt_does_not_hit_the_next_call(interpreter):
    for _ in range(3):
        call_id = interpreter.send(frames.CALL, interpreter.request("time:sleep", (0.4,)))
        wait_until(lambda call_id=call_id: interpreter.page(16) == call_id, "the call starts")
        began = time.monotonic()
        interpreter.cancel(call_id)
        reply = interpreter.reply(call_id)
        assert time.monotonic() - began > 0.1
        # There was no bytecode left to be interrupted.
        assert reply.flags == 0
        check_alive(interpreter)


def test_c_code_that_holds_the_interpreter_is_not_waited_for(interpreter):
    call_id = start(interpreter, "print('started', flush=True)\nx = sum(range(10**8))")
    interpreter.cancel(call_id)
    interpreter.host.control.send(frames.Frame(frames.PING, call_id=5))
    assert interpreter.host.receive().call_id == 5
    assert interpreter.reply(call_id).flags in (0, frames.INTERRUPTED)
    for _ in range(20):
        check_alive(interpreter)


def test_a_cancel_before_the_call_is_read_skips_it(interpreter):
    first = start(interpreter, LOOP)
    second = interpreter.send(frames.EXECUTE, message("ExecuteRequest")(code="print('ran')"))
    interpreter.cancel(second)
    interpreter.cancel(first)
    assert interpreter.reply(first).flags == frames.INTERRUPTED
    assert interpreter.reply(second).flags == frames.SKIPPED
    assert "ran" not in interpreter.output()


def test_an_interrupted_import_retires_the_interpreter(host, tmp_path):
    (tmp_path / "slow.py").write_text(LOOP)
    (tmp_path / "stubborn.py").write_text(
        "try:\n  print('started', flush=True)\n  while True: pass\nexcept BaseException: pass\n"
    )
    (tmp_path / "fine.py").write_text("")
    for code, flags in (
        ("import slow", frames.INTERRUPTED | frames.RETIRE),
        ("import stubborn", frames.RETIRE),
        ("import fine\n" + LOOP, frames.INTERRUPTED),
    ):
        interpreter = host.open(install_paths=[str(tmp_path)])
        call_id = start(interpreter, code)
        interpreter.cancel(call_id)
        assert interpreter.reply(call_id).flags == flags
        check_alive(interpreter)
        interpreter.close()


def test_an_import_that_a_request_names_is_on_the_page_while_it_lasts(host, tmp_path):
    (tmp_path / "slow.py").write_text("print('started', flush=True)\nwhile True: pass\n")
    interpreter = host.open(install_paths=[str(tmp_path)])
    call_id = interpreter.send(frames.TRY_IMPORT, message("TryImportRequest")(module="slow"))
    wait_until(lambda: "started" in interpreter.output(), "the import starts")
    assert interpreter.page(56) == 1
    interpreter.cancel(call_id)
    reply = interpreter.reply(call_id)
    assert reply.flags == frames.INTERRUPTED | frames.RETIRE
    response = message("TryImportResponse").FromString(reply.payload)
    assert (response.verdict, response.outcome.exception.type) == (3, "KeyboardInterrupt")


@pytest.mark.parametrize("seed", [1])
def test_a_storm_of_cancels_never_hits_another_call(interpreter, seed):
    chance = random.Random(seed)
    interpreter.run(
        "import time\n"
        "def work(i, seconds):\n"
        "  end = time.monotonic() + seconds\n"
        "  while time.monotonic() < end: pass\n"
        "  return i"
    )
    with pytest.raises(RaisedError):
        # Loads what tells exceptions, so that no cancel can hit that import.
        interpreter.run("raise ValueError")
    cancelled = set()
    window: list[int] = []
    counts = {"interrupted": 0, "skipped": 0, "answered": 0}

    def take():
        call_id = window.pop(0)
        reply = interpreter.reply(call_id)
        assert not reply.flags & frames.RETIRE
        if reply.flags & frames.SKIPPED:
            counts["skipped"] += 1
            assert call_id in cancelled
        elif reply.flags & frames.INTERRUPTED:
            counts["interrupted"] += 1
            assert call_id in cancelled
        else:
            counts["answered"] += 1
            assert interpreter.outcome(reply).value.int_value == call_id

    for _ in range(2000):
        call_id = interpreter.next_id
        # The thread that interrupts gets the GIL after 5 ms at the latest.
        seconds = chance.choice([0.0, 0.0, 0.0005, 0.002, 0.008])
        interpreter.send(frames.CALL, interpreter.request("__main__:work", (call_id, seconds)))
        window.append(call_id)
        if chance.random() < 0.5:
            if chance.random() < 0.7:
                time.sleep(chance.random() * 0.001)
            victim = chance.choice(window)
            cancelled.add(victim)
            interpreter.cancel(victim)
        if len(window) >= chance.randint(1, 8):
            take()
    while window:
        take()
    assert counts["interrupted"] > 10
    assert counts["skipped"] > 10
    assert counts["answered"] > 1000
    check_alive(interpreter)


def test_bytecode_is_as_fast_after_interrupts_as_before(interpreter):
    code = (
        "import time\nbegan = time.process_time()\nfor i in range(2_000_000): pass\n"
        "result = time.process_time() - began"
    )

    def fastest():
        return min(interpreter.execute(code, want="value") for _ in range(3))

    before = fastest()
    for _ in range(20):
        call_id = start(interpreter, LOOP)
        interpreter.cancel(call_id)
        interpreter.reply(call_id)
    assert fastest() < 3 * before
