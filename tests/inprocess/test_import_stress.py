"""Two versions under many tasks and threads: nobody ever gets a module of the other one."""

import asyncio
import importlib
import random
import sys
import threading

import pytest
from own_process import in_own_process
from package_trees import PackageTrees
from surroundings import Surroundings

import envknit

VERSIONS = ("1.0", "2.0")
TASKS, ROUNDS, THREADS = 50, 6, 16

PARTS = [f"part{number}" for number in range(24)]
LATE = """
    import dep
    from . import near
    VERSION = "@VERSION@"

    def seen():
        import pkg, dep.low
        from . import near as again
        return [pkg, near, again, dep, dep.low, __import__("pkg.near", fromlist=["x"])]
"""
FILES = {
    "pkg/__init__.py": """
        import importlib
        from . import near
        VERSION = "@VERSION@"

        def late(name):
            return importlib.import_module("." + name, __name__)

        class Thing:
            def late(self, name):
                return getattr(__import__("pkg." + name), name)

        def __getattr__(name):
            if name.startswith("part"):
                return importlib.import_module("pkg." + name)
            raise AttributeError(name)
    """,
    "pkg/near.py": "from . import far\nVERSION = '@VERSION@'\n",
    "pkg/far.py": "from . import near\nimport dep\nVERSION = '@VERSION@'\n",
    "pkg/failing.py": "from . import near\nraise OSError('@VERSION@')\n",
    **{f"pkg/{name}.py": LATE for name in PARTS},
}
DEP = {
    "dep/__init__.py": "import dep.low\nVERSION = '@VERSION@'\n",
    "dep/low.py": "import dep\nVERSION = '@VERSION@'\n",
}


class BlockError(Exception):
    """A block that fails."""


class Watch:
    """Checks all modules that anybody saw; each exists once."""

    def __init__(self, trees):
        self._folders = {v: str(trees.path_of("pkg", v)) for v in (*VERSIONS, "0.5")}
        self.modules = {}
        envknit.configure_from_lock(trees.lock(), auto_install=False)
        envknit.use("pkg", VERSIONS[0])
        self.surroundings = Surroundings()

    def see(self, version, *modules):
        for module in modules:
            assert module.__file__.startswith(self._folders[version] + "/"), (version, module)
            assert version == module.VERSION
            assert self.modules.setdefault((version, module.__name__), module) is module


@pytest.fixture
def watch(tmp_path):
    trees = PackageTrees(tmp_path)
    for version in VERSIONS:
        path = trees.add("pkg", version, FILES, env=f"env{version}")
        trees.install("dep", version, DEP, into=path)
    # The host has a pkg, too, and sees nothing but that.
    host = trees.install("pkg", "0.5", FILES, into=trees.path_of("pkg", "0.5"))
    trees.install("dep", "0.5", DEP, into=host)
    sys.path.insert(0, str(host))
    yield trees
    sys.path.remove(str(host))


def late_forms(pkg, dice):
    """One of the ways to get at a part late."""
    name = dice.choice(PARTS)
    return dice.choice(
        [
            lambda: pkg.late(name),
            lambda: pkg.Thing().late(name),
            lambda: getattr(pkg, name),
            lambda: pkg.late(name).seen()[0],
        ]
    )


def fail(pkg, version, dice):
    """Now and then an import fails, and so does the block."""
    with pytest.raises(OSError, match=version):
        pkg.late("failing")
    if dice.random() < 0.5:
        raise BlockError


def host_work(watch, dice):
    """Code of the host, outside of any block."""
    import pkg

    watch.see("0.5", pkg, pkg.near, importlib.import_module(f"pkg.{dice.choice(PARTS)}"))


async def task(watch, version, seed):
    dice = random.Random(seed)

    async def pause():
        await asyncio.sleep(dice.choice([0, 0, 0.001, 0.003]))

    kept = None
    for _ in range(ROUNDS):
        await pause()
        try:
            with envknit.use("pkg", version):
                await pause()
                import pkg

                watch.see(version, pkg, pkg.near)
                await pause()
                from pkg import far, near

                watch.see(version, far, near, late_forms(pkg, dice)())
                if dice.random() < 0.3:
                    in_thread = await asyncio.to_thread(importlib.import_module, "pkg.near")
                    watch.see(version, in_thread)
                kept = pkg
                await pause()
                if dice.random() < 0.3:
                    fail(pkg, version, dice)
                watch.see(version, *pkg.late(dice.choice(PARTS)).seen())
        except BlockError:
            pass
        await pause()
        watch.see(version, late_forms(kept, dice)())
        host_work(watch, dice)


@pytest.mark.parametrize("seed", [1, 2, 3])
@in_own_process
def test_tasks(watch, seed):
    seen = Watch(watch)
    host_work(seen, random.Random(seed))
    for name in PARTS:
        importlib.import_module(f"pkg.{name}")
    seen = Watch(watch)

    async def main():
        jobs = [
            task(seen, version, seed * 1000 + number)
            for number in range(TASKS)
            for version in VERSIONS
        ]
        random.Random(seed).shuffle(jobs)
        await asyncio.gather(*jobs)

    asyncio.run(main())
    assert {version for version, _ in seen.modules} == {"0.5", *VERSIONS}
    seen.surroundings.check()


def thread(watch, version, seed, start, errors):
    dice = random.Random(seed)
    try:
        start.wait(30)
        for _ in range(ROUNDS * 3):
            try:
                with envknit.use("pkg", version):
                    import pkg.near

                    watch.see(version, pkg, pkg.near, late_forms(pkg, dice)())
                    if dice.random() < 0.2:
                        fail(pkg, version, dice)
            except BlockError:
                pass
            watch.see(version, *pkg.late(dice.choice(PARTS)).seen())
            host_work(watch, dice)
    except BaseException as error:
        errors.append(error)


@pytest.mark.parametrize("seed", [1, 2, 3])
@in_own_process
def test_threads(watch, seed):
    seen = Watch(watch)
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    errors = []
    start = threading.Barrier(THREADS)
    threads = [
        threading.Thread(
            target=thread, args=(seen, VERSIONS[number % 2], seed * 1000 + number, start, errors)
        )
        for number in range(THREADS)
    ]
    for one in threads:
        one.start()
    for one in threads:
        one.join(100)
    sys.setswitchinterval(interval)
    assert not [one for one in threads if one.is_alive()]
    if errors:
        raise errors[0]
    host = {name for name in sys.modules if name.partition(".")[0] in ("pkg", "dep")}
    for name in host:
        seen.see("0.5", sys.modules.pop(name))
    assert "pkg" in host
    seen.surroundings.check()
