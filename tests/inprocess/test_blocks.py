"""Blocks of use(): nested, entered again, in generators, tasks, callbacks and copied contexts."""

import asyncio
import contextlib
import contextvars
import gc
import sys
import threading

import pytest
from own_process import in_own_process
from package_trees import PackageTrees

import envknit
from envknit.isolation.import_hook import _active_versions, _ctx_modules


@pytest.fixture
def trees(tmp_path):
    made = PackageTrees(tmp_path)
    for version in ("1.0", "2.0", "3.0"):
        made.add("pkg", version, {"pkg/sub.py": "value = '@VERSION@'"})
        path = made.add("other", version, {"other/sub.py": "import shared\n"})
        made.install("shared", version, into=path)
    return made


def version():
    import pkg

    return pkg.__version__


@in_own_process
def test_inner_blocks_win_and_give_back(trees):
    envknit.configure_from_lock(trees.lock())
    seen = [version()]
    with envknit.use("pkg", "2.0"):
        seen.append(version())
        with envknit.use("pkg", "3.0"):
            seen.append(version())
            with envknit.use("pkg", "2.0"):
                seen.append(version())
            seen.append(version())
        seen.append(version())
    seen.append(version())
    assert seen == ["1.0", "2.0", "3.0", "2.0", "3.0", "2.0", "1.0"]


@in_own_process
def test_blocks_of_different_packages_add_up(trees):
    envknit.configure_from_lock(trees.lock())
    with envknit.use("pkg", "2.0"), envknit.use("other", "3.0"):
        import other.sub
        import shared

        assert (version(), other.__version__, shared.__version__) == ("2.0", "3.0", "3.0")
        assert other.sub.shared is shared
        assert _active_versions.get() == {"pkg": "2.0", "other": "3.0"}
        with envknit.use("other", "2.0"):
            import shared

            assert (version(), shared.__version__) == ("2.0", "2.0")


@in_own_process
def test_one_block_can_be_entered_again_and_again(trees):
    envknit.configure_from_lock(trees.lock())
    block, other = envknit.use("pkg", "2.0"), envknit.use("pkg", "3.0")
    for _ in range(2):
        with block as first, block as second:
            assert first is second is block
            assert version() == "2.0"
            with other, block:
                assert version() == "2.0"
        assert version() == "1.0"
    assert _ctx_modules.get() is None


@in_own_process
def test_one_block_can_be_entered_by_many_threads(trees):
    envknit.configure_from_lock(trees.lock())
    block, together, seen = envknit.use("pkg", "2.0"), threading.Barrier(8, timeout=60), []

    def run():
        with block:
            together.wait()
            seen.append(version())
            together.wait()
        seen.append(version())

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(seen) == ["1.0"] * 8 + ["2.0"] * 8


@in_own_process
def test_blocks_in_an_exit_stack(trees):
    envknit.configure_from_lock(trees.lock())
    with contextlib.ExitStack() as stack:
        for name, wanted in (("pkg", "2.0"), ("other", "2.0"), ("pkg", "3.0")):
            stack.enter_context(envknit.use(name, wanted))
        assert version() == "3.0"
    assert version() == "1.0"


@in_own_process
def test_a_context_manager_made_of_a_generator(trees):
    envknit.configure_from_lock(trees.lock())

    @contextlib.contextmanager
    def chosen(wanted):
        with envknit.use("pkg", wanted):
            yield version()

    with chosen("2.0") as outer, chosen("3.0") as inner:
        assert (outer, inner, version()) == ("2.0", "3.0", "3.0")
    with pytest.raises(KeyError), chosen("2.0"):
        raise KeyError
    assert version() == "1.0"


@in_own_process
def test_a_generator_gives_its_version_back_when_it_ends_or_is_closed(trees):
    envknit.configure_from_lock(trees.lock())

    def versions():
        with envknit.use("pkg", "2.0"):
            yield version()
            yield version()

    assert list(versions()) == ["2.0", "2.0"]
    assert version() == "1.0"
    suspended = versions()
    next(suspended)
    # As any context variable that a generator sets.
    assert version() == "2.0"
    suspended.close()
    assert version() == "1.0"


