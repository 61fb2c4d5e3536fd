"""Ctrl-C: KeyboardInterrupt at once, the call cancelled, the block usable, nothing left."""

import signal

import pytest
from conftest import is_running, wait_until

START = """
import asyncio, signal, threading, time
from envknit.isolation import worker
def interrupt_after(seconds, times=1):
    def fire():
        for _ in range(times):
            time.sleep(seconds)
            os.kill(os.getpid(), signal.SIGINT)
    thread = threading.Thread(target=fire)
    thread.start()
    return thread
"""


def test_twice_in_a_row(client):
    script = """
with envknit.worker("worklib", "1.0", PACKAGES) as lib:
    before = lib.pid()
    for _ in range(2):
        firing = interrupt_after(0.3)
        try:
            lib.sleep(30)
        except KeyboardInterrupt:
            show("interrupted")
        firing.join()
    show([lib.echo(1), lib.pid() == before])
"""
    status, lines, err = client(START + script).end()
    assert (status, lines) == (0, ["interrupted", "interrupted", [[1], True]]), err


def test_twice_quickly(client):
    script = """
with envknit.worker("worklib", "1.0", PACKAGES) as lib:
    lib.echo(0)
    caught = 0
    firing = None
    while caught < 2:
        try:
            if firing is None:
                firing = interrupt_after(0.15, times=2)
            lib.sleep(30)
        except KeyboardInterrupt:
            caught += 1
    firing.join()
    show(lib.echo(1))
"""
    status, lines, err = client(START + script).end()
    assert (status, lines) == (0, [[1]]), err


@pytest.mark.parametrize("delay", [0.0, 0.005, 0.02, 0.05, 0.1])
def test_during_the_start(client, delay):
    # Of the daemon, the worker or its import, which takes two seconds.
    script = f"""
try:
    interrupt_after({delay})
    with envknit.worker("worklib.two_seconds", "1.0", PACKAGES) as lib:
        show("too late")
except KeyboardInterrupt:
    show("interrupted")
with envknit.worker("worklib.two_seconds", "1.0", PACKAGES) as lib:
    show([lib.echo(1), worker._pool._connection.daemon.pid, lib.pid()])
"""
    running = client(START + script)
    assert running.line() == "interrupted"
    answer, *started = running.line()
    assert answer == 1
    status, _lines, err = running.end()
    assert status == 0, err
    wait_until(lambda: not any(map(is_running, started)), f"{started} are gone", 5)


def test_an_interrupted_start_leaves_no_daemon(client):
    script = """
try:
    interrupt_after(0.02)
    with envknit.worker("worklib.two_seconds", "1.0", PACKAGES) as lib:
        pass
except KeyboardInterrupt:
    pass
with open(f"/proc/self/task/{os.getpid()}/children") as children:
    show([int(pid) for pid in children.read().split()])
"""
    running = client(START + script)
    children = running.line()
    running.end()
    wait_until(lambda: not any(map(is_running, children)), f"{children} are gone", 5)


def test_while_a_thread_is_in_a_call(client):
    # The main thread is interrupted; the thread's call is its own affair.
    script = """
with envknit.worker("worklib", "1.0", PACKAGES) as lib, \\
        envknit.worker("worklib", "1.1", PACKAGES) as other:
    answers = []
    def work():
        lib.sleep(1)
        answers.append(lib.echo("thread"))
    thread = threading.Thread(target=work)
    thread.start()
    firing = interrupt_after(0.3)
    try:
        other.sleep(30)
    except KeyboardInterrupt:
        show("interrupted")
    thread.join()
    firing.join()
    show([answers, other.echo(1)])
"""
    status, lines, err = client(START + script).end()
    assert (status, lines) == (0, ["interrupted", [[["thread"]], [1]]]), err


def test_of_an_event_loop(client):
    script = """
async def main():
    async with envknit.aworker("worklib", "1.0", PACKAGES) as lib:
        await lib.echo(1)
        firing = interrupt_after(0.3)
        await asyncio.gather(*[lib.sleep(30) for _ in range(3)])
try:
    asyncio.run(main())
except KeyboardInterrupt:
    show("interrupted")
with envknit.worker("worklib", "1.0", PACKAGES, 10) as lib:
    show(lib.echo(1))
"""
    status, lines, err = client(START + script).end()
    assert (status, lines) == (0, ["interrupted", [1]]), err


def test_that_nobody_catches_ends_the_process_and_all_it_started(client):
    script = """
with envknit.worker("worklib", "1.0", PACKAGES) as lib:
    show([worker._pool._connection.daemon.pid, lib.pid(), lib.start_sleeping_child()])
    lib.sleep(60)
"""
    running = client(START + script)
    started = running.line()
    running.process.send_signal(signal.SIGINT)
    status, _lines, err = running.end()
    assert status == -signal.SIGINT
    assert "KeyboardInterrupt" in err
    wait_until(lambda: not any(map(is_running, started)), f"{started} are gone", 5)


def test_a_storm_of_them(client):
    script = """
caught = right = 0
stop = False
def fire():
    while not stop:
        time.sleep(0.003)
        os.kill(os.getpid(), signal.SIGINT)
with envknit.worker("worklib", "1.0", PACKAGES) as lib:
    before = lib.pid()
    thread = threading.Thread(target=fire)
    thread.start()
    number = 0
    while caught < 50:
        try:
            number += 1
            answer = lib.echo(number)
            assert answer == [number], answer
            right += 1
        except KeyboardInterrupt:
            caught += 1
    while thread.is_alive():
        try:
            stop = True
            thread.join()
        except KeyboardInterrupt:
            pass
    show([lib.echo("after"), lib.pid() == before])
"""
    status, lines, err = client(START + script).end(60)
    assert (status, lines) == (0, [[["after"], True]]), err
