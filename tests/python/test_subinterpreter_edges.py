"""SubInterpreterEnv beside the guide's path: hosts of each minor, refusals, ends, threads."""

import asyncio
import math
import os
import threading

import pytest
from conftest import FORK_WARNING
from interpreter_hosts import (
    MINORS,
    locked_modules,
    need_host,
    need_minor,
    opened,
    write_lock,
)

import envknit
from envknit import CExtIncompatibleError, SubInterpreterEnv

OLD = {"purelib==1.0": {"purelib.py": "version = '1.0'\nstate = []\n"}}
NEW = {"purelib==2.0": {"purelib.py": "version = '2.0'\nstate = []\n"}}


@pytest.fixture(params=MINORS)
def minor(request):
    return request.param


@pytest.fixture
def lock(tmp_path, minor):
    return write_lock(tmp_path, {"old": (minor, OLD), "new": (minor, NEW)})


@pytest.fixture
def old(lock, minor):
    with opened(lock, "old") as interp:
        yield need_minor(interp, minor)


def test_two_versions_at_once(old, lock):
    with opened(lock, "new") as new:
        versions = [
            each.eval_json("import purelib; result = purelib.version") for each in (old, new)
        ]
        assert versions == ["1.0", "2.0"]
        assert old.interp_id != new.interp_id
        pids = {each.eval_json("import os; result = os.getpid()") for each in (old, new)}
        kinds = {(each.pid, each.isolation) for each in envknit.status().workers}
        assert {(pid, "subinterpreter") for pid in pids} <= kinds


def test_standard_library_works_inside(old):
    code = """
import asyncio, datetime, decimal, hashlib, json, sqlite3, ssl, zoneinfo
async def answer():
    await asyncio.sleep(0)
    return 6 * 7
connection = sqlite3.connect(":memory:")
result = {
    "asyncio": asyncio.run(answer()),
    "ssl": ssl.create_default_context().check_hostname,
    "hashlib": hashlib.sha256(b"").hexdigest()[:8],
    "datetime": datetime.datetime(2024, 2, 29).isoformat(),
    "decimal": str(decimal.Decimal("0.1") * 3),
    "sqlite3": connection.execute("select 1 + 1").fetchone(),
    "zoneinfo": zoneinfo.__name__,
    "json": json.loads("[1, null]"),
}
"""
    assert old.eval_json(code) == {
        "asyncio": 42,
        "ssl": True,
        "hashlib": "e3b0c442",
        "datetime": "2024-02-29T00:00:00",
        "decimal": "0.3",
        "sqlite3": [2],
        "zoneinfo": "zoneinfo",
        "json": [1, None],
    }


def test_a_compiled_package_is_refused_without_a_crash(old, minor):
    pid = old.eval_json("import os; result = os.getpid()")
    with opened(locked_modules(minor), "new") as interp:
        assert interp.try_import("pydantic_core") is False
        with pytest.raises(CExtIncompatibleError, match=r"envknit\.worker"):
            interp.try_import("pydantic_core", raise_on_cext=True)
        assert interp.try_import("attr") is True
    assert old.eval_json("import os; result = os.getpid()") == pid


def test_numpy_of_another_python_is_refused(environments, lock_file):
    for name in ("numpy1", "numpy2", "other"):
        with opened(lock_file, name) as interp:
            assert interp.try_import("numpy") is False
            assert interp.eval_json("result = 1") == 1


def test_each_call_has_a_namespace_of_its_own(old):
    old.run_string("import purelib; purelib.state.append(1); left = 1; result = 7")
    assert old.eval_json("left_over = 'left' in globals()") == {}
    look = "import purelib; result = [purelib.state, 'left' in globals(), __name__]"
    assert old.eval_json(look) == [[1], False, "__main__"]
    with pytest.raises(RuntimeError, match="NameError"):
        old.eval_json("left")


def test_future_imports_stand_at_the_top(old):
    code = '"""Text."""\nfrom __future__ import annotations\n\ndef f(x: nowhere): pass\n'
    assert old.eval_json(code + "result = f.__annotations__") == {"x": "nowhere"}


