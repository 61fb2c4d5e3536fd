"""Waiting for other threads' imports of versions, but not for who waits for this one."""

import importlib
import sys
import threading

import pytest
from interleaving import Gate, finished, gates_of, in_thread
from own_process import in_own_process
from package_trees import PackageTrees

import envknit

PATIENCE_S = 20.0

# Its thread imports a submodule while the package itself is not finished.
STARTS_A_THREAD = """
import threading

__version__ = "@VERSION@"

def work():
    from pkg.part import value
    found.append(value)

found = []
thread = threading.Thread(target=work)
thread.start()
thread.join()
"""


@pytest.fixture
def trees(tmp_path):
    return PackageTrees(tmp_path)


@in_own_process
def test_a_package_that_waits_for_a_thread_of_its_own_at_import(trees):
    for version in ("1.0", "2.0"):
        files = {"pkg/__init__.py": STARTS_A_THREAD, "pkg/part.py": 'value = "@VERSION@"'}
        trees.add("pkg", version, files)
    envknit.configure_from_lock(trees.lock(), auto_install=False)
    done = []
    thread = threading.Thread(
        target=lambda: done.extend(
            envknit.import_version("pkg", version).found for version in ("1.0", "2.0")
        ),
        daemon=True,
    )
    thread.start()
    thread.join(PATIENCE_S)
    assert done == [["1.0"], ["2.0"]]
    assert "pkg" not in sys.modules


@in_own_process
def test_imports_of_host_and_version_that_wait_for_each_other(trees, tmp_path):
    """A host module imports a version while a module of another version imports that module."""
    (tmp_path / "hostmod.py").write_text(
        "import meeting\nmeeting.host_is_there.set()\nmeeting.version_is_there.wait(20)\n"
        "import envknit\nother = envknit.import_version('other', '1.0')\n"
    )
    (tmp_path / "meeting.py").write_text(
        "import threading\nhost_is_there, version_is_there = threading.Event(), threading.Event()\n"
    )
    sys.path.insert(0, str(tmp_path))
    trees.add("other", "1.0")
    trees.add(
        "pkg",
        "1.0",
        {
            "pkg/__init__.py": "import meeting\nmeeting.version_is_there.set()\n"
            "meeting.host_is_there.wait(20)\nimport hostmod\n"
        },
    )
    envknit.configure_from_lock(trees.lock(), auto_install=False)
    results = {}

    def run(name, import_it):
        try:
            results[name] = import_it()
        except BaseException as error:
            results[name] = error

    threads = [
        threading.Thread(target=run, args=(name, import_it), daemon=True)
        for name, import_it in (
            ("host", lambda: __import__("hostmod").other.__version__),
            ("version", lambda: envknit.import_version("pkg", "1.0").hostmod.__name__),
        )
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)
    assert results == {"host": "1.0", "version": "hostmod"}


@in_own_process
def test_who_waits_gets_the_finished_module(trees):
    trees.add("pkg", "1.0", {"pkg/__init__.py": "import gate\ngate.pass_through()\nfinished = 1\n"})
    trees.install("gate", "1", {"gate.py": GATE}, into=trees.path_of("pkg", "1.0"))
    envknit.configure_from_lock(trees.lock(), auto_install=False)
    seen = []
    threads = [
        threading.Thread(
            target=lambda: seen.append(envknit.import_version("pkg", "1.0").finished), daemon=True
        )
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)
    assert seen == [1] * 8


# Some thousand steps, in which the others get their turn to ask.
GATE = """
def pass_through():
    for _ in range(200_000):
        pass
"""


STARTS_A_POOL = """
from concurrent.futures import ThreadPoolExecutor

def load(number):
    from pkg.part import runs
    return runs

with ThreadPoolExecutor(4) as pool:
    runs = list(pool.map(load, range(8)))
"""


@in_own_process
def test_a_pool_at_import_runs_each_module_once(trees):
    files = {
        "pkg/__init__.py": STARTS_A_POOL,
        "pkg/part.py": "import counts\ncounts.spend_time()\nruns = counts.next()\n",
    }
    trees.add("pkg", "1.0", files)
    counts = (
        "import itertools\nnext = itertools.count(1).__next__\n"
        "def spend_time():\n    for _ in range(200_000):\n        pass\n"
    )
    trees.install("counts", "1", {"counts.py": counts}, into=trees.path_of("pkg", "1.0"))
    envknit.configure_from_lock(trees.lock(), auto_install=False)
    assert in_thread(envknit.import_version, "pkg", "1.0").result().runs == [1] * 8


@in_own_process
def test_a_module_that_stands_still_is_waited_for(trees, tmp_path):
    """As at an answer from the network: nobody sees it half-made, and the host not at all."""
    files = {"pkg/__init__.py": "import gates\ngates.gate.pass_through()\nfinished = 1\n"}
    trees.add("pkg", "1.0", files)
    host = trees.install("pkg", "9", {"pkg/__init__.py": "finished = 9\n"}, into=tmp_path / "host")
    sys.path.insert(0, str(host))
    envknit.configure_from_lock(trees.lock(), auto_install=False)
    with gates_of(gate=Gate()) as gates:
        first = in_thread(envknit.import_version, "pkg", "1.0")
        gates.gate.wait_until_reached()
        others = [
            in_thread(lambda: envknit.import_version("pkg", "1.0").finished),
            in_thread(lambda: __import__("pkg").finished),
            in_thread(lambda: importlib.import_module("pkg").finished),
        ]
        # Longer than an owner may stand still while others want something else.
        assert all(other.is_waiting(1.5) for other in others)
        gates.gate.open()
        assert finished(first, *others)[1:] == [1, 9, 9]
