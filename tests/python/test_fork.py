"""Forks: of the client, and of user code in a worker."""

import os
import signal
import subprocess
import sys

import pytest
from conftest import FORK_WARNING, PREAMBLE, is_running, wait_until

START = """
import threading, time, traceback
from envknit.isolation import worker
def fork(body):
    '''Runs it in a child, whose status is 0 unless it raised.'''
    child = os.fork()
    if child:
        return child
    try:
        body()
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)
def join(child):
    status = os.waitpid(child, 0)[1]
    assert status == 0, status
lib = envknit.worker("worklib", "1.0", PACKAGES).__enter__()
"""


def passes(client, script, seconds=60, **environment):
    status, lines, err = client(START + script, **environment).end(seconds)
    assert status == 0, err
    return lines


def test_while_another_thread_is_in_a_call(client):
    script = """
answers = []
def work():
    for number in range(300):
        answers.append(lib.echo(number) == [number])
threads = [threading.Thread(target=work) for _ in range(3)]
sleeper = threading.Thread(target=lambda: answers.append(other.sleep(1.5) is None))
other = envknit.worker("worklib", "1.1", PACKAGES).__enter__()
other.echo(1)
for thread in (*threads, sleeper):
    thread.start()
def child():
    assert lib.echo("child") == ["child"]
    assert other.echo("child") == ["child"]
for _ in range(4):
    join(fork(child))
for thread in (*threads, sleeper):
    thread.join()
show([len(answers), all(answers)])
"""
    assert passes(client, script) == [[901, True]]


def test_while_a_loop_has_calls_in_flight(client):
    script = """
import asyncio
async def calls():
    async with envknit.aworker("worklib", "1.0", PACKAGES) as alib:
        return await asyncio.gather(*[alib.echo(number) for number in range(300)])
async def main():
    async with envknit.aworker("worklib", "1.0", PACKAGES) as alib:
        sent = [alib.echo(number) for number in range(500)]
        children = []
        for _ in range(2):
            child = threading.Thread(target=lambda: children.append(fork(in_child)))
            child.start()
            child.join()
        assert await asyncio.gather(*sent) == [[number] for number in range(500)]
        for child in children:
            join(child)
def in_child():
    assert asyncio.run(calls()) == [[number] for number in range(300)]
asyncio.run(main())
show(asyncio.run(calls())[7])
"""
    assert passes(client, script) == [[7]]


def test_grandchildren_have_daemons_of_their_own(client):
    script = """
def daemon():
    return worker._pool._connection.daemon.pid
def grandchild():
    thing_of_parent_is_stale()
    lib.echo(1)
    show([daemon(), lib.pid()])
def child():
    thing_of_parent_is_stale()
    lib.echo(1)
    show([daemon(), lib.pid()])
    join(fork(grandchild))
    assert lib.echo(2) == [2]
def thing_of_parent_is_stale():
    try:
        thing.grow()
    except envknit.StaleHandleError:
        return
    raise AssertionError("not stale")
thing = lib.make_thing()
show([daemon(), lib.pid()])
join(fork(child))
assert thing.grow().size == 4
"""
    started = passes(client, script)
    pids = {pid for pair in started for pid in pair}
    assert len(pids) == 6
    wait_until(lambda: not any(map(is_running, pids)), f"{pids} are gone", 5)


def test_finalizers_in_a_child_release_nothing_of_the_parents(client):
    script = """
import gc
things = [lib.make_thing(number) for number in range(100)]
def child():
    things.clear()
    gc.collect()
    # Long enough for a release to be sent, if one were.
    for number in range(100):
        lib.echo(number)
    time.sleep(0.1)
join(fork(child))
show([sum(thing.size for thing in things), lib.Thing.dropped])
"""
    assert passes(client, script) == [[4950, 0]]


def test_a_child_leaves_the_parents_daemon_alone_at_its_end(client):
    script = """
child = os.fork()
if child == 0:
    # With exit functions and finalizers.
    sys.exit(0)
join(child)
daemon = worker._pool._connection.daemon.pid
for _ in range(3):
    join(fork(lambda: lib.echo(1)))
show([lib.echo(1), worker._pool._connection.daemon.pid == daemon])
"""
    assert passes(client, script) == [[[1], True]]


def test_an_interrupt_in_the_parents_call_after_a_fork(client):
    script = """
import signal
child = os.fork()
if child == 0:
    time.sleep(1)
    os._exit(0)
threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
try:
    lib.sleep(30)
except KeyboardInterrupt:
    show("interrupted")
join(child)
show(lib.echo(1))
"""
    assert passes(client, script) == ["interrupted", [1]]


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_sixteen_processes_make_their_own_calls(client, tmp_path, method):
    # Run as a script: spawn and forkserver import it again.
    script = tmp_path / "many.py"
    script.write_text(
        """
import multiprocessing, os, sys
import envknit
PACKAGES = sys.argv[1]
def work(number):
    with envknit.worker("worklib", "1.0", PACKAGES) as lib:
        lib.remember(number)
        return [lib.echo(number, step)[1] for step in range(20)] == list(range(20)), lib.recall()
if __name__ == "__main__":
    with envknit.worker("worklib", "1.0", PACKAGES) as lib:
        lib.remember("parent")
        context = multiprocessing.get_context(sys.argv[2])
        with context.Pool(16) as pool:
            answers = pool.map(work, range(16), chunksize=1)
        assert all(right for right, _ in answers), answers
        # A process may have had more than one task.
        assert {n for _, mine in answers for n in mine} == set(range(16)), answers
        assert lib.recall() == ["parent"]
"""
    )
    running = client(
        f"import runpy; sys.argv = [{str(script)!r}, PACKAGES, {method!r}]; "
        "runpy.run_path(sys.argv[0], run_name='__main__'); show('done')"
        if method == "fork"
        else "import subprocess; subprocess.run([sys.executable, "
        f"{str(script)!r}, PACKAGES, {method!r}], check=True); show('done')"
    )
    status, lines, err = running.end(100)
    assert (status, lines) == (0, ["done"]), err