@pytest.mark.parametrize(
    "value", [None, True, 0, -1.5, "text ü 😀", [], [1, [2]], {"a": {"b": []}}, 2**70]
)
def test_json_values_arrive(old, value):
    found = old.eval_json(f"result = {value!r}")
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("expression", "path"),
    [
        ("{1, 2}", "result"),
        ("{'a': [0, b'x']}", r"result\[.a.\]\[1\]"),
        ("[0, (1, range(2))]", r"result\[1\]\[1\]"),
        ("object()", "result"),
    ],
)
def test_what_is_no_json_is_refused_with_its_place(old, expression, path):
    with pytest.raises(RuntimeError, match=f"not JSON: (.|\n)*{path}"):
        old.eval_json(f"result = {expression}")
    assert old.eval_json("x = 0") == {}


def test_numbers_of_python_are_those_of_its_json(old):
    infinite, no_number = old.eval_json("result = [-float('inf'), float('nan')]")
    assert infinite == -math.inf
    assert math.isnan(no_number)


def test_code_that_does_not_compile(old):
    with pytest.raises(RuntimeError, match="Sub-interpreter execution failed: SyntaxError"):
        old.eval_json("result = (")
    for code in (None, b"result = 1"):
        with pytest.raises(TypeError, match="code is a str"):
            old.eval_json(code)


def test_system_exit_is_an_error_like_others(old):
    with pytest.raises(RuntimeError, match="SystemExit: 3"):
        old.run_string("import sys; sys.exit(3)")
    assert old.eval_json("result = 1") == 1


def test_other_failures_of_an_import(tmp_path, minor):
    modules = {"failing.py": "1 / 0\n", "lacking.py": "import nowhere_at_all\n"}
    lock = write_lock(tmp_path, {"default": (minor, {"failing==1": modules})})
    with opened(lock) as interp:
        need_minor(interp, minor)
        with pytest.raises(ImportError, match="failing"):
            interp.try_import("failing")
        with pytest.raises(ModuleNotFoundError, match="nowhere_at_all"):
            interp.try_import("lacking")
        for name, error in ((None, TypeError), ("", ValueError), (".x", ValueError)):
            with pytest.raises(error, match=r"try_import\(\) takes"):
                interp.try_import(name)


def test_after_close_everything_is_a_runtime_error(old, lock):
    assert "open" in repr(old)
    old.close()
    old.close()
    uses = [
        lambda: old.eval_json("result = 1"),
        lambda: old.run_string(""),
        lambda: old.try_import("json"),
        lambda: old.interp_id,
        lambda: old.configure_from_lock(lock, "old"),
    ]
    for use in uses:
        with pytest.raises(RuntimeError, match="'old' is closed"):
            use()
    assert "closed" in repr(old)


def test_the_block_closes_also_for_an_exception(lock):
    need_host()
    with pytest.raises(LookupError), SubInterpreterEnv("old") as interp:
        raise LookupError
    with pytest.raises(RuntimeError, match="closed"):
        interp.eval_json("")


def test_configuring_again_is_a_new_interpreter(old, lock):
    first = old.interp_id
    old.run_string("import purelib; purelib.state.append(1)")
    old.configure_from_lock(lock, "new")
    assert old.eval_json("import purelib; result = [purelib.version, purelib.state]") == ["2.0", []]
    assert old.interp_id != first


def test_sixty_of_them_leave_few_processes_and_little_memory(old, lock, minor):
    pids = set()
    for _ in range(60):
        with opened(lock, "new") as interp:
            pids.add(interp.eval_json("import os, purelib; result = os.getpid()"))
    # One hosts 16 before another takes over; the ones before end.
    assert len(pids) < 20
    hosts = {each.pid: each for each in envknit.status().workers if each.pid in pids}
    assert len(hosts) <= 2
    assert sum(each.rss_bytes or 0 for each in hosts.values()) < 512 << 20


def test_threads_share_one(old):
    answers = {}

    def ask(number):
        answers[number] = [old.eval_json(f"result = {number} + {i}") for i in range(20)]

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == {n: [n + i for i in range(20)] for n in range(8)}


def test_asyncio_to_thread(old, lock):
    async def both():
        with opened(lock, "new") as new:
            code = "import purelib; result = purelib.version"
            return await asyncio.gather(
                *(asyncio.to_thread(each.eval_json, code) for each in (old, new, old))
            )

    assert asyncio.run(both()) == ["1.0", "2.0", "1.0"]


@pytest.mark.filterwarnings(FORK_WARNING)
def test_a_forked_child_gets_an_interpreter_of_its_own(old):
    old.run_string("import purelib; purelib.state.append(1)")
    code = "import purelib; result = purelib.state"
    child = os.fork()
    if child == 0:
        status = 1
        try:
            status = 0 if old.eval_json(code) == [] else 2
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert old.eval_json(code) == [1]
