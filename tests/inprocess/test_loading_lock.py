"""Waiting for other threads' imports of versions, but not for who waits for this one."""

import sys
import threading

import pytest
from own_process import in_own_process
from package_trees import PackageTrees

import envknit

PATIENCE_S = 20.0

# Its thread imports a submodule while the package itself is not finished.
STARTS_A_THREAD = """
import threading

__version__ = "@VERSION@"

def work():
    from pkg import part
    found.append(part.value)

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
