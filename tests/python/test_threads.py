"""Threads of the client: any of them uses any proxy, and none has to end well."""

import concurrent.futures
import gc
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from conftest import PACKAGES, is_running, wait_until

import envknit


def test_eight_threads_get_their_own_answers(lib):
    wrong, order = [], []

    def work(number):
        for step in range(1000):
            if lib.echo(number, step) != [number, step]:
                wrong.append((number, step))
        order.append(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert sorted(order) == list(range(8))


def test_no_thread_starves(lib):
    done = [0] * 6
    stop = threading.Event()

    def work(number):
        while not stop.is_set():
            lib.echo(number)
            done[number] += 1

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    wait_until(lambda: sum(done) > 3000, "three thousand calls")
    stop.set()
    for thread in threads:
        thread.join()
    # The worker takes calls in their order of arrival.
    assert min(done) > max(done) / 10


def test_executors_use_proxies(lib):
    with concurrent.futures.ThreadPoolExecutor(5) as executor:
        answers = list(executor.map(lib.echo, range(200)))
        things = list(executor.map(lib.make_thing, range(50)))
        assert [thing.size for thing in things] == list(range(50))
    assert answers == [[number] for number in range(200)]


def test_one_thread_waits_long_while_others_go_on(lib, fresh_worker):
    with fresh_worker() as other:
        sleeper = threading.Thread(target=lambda: lib.sleep(1.5))
        sleeper.start()
        answers = 0
        while sleeper.is_alive():
            assert other.echo(answers) == [answers]
            answers += 1
        assert answers > 20


def test_proxies_are_dropped_by_any_thread_and_in_cycles(lib):
    def drop(count):
        for number in range(count):
            thing = lib.make_thing(number)
            cycle = [thing]
            cycle.append(cycle)

    threads = [threading.Thread(target=drop, args=(50,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    gc.collect()
    wait_until(lambda: lib.Thing.dropped == 200, "all two hundred are released")


def test_an_exception_in_a_thread_harms_no_other(lib):
    failures = []

    def fail():
        try:
            lib.raise_named("KeyError", "mine")
        except KeyError as error:
            failures.append(error)

    threads = [threading.Thread(target=fail) for _ in range(20)]
    for thread in threads:
        thread.start()
        assert lib.echo(1) == [1]
    for thread in threads:
        thread.join()
    assert len(failures) == 20


def test_a_thread_killed_by_an_asynchronous_exception_leaves_the_channel_whole(lib):
    import ctypes

    class Stop(Exception):  # noqa: N818 - no error
        pass

    ended = []

    def work():
        try:
            while True:
                lib.echo("x")
        except Stop:
            ended.append(True)

    for _ in range(5):
        thread = threading.Thread(target=work)
        thread.start()
        ident = ctypes.c_ulong(thread.ident)
        assert ctypes.pythonapi.PyThreadState_SetAsyncExc(ident, ctypes.py_object(Stop)) == 1
        thread.join(20)
        assert not thread.is_alive()
        assert lib.echo(1) == [1]
    assert ended == [True] * 5


EXITS = {
    "threads are in calls": """
for _ in range(4):
    threading.Thread(target=lambda: lib.sleep(60), daemon=True).start()
""",
    "threads make calls": """
def work():
    while True:
        kept.append(lib.make_thing())
for _ in range(4):
    threading.Thread(target=work, daemon=True).start()
""",
    "a loop has calls in flight": """
import asyncio
async def main():
    async with envknit.aworker("worklib", "1.0", PACKAGES) as alib:
        while True:
            await asyncio.gather(*[alib.make_thing() for _ in range(200)])
threading.Thread(target=asyncio.run, args=(main(),), daemon=True).start()
""",
    "proxies are globals": """
cycle = [lib.make_thing()]
cycle.append(cycle)
class Late:
    def __init__(self): self.thing = lib.make_thing()
    def __del__(self): del self.thing
sys.late = Late()
kept.append(Late())
""",
    "an exit function makes calls": """
import atexit
atexit.register(lambda: show(lib.echo("late")))
""",
}


@pytest.mark.parametrize("how", EXITS)
def test_the_interpreter_ends_while(client, how):
    script = f"""
import threading, time
from envknit.isolation import worker
kept = []
lib = envknit.worker("worklib", "1.0", PACKAGES).__enter__()
{EXITS[how]}
time.sleep(0.2)
show(worker._pool._connection.daemon.pid)
"""
    running = client(script)
    pid = running.line()
    if "exit function" in how:
        assert running.line() == ["late"]
    status, lines, err = running.end()
    assert (status, lines, err) == (0, [], "")
    wait_until(lambda: not is_running(pid), "the daemon is gone", 5)


def test_a_thousand_blocks_leave_nothing_behind(fresh_worker, again):
    context = fresh_worker()

    def blocks(count):
        for _ in range(count):
            with again(context) as lib:
                lib.echo(1)

    def usage():
        status = Path("/proc/self/status").read_text()
        resident = int(status.partition("VmRSS:")[2].split()[0])
        return len(os.listdir("/proc/self/fd")), len(os.listdir("/proc/self/task")), resident

    blocks(100)
    gc.collect()
    descriptors, threads, resident = usage()
    started = time.monotonic()
    blocks(1000)
    gc.collect()
    after = usage()
    assert after[0] <= descriptors
    assert after[1] <= threads
    # Kilobytes: less than four for each block.
    assert after[2] < resident + 4000
    assert time.monotonic() - started < 60


def test_a_signal_handler_may_make_calls_of_its_own(client):
    script = """
import signal, threading, time
with envknit.worker("worklib", "1.0", PACKAGES) as lib:
    heard = []
    signal.signal(signal.SIGUSR1, lambda *_: heard.append(lib.echo("handler")))
    stop = threading.Event()
    def fire():
        while not stop.is_set():
            os.kill(os.getpid(), signal.SIGUSR1)
            time.sleep(0.01)
    firing = threading.Thread(target=fire)
    firing.start()
    right = all(lib.echo(number) == [number] for number in range(500))
    while not heard:
        lib.echo(0)
    stop.set()
    firing.join()
    show([right, heard[0]])
"""
    status, lines, err = client(script).end()
    assert (status, lines) == (0, [[True, ["handler"]]]), err


def test_a_signal_handler_may_make_calls_during_a_long_one(client):
    script = """
import signal, time
with envknit.worker("worklib", "1.0", PACKAGES) as lib, \\
        envknit.worker("worklib", "1.1", PACKAGES) as other:
    other.echo(0)
    heard = []
    signal.signal(signal.SIGALRM, lambda *_: heard.append(other.echo("handler")))
    signal.setitimer(signal.ITIMER_REAL, 0.2)
    started = time.monotonic()
    lib.sleep(1)
    show([heard, time.monotonic() - started < 10])
"""
    status, lines, err = client(script).end()
    assert (status, lines) == (0, [[[["handler"]], True]]), err


def test_a_script_needs_no_main_guard(tmp_path):
    script = tmp_path / "plain.py"
    script.write_text(
        "import envknit\n"
        f"with envknit.worker('worklib', '1.0', {str(PACKAGES)!r}) as lib:\n"
        "    print('ran', lib.echo(1))\n"
    )
    ran = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=60)
    assert (ran.returncode, ran.stdout) == (0, "ran [1]\n"), ran.stderr


def misread_by_eight_threads(lib, numbers):
    """What is not what it should be, of new types that all threads get at the same time."""
    barrier = threading.Barrier(8)
    wrong = []

    def work():
        for number in numbers:
            barrier.wait(60)
            thing = lib.make_numbered(number)
            if not isinstance(thing, lib.Thing) or f"Numbered{number} " not in repr(thing):
                wrong.append(repr(thing))
            elif len(thing) != number:
                wrong.append(number)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return wrong


def test_a_types_first_objects_are_of_it_in_every_thread(lib):
    assert misread_by_eight_threads(lib, range(200)) == []


def test_types_of_a_new_worker_are_its_own_in_every_thread(lib):
    assert isinstance(lib.make_numbered(1000), lib.Thing)
    for attempt in range(5):
        with pytest.raises(envknit.WorkerCrashed):
            lib.exit_at_once(3)
        # One warning for each crash, whichever thread has the reply that tells.
        with pytest.warns(RuntimeWarning, match="was replaced") as warned:
            assert misread_by_eight_threads(lib, range(attempt, 20)) == []
        assert len(warned) == 1