def test_fifty_clients_start_their_daemons_at_once(client):
    script = """
from envknit.isolation import worker
with envknit.worker("worklib", "1.0", PACKAGES) as lib:
    show([lib.echo(1), worker._pool._connection.daemon.pid, lib.pid()])
    sys.stdin.readline()
"""
    import subprocess

    clients = [client(script, stdin=subprocess.PIPE) for _ in range(50)]
    started = []
    for running in clients:
        answer, *pids = running.line()
        assert answer == [1]
        started += pids
    assert len(set(started)) == 100
    for running in clients[::2]:
        running.process.kill()
    for running in clients[1::2]:
        assert running.process.communicate("\\n", timeout=60)[1] == ""
        assert running.process.returncode == 0
    for running in clients[::2]:
        running.process.wait(20)
        running.process.stdin.close()
    wait_until(lambda: not any(map(is_running, started)), "all hundred are gone", 10)


FORKS = {
    "os.fork, that returns": "forking.fork_and_return()",
    "os.fork, that raises": "forking.fork_and_raise()",
    "os.fork, whose child ends itself": "forking.fork_and_exit()",
    "multiprocessing": "forking.with_multiprocessing()",
    "subprocess": "forking.with_subprocess()",
    "threads": "forking.with_threads()",
    "a pool of processes": "forking.with_pool()",
}


@pytest.mark.parametrize("how", FORKS)
def test_user_code_may_fork(fresh_worker, how):
    with fresh_worker(name="worklib.forking") as forking:
        here = forking.os.getpid()
        for number in range(3):
            assert eval(FORKS[how], {"forking": forking}) == "done"
            # The answers of later calls are their own: no child spoke on the channel.
            assert forking.echo(number) == number
        assert forking.os.getpid() == here
        wait_until(lambda: forking.children() == [], "no child is left")


def test_a_child_of_user_code_that_lives_on_answers_nothing(fresh_worker):
    with fresh_worker(name="worklib.forking") as forking:
        child = forking.fork_and_linger()
        try:
            assert is_running(child)
            assert forking.echo(1) == 1
        finally:
            os.kill(child, signal.SIGKILL)
        assert forking.echo(2) == 2


def test_threads_that_fork_at_the_same_time():
    script = """
# Runs between the pause of the package, which comes later to the list, and fork().
def between():
    if threading.current_thread().name == "second":
        second_is_ready.set()
        first_is_done.wait(30)
        caller.start()
        # Nobody may be inside of gRPC until this one has forked, too.
        outcomes.append(answered.wait(0.5))
    elif threading.current_thread().name == "first":
        second_is_ready.wait(30)
import os, threading
os.register_at_fork(before=between)
second_is_ready, first_is_done, answered = (threading.Event() for _ in range(3))
outcomes = []
"""
    script += (
        PREAMBLE
        + START
        + """
assert lib.echo(1) == [1]
def call():
    outcomes.append(lib.echo(2))
    answered.set()
caller = threading.Thread(target=call)
def fork_first():
    join(fork(lambda: None))
    first_is_done.set()
def in_second():
    assert lib.echo("child") == ["child"]
first = threading.Thread(target=fork_first, name="first")
second = threading.Thread(target=lambda: join(fork(in_second)), name="second")
for thread in (first, second):
    thread.start()
for thread in (first, second, caller):
    thread.join()
show(outcomes)
"""
    )
    command = [sys.executable, "-W", "error", "-W", FORK_WARNING, "-c", script]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stdout) == (0, "[false, [2]]\n"), ended.stderr


def test_while_another_thread_asks_for_the_status(client):
    script = """
stop = threading.Event()
answers = []
def ask():
    while not stop.is_set():
        answers.append(len(envknit.status().workers))
lib.echo(1)
threads = [threading.Thread(target=ask) for _ in range(2)]
for thread in threads:
    thread.start()
def child():
    assert lib.echo("child") == ["child"]
    assert len(envknit.status().workers) == 1
for _ in range(4):
    join(fork(child))
stop.set()
for thread in threads:
    thread.join()
show(set(answers) == {1})
"""
    assert passes(client, script) == [True]


def test_a_child_takes_nothing_of_the_parents_loop(client):
    script = """
import asyncio, select
from envknit.isolation import loop_calls
async def main():
    async with envknit.aworker("worklib", "1.0", PACKAGES) as alib:
        await alib.echo(0)
        calls = loop_calls._loops[asyncio.get_running_loop()]
        sent = asyncio.ensure_future(alib.echo(1))
        # Lets it be sent, but not be answered: this loop stands still until the child is gone.
        await asyncio.sleep(0)
        def child():
            assert select.select([calls.core.fileno()], [], [], 30)[0]
            calls.core.drain()
            calls.core.check()
        join(fork(child))
        show(await asyncio.wait_for(sent, 20))
asyncio.run(main())
"""
    assert passes(client, script) == [[1]]
