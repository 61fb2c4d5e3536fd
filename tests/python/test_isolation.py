"""`isolation=` of worker(), aworker() and environment(): what it may be, and what it comes to."""

import asyncio
import os
import re
import sys

import pytest
from interpreter_hosts import locked_modules, need_host, newest_host, write_lock

import envknit
from envknit import CExtIncompatibleError

PURE = """
import os

def pid(): return os.getpid()
def make(): return iter(range(100))
def fail(): raise KeyError("gone")
def spin():
    while True: pass
class Thing:
    def __init__(self, n): self.n = n
    def __add__(self, other): return Thing(self.n + other.n)
state = []
def remember(x): state.append(x); return list(state)
"""


def newest_minor():
    need_host()
    return "{}.{}".format(*newest_host())


@pytest.fixture
def registered(tmp_path):
    """Environment "here" of a Python that has sub-interpreters, with isolib 1.0."""
    packages = {"isolib==1.0": {"isolib.py": PURE}}
    lock = write_lock(tmp_path, {"here": (newest_minor(), packages)})
    assert envknit.configure_from_lock(lock, env="here", auto_install=False) == 1
    return lock


def of(context):
    with context as module:
        return module.pid(), context.isolation, context.isolation_reason


@pytest.mark.parametrize("isolation", ["", "PROCESS", "thread", None, 1])
def test_other_values_are_refused(registered, isolation):
    text = 'isolation is one of "process", "subinterpreter", "auto"'
    for make in (envknit.worker, envknit.aworker):
        with pytest.raises(ValueError, match=text):
            make("isolib", "1.0", env="here", isolation=isolation)
    with pytest.raises(ValueError, match=text):
        envknit.environment("here", isolation=isolation)


def test_each_kind_is_a_worker_of_its_own(registered):
    process = of(envknit.worker("isolib", "1.0", env="here"))
    inside = of(envknit.worker("isolib", "1.0", env="here", isolation="subinterpreter"))
    assert process[1] == "process"
    assert inside[1:] == ("subinterpreter", "asked for by the request")
    assert process[0] != inside[0]
    explicit = of(envknit.worker("isolib", "1.0", env="here", isolation="process"))
    assert explicit == process


def test_blocks_of_one_kind_share_the_worker_and_its_state(registered):
    with envknit.worker("isolib", "1.0", env="here", isolation="subinterpreter") as lib:
        before = len(lib.remember(1))
    with envknit.worker("isolib", "1.0", env="here", isolation="subinterpreter") as lib:
        assert len(lib.remember(2)) == before + 1


def test_a_context_tells_nothing_before_its_block(registered):
    context = envknit.worker("isolib", "1.0", env="here", isolation="auto")
    assert (context.isolation, context.isolation_reason) == ("", "")


def test_auto_takes_a_sub_interpreter_for_a_pure_package(registered):
    _, kind, reason = of(envknit.worker("isolib", "1.0", env="here", isolation="auto"))
    assert (kind, reason) == ("subinterpreter", "its only module loads in a sub-interpreter")


def test_auto_takes_a_process_for_a_compiled_package():
    lock = locked_modules(newest_minor())
    envknit.configure_from_lock(lock, env="new", auto_install=False)
    context = envknit.worker("pydantic", "2.10.4", env="new", isolation="auto")
    with context as pydantic:
        assert pydantic.VERSION == "2.10.4"
    assert context.isolation == "process"
    # The first of the environment's modules that doesn't load, and why.
    assert re.match(r"\w+: .", context.isolation_reason)


def test_auto_takes_a_process_for_an_old_python(registered):
    if sys.version_info >= (3, 12):
        pytest.skip("this Python has sub-interpreters")
    folder = registered.parent / "here" / "isolib"
    _, kind, reason = of(envknit.worker("isolib", "1.1", folder, isolation="auto"))
    assert kind == "process"
    assert "has no interpreters with a GIL of their own" in reason


def test_a_sub_interpreter_refuses_a_compiled_package(lock_file):
    need_host()
    for version, env in (("1.26.4", "numpy1"), ("2.2.6", "other")):
        context = envknit.worker("numpy", version, env=env, isolation="subinterpreter")
        with pytest.raises(CExtIncompatibleError, match=r"envknit\.worker"), context:
            pass


def test_proxies_iteration_and_exceptions_are_those_of_a_process(registered):
    with envknit.worker("isolib", "1.0", env="here", isolation="subinterpreter") as lib:
        assert (lib.Thing(1) + lib.Thing(2)).n == 3
        assert list(lib.make()) == list(range(100))
        with pytest.raises(KeyError, match="gone") as caught:
            lib.fail()
        assert isinstance(caught.value, envknit.RemoteError)
        assert "in fail" in caught.value.remote_traceback
        thing = lib.Thing(5)
        thing.n = 6
        assert thing.n == 6
        assert lib.pid() != os.getpid()


def test_a_deadline_stops_the_work_and_keeps_the_interpreter(registered):
    options = {"env": "here", "isolation": "subinterpreter"}
    with envknit.worker("isolib", "1.0", **options) as lib:
        before = lib.remember("kept")
    with (
        envknit.worker("isolib", "1.0", timeout=0.5, **options) as hasty,
        pytest.raises(envknit.DeadlineError, match=r"within 0\.5 s"),
    ):
        hasty.spin()
    with envknit.worker("isolib", "1.0", **options) as lib:
        assert lib.remember("on") == [*before, "on"]


def test_aworker(registered):
    async def use(isolation):
        context = envknit.aworker("isolib", "1.0", env="here", isolation=isolation)
        async with context as lib:
            pids = await asyncio.gather(*(lib.pid() for _ in range(20)))
            thing = await (await lib.Thing(1) + await lib.Thing(2))
            return context.isolation, set(pids), await thing.n

    for isolation in ("subinterpreter", "process"):
        kind, pids, total = asyncio.run(use(isolation))
        shared = of(envknit.worker("isolib", "1.0", env="here", isolation=isolation))
        assert (kind, pids, total) == (isolation, {shared[0]}, 3)


@pytest.mark.parametrize("isolation", ["process", "subinterpreter", "auto"])
def test_environment(registered, isolation):
    with envknit.environment("here", isolation=isolation) as here:
        lib = here.import_module("isolib")
        kinds = {each.isolation for each in envknit.status().workers if each.pid == lib.pid()}
    assert kinds == {"subinterpreter" if isolation == "auto" else isolation}