@in_own_process
def test_a_block_belongs_to_the_context_that_it_was_entered_in(trees):
    envknit.configure_from_lock(trees.lock())
    copied = contextvars.copy_context()
    block = envknit.use("pkg", "2.0")
    copied.run(block.__enter__)
    assert version() == "1.0"
    assert copied.run(version) == "2.0"
    assert copied.copy().run(version) == "2.0"
    copied.run(block.__exit__, None, None, None)
    assert copied.run(version) == "1.0"


@in_own_process
def test_a_copied_context_outlives_its_block(trees):
    envknit.configure_from_lock(trees.lock())
    with envknit.use("pkg", "2.0"):
        copied = contextvars.copy_context()
    assert copied.run(version) == "2.0"

    def enter_another():
        with envknit.use("pkg", "3.0"):
            return version()

    assert copied.run(enter_another) == "3.0"
    assert copied.run(version) == "2.0"
    assert version() == "1.0"


@in_own_process
def test_what_asyncio_runs_for_a_block(trees):
    envknit.configure_from_lock(trees.lock())

    async def main():
        loop = asyncio.get_running_loop()
        with envknit.use("pkg", "2.0"):
            soon, later = loop.create_future(), loop.create_future()
            loop.call_soon(lambda: soon.set_result(version()))
            loop.call_later(0, lambda: later.set_result(version()))
            in_thread = asyncio.to_thread(version)
            in_executor = loop.run_in_executor(None, version)
            inside = await in_thread
        # An executor's thread has no context of ours; see ContextExecutor.
        return await soon, await later, inside, await in_executor, version()

    assert asyncio.run(main()) == ("2.0", "2.0", "2.0", "1.0", "1.0")


@in_own_process
def test_asynchronous_generators(trees):
    envknit.configure_from_lock(trees.lock())

    async def versions():
        with envknit.use("pkg", "2.0"):
            for _ in range(2):
                await asyncio.sleep(0)
                yield version()

    async def consume():
        seen = [item async for item in versions()]
        async with contextlib.aclosing(versions()) as closing:
            async for item in closing:
                seen.append(item)
                break
        return [*seen, version()]

    assert asyncio.run(consume()) == ["2.0", "2.0", "2.0", "1.0"]


@in_own_process
def test_a_cancelled_task_leaves_its_block(trees):
    envknit.configure_from_lock(trees.lock())

    async def forever(entered):
        with envknit.use("pkg", "2.0"):
            version()
            entered.set()
            await asyncio.get_running_loop().create_future()

    async def main():
        entered = asyncio.Event()
        task = asyncio.create_task(forever(entered))
        await entered.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return version()

    assert asyncio.run(main()) == "1.0"
    assert _active_versions.get() == {}


@in_own_process
def test_import_forms_bind_what_they_always_bind(trees):
    envknit.configure_from_lock(trees.lock())
    with envknit.use("pkg", "2.0"):
        import pkg.sub as sub
        from pkg import __version__, where
        from pkg.sub import value as renamed

        scope = {}
        exec("import pkg.sub\nfrom pkg import *\nfrom pkg import sub as again", scope)
        top = __import__("pkg.sub")
        leaf = __import__("pkg.sub", fromlist=["value"])
        evaluated = eval("__import__('pkg').__version__")
    assert (__version__, renamed, evaluated) == ("2.0", "2.0", "2.0")
    assert "/2.0/" in where()
    assert scope["pkg"] is top
    assert scope["pkg"].sub is scope["again"] is sub is leaf
    assert "pkg.sub" not in sys.modules


@in_own_process
def test_many_blocks_leave_nothing_behind(trees):
    envknit.configure_from_lock(trees.lock())
    for wanted in ("1.0", "2.0", "3.0"):
        with envknit.use("pkg", wanted):
            version()
    gc.collect()
    before = len(gc.get_objects())
    for _ in range(300):
        with envknit.use("pkg", "2.0"), envknit.use("other", "3.0"):
            version()
    gc.collect()
    assert len(gc.get_objects()) - before < 100
