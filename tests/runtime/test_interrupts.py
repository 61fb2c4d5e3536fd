"""Deadlines and cancels: the interrupt protocol, and that it never hits another call."""

import os
import random
import signal
import threading
import time

import frames
import pytest
from caller import RaisedError, wait_until
from worker_process import WorkerProcess


@pytest.fixture
def worker(tag):
    with WorkerProcess(tag) as process:
        yield process.configure()


# Each says "started" on stdout first, when it imports nothing any more.
LOOPS = {
    "sleep": "import time\nprint('started', flush=True)\ntime.sleep(600)",
    "python loop": "print('started', flush=True)\nwhile True: pass",
    "select": "import select\nprint('started', flush=True)\nselect.select([], [], [])",
}


def start(worker, code, **options):
    """Sends a call that runs `code`, and waits until it is under way."""
    namespace = worker.get("__main__:__dict__", want="handle")
    before = worker.output().count("started")
    call_id = worker.send(
        frames.CALL, worker.request("builtins:exec", (code, namespace)), **options
    )
    wait_until(lambda: worker.output().count("started") > before, "the call starts")
    return call_id


def check_alive(worker):
    assert worker.call("math:hypot", 3.0, 4.0) == 5.0


@pytest.mark.parametrize("kind", LOOPS)
@pytest.mark.parametrize("ignored", [False, True], ids=["", "sigint ignored"])
def test_cancel_interrupts_the_running_call(tag, kind, ignored):
    with WorkerProcess(tag, ignore_sigint=ignored) as worker:
        worker.configure()
        worker.run("state = 41")
        call_id = start(worker, LOOPS[kind])
        assert worker.page(16) == call_id
        worker.cancel(call_id)
        reply = worker.reply(call_id)
        assert reply.flags == frames.INTERRUPTED
        with pytest.raises(RaisedError) as raised:
            worker.outcome(reply)
        assert raised.value.remote.type == "KeyboardInterrupt"
        assert worker.get("__main__:state") == 41
        check_alive(worker)


def test_cancel_before_the_call_is_read_skips_it(worker):
    first = start(worker, LOOPS["sleep"])
    second = worker.send(frames.CALL, worker.request("builtins:print", ("ran",)))
    third = worker.send(frames.CALL, worker.request("math:hypot", (3.0, 4.0)))
    worker.cancel(second)
    worker.cancel(first)
    assert worker.reply(first).flags == frames.INTERRUPTED
    skipped = worker.reply(second)
    assert skipped.flags == frames.SKIPPED
    assert skipped.payload == b""
    assert worker.outcome(worker.reply(third)).value.float_value == 5.0
    assert "ran" not in worker.output()


def test_cancel_of_a_finished_call_does_nothing(worker):
    check_alive(worker)
    worker.cancel(1)
    worker.control.send(frames.Frame(frames.PING, call_id=9))
    assert worker.control.receive().kind == frames.PONG
    check_alive(worker)


def test_a_call_that_swallows_the_interrupt_is_no_interrupted_call(worker):
    code = (
        "import time\nprint('started', flush=True)\n"
        "try: time.sleep(600)\nexcept BaseException: pass"
    )
    call_id = start(worker, code)
    worker.cancel(call_id)
    reply = worker.reply(call_id)
    assert reply.flags == 0
    check_alive(worker)


def test_ping_is_answered_while_the_interpreter_is_held(worker):
    call_id = start(worker, "print('started', flush=True)\nsum(range(10**8))")
    worker.control.send(frames.Frame(frames.PING, call_id=5))
    pong = worker.control.receive()
    assert (pong.kind, pong.call_id) == (frames.PONG, 5)
    worker.cancel(call_id)
    worker.reply(call_id)


def test_an_interrupted_import_retires_the_worker(tag, tmp_path):
    (tmp_path / "slow.py").write_text(
        "import time\nprint('started', flush=True)\ntime.sleep(600)\n"
    )
    (tmp_path / "stubborn.py").write_text(
        "import time\nprint('started', flush=True)\n"
        "try: time.sleep(600)\nexcept BaseException: pass\n"
    )
    with WorkerProcess(tag) as worker:
        worker.configure(install_paths=[str(tmp_path)])
        call_id = start(worker, "import slow")
        worker.cancel(call_id)
        assert worker.reply(call_id).flags == frames.INTERRUPTED | frames.RETIRE
        call_id = start(worker, "import stubborn")
        worker.cancel(call_id)
        assert worker.reply(call_id).flags == frames.RETIRE
        check_alive(worker)


def test_user_code_may_replace_ignore_or_block_sigint(worker):
    worker.run("import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)")
    for code in (
        "signal.signal(signal.SIGINT, lambda *_: None)",
        "signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])",
    ):
        worker.run(code)
        call_id = start(worker, LOOPS["sleep"])
        worker.cancel(call_id)
        assert worker.reply(call_id).flags == frames.INTERRUPTED
        check_alive(worker)


