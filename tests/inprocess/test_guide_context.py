"""The guide: context propagation and its table."""

import inspect
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from own_process import in_own_process
from package_trees import PackageTrees

import envknit
from envknit.isolation import ContextExecutor, ContextThread, context_wrap
from envknit.isolation.import_hook import _active_versions


@pytest.fixture
def trees(tmp_path):
    made = PackageTrees(tmp_path)
    made.add("requests", "2.31.0")
    made.add("requests", "2.28.2")
    return made


def requests_version():
    import requests

    return requests.__version__


def collect(seen):
    return lambda: seen.append(requests_version())


@in_own_process
def test_plain_threads_do_not_inherit(trees):
    envknit.configure_from_lock(trees.lock())
    seen = []
    with envknit.use("requests", "2.28.2"):
        thread = threading.Thread(target=collect(seen))
        thread.start()
        thread.join()
    assert seen == ["2.31.0"]


@in_own_process
def test_context_thread(trees):
    envknit.configure_from_lock(trees.lock())
    seen = []
    with envknit.use("requests", "2.28.2"):
        t = ContextThread(target=collect(seen))
        t.start()
        t.join()
    assert seen == ["2.28.2"]


@in_own_process
def test_context_thread_snapshots_at_init_not_at_start(trees):
    envknit.configure_from_lock(trees.lock())
    seen = []
    outside = ContextThread(target=collect(seen))
    with envknit.use("requests", "2.28.2"):
        inside = ContextThread(target=collect(seen))
        outside.start()
        outside.join()
    inside.start()
    inside.join()
    assert seen == ["2.31.0", "2.28.2"]
    assert issubclass(ContextThread, threading.Thread)


@in_own_process
def test_context_thread_takes_what_a_thread_takes(trees):
    envknit.configure_from_lock(trees.lock())
    seen = []
    with envknit.use("requests", "2.28.2"):
        thread = ContextThread(
            None, lambda *a, **k: seen.append((a, k)), "a name", (1,), {"k": 2}, daemon=True
        )
    assert (thread.name, thread.daemon) == ("a name", True)
    thread.start()
    thread.join()
    assert seen == [((1,), {"k": 2})]


@in_own_process
def test_context_thread_subclass_with_its_own_run(trees):
    envknit.configure_from_lock(trees.lock())

    class Fetcher(ContextThread):
        def run(self):
            self.seen = requests_version()

    with envknit.use("requests", "2.28.2"):
        thread = Fetcher()
    thread.start()
    thread.join()
    assert thread.seen == "2.28.2"


@in_own_process
def test_context_executor(trees):
    envknit.configure_from_lock(trees.lock())
    with envknit.use("requests", "2.28.2"), ContextExecutor(max_workers=4) as pool:
        future = pool.submit(requests_version)
    assert future.result() == "2.28.2"
    assert issubclass(ContextExecutor, ThreadPoolExecutor)


@in_own_process
def test_context_executor_snapshots_at_submit(trees):
    envknit.configure_from_lock(trees.lock())
    gate = threading.Event()
    with ContextExecutor(max_workers=1) as pool:
        pool.submit(gate.wait, 60)
        with envknit.use("requests", "2.28.2"):
            queued_inside = pool.submit(requests_version)
        queued_outside = pool.submit(requests_version)
        gate.set()
        assert queued_inside.result() == "2.28.2"
        assert queued_outside.result() == "2.31.0"


@in_own_process
def test_context_executor_map_and_arguments(trees):
    envknit.configure_from_lock(trees.lock())

    def job(first, *, second=None):
        return first, second, requests_version()

    with ContextExecutor(max_workers=2) as pool:
        with envknit.use("requests", "2.28.2"):
            future = pool.submit(job, 1, second=2)
            mapped = pool.map(job, [1, 2])
        assert future.result() == (1, 2, "2.28.2")
        assert list(mapped) == [(1, None, "2.28.2"), (2, None, "2.28.2")]
        failing = pool.submit(lambda: 1 / 0)
        assert isinstance(failing.exception(), ZeroDivisionError)


@in_own_process
def test_context_wrap(trees):
    envknit.configure_from_lock(trees.lock())
    seen = []
    with envknit.use("requests", "2.28.2"):
        wrapped = context_wrap(collect(seen))
        thread = threading.Thread(target=wrapped)
        thread.start()
        thread.join()
    wrapped()
    assert seen == ["2.28.2", "2.28.2"]


@in_own_process
def test_context_wrap_keeps_what_the_function_says_of_itself(trees):
    def described(first, *, second=2):
        """What it does."""
        return first, second

    wrapped = context_wrap(described)
    assert wrapped(1, second=3) == (1, 3)
    assert wrapped.__name__ == "described"
    assert wrapped.__doc__ == "What it does."
    assert inspect.signature(wrapped) == inspect.signature(described)
    with pytest.raises(ZeroDivisionError):
        context_wrap(lambda: 1 / 0)()


@in_own_process
def test_runs_of_one_snapshot_do_not_share_writes(trees):
    envknit.configure_from_lock(trees.lock())
    entered = []

    def enter_and_stay():
        before = dict(_active_versions.get())
        block = envknit.use("requests", "2.28.2")
        block.__enter__()
        entered.append(block)
        return before

    wrapped = context_wrap(enter_and_stay)
    assert [wrapped(), wrapped()] == [{}, {}]
    with ContextExecutor(max_workers=1) as pool:
        futures = [pool.submit(enter_and_stay) for _ in range(3)]
        assert [future.result() for future in futures] == [{}, {}, {}]
    assert _active_versions.get() == {}
    assert requests_version() == "2.31.0"
