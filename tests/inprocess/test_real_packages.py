"""Well-known packages, two versions each, taking turns in one process at real work."""

import asyncio
import random
import sys
import sysconfig
import threading
from pathlib import Path

import pytest
from own_process import in_own_process
from real_work import WORK, serving

import envknit
from envknit import _lock
from envknit.isolation import default_versions

ENVIRONMENTS = ("old", "new")
#: six.moves has modules of it.
STANDARD_LIBRARY = sysconfig.get_path("stdlib")


@pytest.fixture(scope="module")
def locked(inprocess_lock):
    """By environment: its packages' entries in the lock file, by name."""
    return {
        entry["name"]: {package["name"]: package for package in entry["packages"]}
        for entry in _lock.load(str(inprocess_lock))["environments"]
    }


def turn(locked, environment, name, address):
    version = locked[environment][name]["version"]
    with envknit.use(name, version, env=environment):
        return WORK[name](version, address)


def folders_of(locked, environment):
    return [Path(entry["install_path"]).resolve() for entry in locked[environment].values()]


def check_apart(locked):
    """Every module that a version has loaded is from its own environment's folders."""
    checked = set()
    for world in default_versions._worlds.values():
        folders = folders_of(locked, world.name)
        for home in [*world.homes.values(), world.shared]:
            for name, module in home.modules.items():
                file = getattr(module, "__file__", None)
                if file is not None and not Path(file).is_relative_to(STANDARD_LIBRARY):
                    within = [folder for folder in folders if Path(file).is_relative_to(folder)]
                    assert within, f"{name} in {world.name} is {file}"
                    checked.add((world.name, name.partition(".")[0]))
    return checked


class Surroundings:
    """What must be as before: sys.modules but for the standard library, sys.path, the finders."""

    def __init__(self, lock):
        envknit.configure_from_lock(lock, auto_install=False)
        envknit.use("attrs", "22.2.0")
        self._before = self._now()

    def check(self):
        for now, before in zip(self._now(), self._before, strict=True):
            assert now == before

    def _now(self):
        modules = {
            name: module
            for name, module in sys.modules.items()
            if name.partition(".")[0] not in (*sys.stdlib_module_names, "envknit")
            and not name.startswith("_sysconfigdata_")
        }
        return modules, list(sys.path), list(sys.meta_path)


@pytest.mark.parametrize("name", WORK)
@in_own_process
def test_two_versions_take_turns(inprocess_lock, locked, name):
    surroundings = Surroundings(inprocess_lock)
    with serving() as address:
        seen = {turn(locked, environment, name, address) for environment in ENVIRONMENTS * 3}
    assert len(seen) == 2
    assert {top for _, top in check_apart(locked)} >= {seen.pop().__name__}
    surroundings.check()


@in_own_process
def test_all_of_them_in_tasks_that_take_turns(inprocess_lock, locked):
    surroundings = Surroundings(inprocess_lock)
    dice = random.Random(5)

    async def work(environment, name, address):
        version = locked[environment][name]["version"]
        modules = set()
        for _ in range(3):
            with envknit.use(name, version, env=environment):
                await asyncio.sleep(dice.random() / 100)
                modules.add(WORK[name](version, address))
                await asyncio.sleep(dice.random() / 100)
                modules.add(WORK[name](version, address))
        assert len(modules) == 1

    async def main(address):
        jobs = [(environment, name) for name in WORK for environment in ENVIRONMENTS]
        dice.shuffle(jobs)
        await asyncio.gather(*(work(*job, address) for job in jobs))

    with serving() as address:
        asyncio.run(main(address))
    check_apart(locked)
    surroundings.check()


@in_own_process
def test_all_of_them_in_threads_at_the_same_time(inprocess_lock, locked):
    surroundings = Surroundings(inprocess_lock)
    jobs = [(environment, name) for name in WORK for environment in ENVIRONMENTS]
    start = threading.Barrier(len(jobs))
    errors = []

    def work(job, address):
        try:
            start.wait(20)
            for _ in range(2):
                turn(locked, *job, address)
        except BaseException as error:
            errors.append((job, error))

    with serving() as address:
        threads = [threading.Thread(target=work, args=(job, address)) for job in jobs]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    if errors:
        raise errors[0][1]
    check_apart(locked)
    surroundings.check()


@in_own_process
def test_tools_of_the_host_with_a_versions_objects(inprocess_lock, locked):
    envknit.configure_from_lock(inprocess_lock, auto_install=False)
    for environment in ENVIRONMENTS:
        attrs = envknit.import_version("attrs", locked[environment]["attrs"]["version"])

        @attrs.define
        class Point:
            x: int = 0

        assert Point.__module__ == __name__
        assert repr(Point(1)).endswith("Point(x=1)")
