"""The package itself: cheap to import, complete, and clean."""

import importlib.metadata
import subprocess
import sys

import envknit


def run(code):
    return subprocess.run(
        [sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True, timeout=60
    ).stdout


def test_importing_loads_no_extension_and_starts_nothing():
    code = """
import sys
before = set(sys.modules)
import envknit
new = set(sys.modules) - before
assert "envknit._core" not in new and "envknit._lock" not in new, new
assert not {"socket", "subprocess", "asyncio", "multiprocessing", "dataclasses"} & new, new
import threading
print(threading.active_count())
"""
    assert run(code) == "1\n"


def test_importing_is_quick():
    code = """
import time
started = time.perf_counter()
import envknit
print(time.perf_counter() - started)
"""
    # Ten times what is promised: 30 ms on an idle machine.
    assert min(float(run(code)) for _ in range(3)) < 0.3


def test_has_no_dependencies():
    assert not importlib.metadata.requires("envknit")


def test_everything_in_all_is_there():
    for name in envknit.__all__:
        assert getattr(envknit, name) is not None
    assert ".".join(map(str, envknit.VERSION_INFO)) == envknit.__version__


def test_the_tree_of_exceptions_is_true():
    for name in envknit.__all__:
        kind = getattr(envknit, name)
        if isinstance(kind, type) and issubclass(kind, Exception):
            assert name in envknit.errors.__doc__
            assert name in envknit.errors.__all__


def test_the_console_script_runs_the_daemon():
    script = run("import sys, os; print(os.path.join(os.path.dirname(sys.executable), 'envknitd'))")
    shown = subprocess.run(
        [script.strip(), "--version"], capture_output=True, text=True, timeout=60, check=True
    )
    assert envknit.__version__ in shown.stdout