def test_an_interrupt_that_was_blocked_does_not_hit_the_next_call(worker):
    code = (
        "import signal, time\nsignal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])\n"
        "print('started', flush=True)\nend = time.monotonic() + 30\n"
        "while not signal.sigpending() and time.monotonic() < end: pass"
    )
    call_id = start(worker, code)
    worker.cancel(call_id)
    assert worker.reply(call_id).flags == 0
    for _ in range(20):
        check_alive(worker)


def test_user_codes_own_sigint_is_an_exception_of_the_call(worker):
    with pytest.raises(RaisedError) as raised:
        worker.run("import os, signal; os.kill(os.getpid(), signal.SIGINT)\nwhile True: pass")
    assert raised.value.remote.type == "KeyboardInterrupt"
    assert raised.value.frame.flags == 0


def test_signals_from_outside_do_not_disturb_an_idle_worker(worker):
    check_alive(worker)
    for _ in range(50):
        os.kill(worker.process.pid, signal.SIGINT)
    check_alive(worker)


def test_user_timers_run_while_idle(worker):
    worker.run(
        "import signal\nticks = []\n"
        "def tick(*_):\n  ticks.append(1); print('tick', flush=True); raise ValueError('in tick')\n"
        "signal.signal(signal.SIGALRM, tick)\n"
        "signal.setitimer(signal.ITIMER_REAL, 0.02, 0.02)"
    )
    wait_until(lambda: worker.output().count("tick") > 3, "the timer ticks")
    silence_alarm(worker)
    worker.run("signal.setitimer(signal.ITIMER_REAL, 0)")
    assert "ValueError: in tick" in worker.output()


def silence_alarm(worker):
    """Takes the raising handler away; it may hit the very call that does so."""
    for _ in range(200):
        try:
            worker.run("signal.signal(signal.SIGALRM, signal.SIG_IGN)")
        except RaisedError:
            continue
        return
    raise AssertionError("the handler hit every call")


def test_user_threads_go_on_while_idle(worker):
    worker.run(
        "import threading, time\n"
        "def spin():\n  for i in range(3): time.sleep(0.01); print('spun', flush=True)\n"
        "threading.Thread(target=spin).start()"
    )
    wait_until(lambda: worker.output().count("spun") == 3, "the thread runs")


@pytest.mark.parametrize("seed", [1])
def test_a_storm_of_cancels_never_hits_another_call(worker, seed):
    chance = random.Random(seed)
    worker.run(
        "import time\n"
        "def work(i, seconds):\n"
        "  end = time.monotonic() + seconds\n"
        "  while time.monotonic() < end: pass\n"
        "  return i"
    )
    with pytest.raises(RaisedError):
        # Loads what tells exceptions, so that no cancel can hit that import.
        worker.run("raise ValueError")
    cancelled = set()
    window: list[int] = []
    answered = interrupted = skipped = 0

    def take():
        nonlocal answered, interrupted, skipped
        call_id = window.pop(0)
        reply = worker.reply(call_id)
        answered += 1
        if reply.flags & frames.SKIPPED:
            skipped += 1
            assert call_id in cancelled
        elif reply.flags & frames.INTERRUPTED:
            interrupted += 1
            assert call_id in cancelled
        else:
            assert worker.outcome(reply).value.int_value == call_id
        assert not reply.flags & frames.RETIRE

    for _ in range(2000):
        call_id = worker.next_id
        seconds = chance.choice([0.0, 0.0, 0.0001, 0.0005, 0.002])
        sent = worker.send(frames.CALL, worker.request("__main__:work", (call_id, seconds)))
        assert sent == call_id
        window.append(call_id)
        if chance.random() < 0.5:
            if chance.random() < 0.7:
                time.sleep(chance.random() * 0.001)
            victim = chance.choice(window)
            cancelled.add(victim)
            worker.cancel(victim)
        if len(window) >= chance.randint(1, 8):
            take()
    while window:
        take()
    assert answered == 2000
    assert interrupted > 10
    assert skipped > 10
    check_alive(worker)


def test_cancels_from_many_threads_while_calls_fail_and_print(worker):
    stop = threading.Event()

    def pester():
        chance = random.Random(3)
        while not stop.is_set():
            worker.cancel(max(0, worker.next_id - chance.randint(0, 2)))
            time.sleep(chance.random() * 0.0005)

    thread = threading.Thread(target=pester)
    thread.start()
    try:
        for i in range(300):
            code = "print('x'); raise ValueError" if i % 2 else "pass"
            reply = worker.reply(worker.send(frames.CALL, worker.request("builtins:exec", (code,))))
            if reply.flags:
                assert reply.flags in (
                    frames.INTERRUPTED,
                    frames.SKIPPED,
                    frames.RETIRE,
                    frames.INTERRUPTED | frames.RETIRE,
                )
    finally:
        stop.set()
        thread.join()
    # The last cancel may have named a call that was not sent yet.
    reply = worker.reply(worker.send(frames.CALL, worker.request("math:hypot", (3.0, 4.0))))
    assert reply.flags in (0, frames.SKIPPED)
    check_alive(worker)
