"""Well-known packages, two versions each, taking turns in one process at real work."""

import asyncio
import random
import sysconfig
import threading
from pathlib import Path
from types import ModuleType

import pytest
from own_process import in_own_process
from real_work import WORK, serving
from surroundings import Surroundings

import envknit
from envknit import _lock
from envknit.isolation import default_versions
from envknit.isolation.import_hook import CExtensionError

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


def configured(lock):
    envknit.configure_from_lock(lock, auto_install=False)
    envknit.use("attrs", "22.2.0")
    return Surroundings()


@pytest.mark.parametrize("name", WORK)
@in_own_process
def test_two_versions_take_turns(inprocess_lock, locked, name):
    surroundings = configured(inprocess_lock)
    with serving() as address:
        seen = {turn(locked, environment, name, address) for environment in ENVIRONMENTS * 3}
    assert len(seen) == 2
    assert {top for _, top in check_apart(locked)} >= {seen.pop().__name__}
    surroundings.check()


@in_own_process
def test_all_of_them_in_tasks_that_take_turns(inprocess_lock, locked):
    surroundings = configured(inprocess_lock)
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
    surroundings = configured(inprocess_lock)
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


@in_own_process
def test_a_compiled_one_with_auto_worker(inprocess_lock, locked):
    surroundings = configured(inprocess_lock)
    for environment in ENVIRONMENTS * 2:
        version = locked[environment]["pydantic"]["version"]
        with envknit.use("pydantic", version, auto_worker=True, env=environment) as pydantic:
            assert version == pydantic.VERSION
            point = pydantic.create_model("Point", x=(int, 1), y=(float, ...))
            made = point(x="2", y="0.5")
            assert (made.x, made.y) == (2, 0.5)
            with pytest.raises(ValueError, match="valid integer"):
                point(x="two", y=1)
            assert pydantic.parse_obj_as(int, "3") == 3
    with envknit.use("pydantic", locked["new"]["pydantic"]["version"]):
        import pydantic

        with pytest.raises(CExtensionError, match="auto_worker=True"):
            pydantic.BaseModel  # noqa: B018
    check_apart(locked)
    surroundings.check()


@pytest.mark.parametrize("name", ["requests", "jinja2"])
@in_own_process
def test_one_whose_compiled_parts_can_be_done_without_needs_no_worker(inprocess_lock, locked, name):
    envknit.configure_from_lock(inprocess_lock, auto_install=False)
    version = locked["new"][name]["version"]
    with envknit.use(name, version, auto_worker=True, env="new") as module, serving() as address:
        assert isinstance(module, ModuleType)
        assert WORK[name](version, address) is module
