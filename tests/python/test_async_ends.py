"""Event loops: cancelled calls, deadlines, crashes, other loops and threads, and their ends."""

import asyncio
import os
import threading
import time

import pytest
from conftest import has_stopped_growing, wait_until
from event_loops import run

import envknit


@pytest.mark.parametrize("how", ["cancel", "wait_for", "close"])
def test_cancelling_stops_the_work_and_keeps_the_worker(afresh, tmp_path, how):
    trace = tmp_path / "trace"

    async def test():
        context = afresh(name="worklib.endless")
        async with context as endless:
            before = await endless.os.getpid()
            call = endless.loop(str(trace))
            while not trace.exists():
                await asyncio.sleep(0.01)
            if how == "cancel":
                task = asyncio.ensure_future(call)
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task
            elif how == "wait_for":
                with pytest.raises(asyncio.TimeoutError):
                    await asyncio.wait_for(call, 0.1)
            else:
                call.close()
            assert await endless.os.getpid() == before
            assert has_stopped_growing(trace)

    run(test)


def test_cancelling_what_is_queued_costs_nobody_else_their_answer(afresh):
    async def test():
        async with afresh() as lib:
            blocker = lib.sleep(0.3)
            calls = [lib.remember(number) for number in range(1000)]
            for call in calls[::2]:
                call.cancel()
            await blocker
            answers = await asyncio.gather(*calls, return_exceptions=True)
            cancelled = [isinstance(answer, asyncio.CancelledError) for answer in answers]
            assert cancelled == [True, False] * 500
            assert await lib.recall() == list(range(1, 1000, 2))

    run(test)


def test_what_is_cancelled_together_is_not_sent_any_more(afresh):
    async def test():
        async with afresh() as lib:
            blocker = lib.sleep(30)
            calls = [lib.remember(number) for number in range(2000)]
            everything = asyncio.gather(*calls, blocker)
            await asyncio.sleep(0.1)
            everything.cancel()
            with pytest.raises(asyncio.CancelledError):
                await everything
            # Those in flight had not begun, and the others stayed here.
            assert await lib.recall() == []

    run(test)


def test_a_timeout_counts_from_sending(afresh):
    async def test():
        async with afresh(timeout=1.6) as lib:
            started = time.monotonic()
            with pytest.raises(TimeoutError) as raised:
                await lib.sleep(30)
            assert isinstance(raised.value, envknit.DeadlineError)
            assert 1.5 < time.monotonic() - started < 6
            # More calls than may be in flight, together longer than one timeout.
            answers = await asyncio.gather(*[lib.sleep(0.001) for _ in range(2000)])
            assert answers == [None] * 2000

    run(test)


def test_a_crash_fails_what_ran_and_the_next_call_gets_a_new_worker(afresh):
    async def test():
        async with afresh() as lib:
            pid = await lib.pid()
            with pytest.raises(envknit.WorkerCrashed):
                await lib.kill_myself()
            with pytest.warns(RuntimeWarning, match="was replaced"):
                assert await lib.pid() != pid

    run(test)


def test_the_end_of_the_daemon_fails_what_is_in_flight(client):
    script = """
import asyncio, signal, warnings
from envknit.isolation import worker
warnings.simplefilter("ignore")
async def main():
    async with envknit.aworker("worklib", "1.0", PACKAGES) as lib:
        await lib.echo(1)
        calls = [lib.sleep(30) for _ in range(200)]
        os.kill(worker._pool._connection.daemon.pid, signal.SIGKILL)
        ends = await asyncio.gather(*calls, return_exceptions=True)
        show(sorted({type(end).__name__ for end in ends}))
        show(await asyncio.gather(*[lib.echo(number) for number in range(3)]))
asyncio.run(main())
"""
    status, lines, err = client(script).end(60)
    assert status == 0, err
    assert lines == [["WorkerCrashed"], [[0], [1], [2]]]


def test_a_silent_server_is_not_waited_for(client):
    script = """
import asyncio, signal, time
from envknit.isolation import worker
async def main():
    async with envknit.aworker("worklib", "1.0", PACKAGES, 0.5) as lib:
        await lib.echo(1)
        daemon = worker._pool._connection.daemon.pid
        os.kill(daemon, signal.SIGSTOP)
        while open(f"/proc/{daemon}/stat").read().rpartition(")")[2].split()[0] != "T":
            await asyncio.sleep(0.001)
        started = time.monotonic()
        try:
            await lib.echo(2)
        except envknit.DeadlineError:
            show(time.monotonic() - started < 8)
        os.kill(daemon, signal.SIGCONT)
        show(await lib.echo(3))
asyncio.run(main())
"""
    status, lines, err = client(script).end()
    assert (status, lines) == (0, [True, [3]]), err


def test_shares_its_worker_with_threads(fresh_worker, afresh):
    context = fresh_worker()
    wrong = []

    def work(lib, number):
        for step in range(100):
            if lib.echo(number, step) != [number, step]:
                wrong.append((number, step))

    async def test():
        async with afresh(of=context) as alib:
            with context as lib:
                assert await alib.pid() == lib.pid()
                threads = [
                    asyncio.create_task(asyncio.to_thread(work, lib, number)) for number in range(4)
                ]
                for _ in range(20):
                    answers = await asyncio.gather(*[alib.echo(n) for n in range(50)])
                    assert answers == [[n] for n in range(50)]
                await asyncio.gather(*threads)

    run(test)
    assert wrong == []


def test_loops_of_several_threads(afresh):
    context = afresh()
    wrong = []

    def work(number):
        async def calls():
            async with context as lib:
                sent = [lib.echo(number, step) for step in range(300)]
                if await asyncio.gather(*sent) != [[number, step] for step in range(300)]:
                    wrong.append(number)

        asyncio.run(calls())

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_one_loop_after_the_other_leaves_nothing_behind(afresh):
    context = afresh()

    async def test():
        async with context as lib:
            assert await lib.echo(1) == [1]

    run(test)
    before = len(os.listdir("/proc/self/fd")), threading.active_count()
    for _ in range(50):
        run(test)
    wait_until(
        lambda: (len(os.listdir("/proc/self/fd")), threading.active_count()) <= before,
        "descriptors and threads are as before",
    )


def test_a_loop_that_ends_with_calls_in_flight(client):
    script = """
import asyncio
async def main():
    async with envknit.aworker("worklib", "1.0", PACKAGES) as lib:
        main.forgotten = [lib.sleep(30), lib.sleep(30)]
        main.task = asyncio.create_task(lib.sleep(30))
        await asyncio.sleep(0)
asyncio.run(main())
async def again():
    async with envknit.aworker("worklib", "1.0", PACKAGES) as lib:
        show(await asyncio.wait_for(lib.echo(1), 20))
asyncio.run(again())
"""
    status, lines, err = client(script).end()
    assert (status, lines) == (0, [[1]]), err
