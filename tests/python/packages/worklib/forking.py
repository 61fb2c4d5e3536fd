"""Code that starts processes and threads in every way."""

import concurrent.futures
import multiprocessing
import os
import subprocess
import threading
import time


def echo(value):
    return value


def children():
    while True:
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return []
        if pid == 0:
            with open(f"/proc/self/task/{os.getpid()}/children") as listed:
                return listed.read().split()


def _wait_for(pid):
    os.waitpid(pid, 0)
    return "done"


def fork_and_return():
    pid = os.fork()
    return _wait_for(pid) if pid else "the child's"


def fork_and_raise():
    pid = os.fork()
    if pid == 0:
        raise RuntimeError("the child's")
    return _wait_for(pid)


def fork_and_exit():
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    return _wait_for(pid)


def fork_and_linger():
    pid = os.fork()
    if pid == 0:
        time.sleep(600)
    return pid


def _square(number):
    return number * number


def with_multiprocessing():
    context = multiprocessing.get_context("fork")
    queue = context.SimpleQueue()
    process = context.Process(target=queue.put, args=("done",))
    process.start()
    answer = queue.get()
    process.join()
    return answer if process.exitcode == 0 else process.exitcode


def with_pool():
    context = multiprocessing.get_context("fork")
    with concurrent.futures.ProcessPoolExecutor(2, mp_context=context) as pool:
        return "done" if list(pool.map(_square, range(5))) == [0, 1, 4, 9, 16] else "wrong"


def with_subprocess():
    return subprocess.run(["echo", "done"], capture_output=True, text=True).stdout.strip()


def with_threads():
    found = []
    threads = [threading.Thread(target=found.append, args=(number,)) for number in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return "done" if sorted(found) == [0, 1, 2, 3, 4] else "wrong"
