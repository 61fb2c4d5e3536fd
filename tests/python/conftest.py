"""Environments, workers, client processes, and waiting without sleeping blindly."""

import contextlib
import itertools
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

import envknit
from envknit.isolation import worker as worker_module

PACKAGES = Path(__file__).parent / "packages"
# Generous: other work shares the machine.
PATIENCE_S = 20.0

# Python 3.12 warns of a fork beside any thread, also those that gRPC stops for it.
FORK_WARNING = "ignore:This process:DeprecationWarning"

# Beside the Python that runs the tests there are others where one tool installs them all.
os.environ.setdefault("ENVKNITD_ENVIRONMENTS_PYTHON_PREFIXES", str(Path(sys.base_prefix).parent))

_versions = itertools.count()


def wait_until(condition, what, seconds=PATIENCE_S):
    """Polls until `condition()` is true; fails with `what` when it never is."""
    deadline = time.monotonic() + seconds
    while not (result := condition()):
        if time.monotonic() > deadline:
            pytest.fail(f"after {seconds:g} s still not: {what}")
        time.sleep(0.01)
    return result


def is_running(pid):
    """Whether a process exists and is no zombie."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] not in "ZX"


def has_stopped_growing(path, seconds=0.3):
    """Whether a file keeps its size for a while."""
    before = os.path.getsize(path)
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if os.path.getsize(path) != before:
            return False
        time.sleep(0.02)
    return True


@pytest.fixture(scope="session")
def environments():
    folder = os.environ.get("ENVKNIT_TEST_ENVIRONMENTS")
    if not folder:
        pytest.skip("ENVKNIT_TEST_ENVIRONMENTS names no environments")
    return Path(folder)


@pytest.fixture(autouse=True)
def no_hook_stays():
    """A test that registers a lock file of its own leaves plain imports plain."""
    yield
    envknit.disable()


@pytest.fixture(scope="session")
def lock_file(environments):
    """The lock file of the numpy environments, registered in this process.

    Without the import hook: for these tests the host is one that has no numpy.
    """
    lock = environments / "envknit.lock.yaml"
    assert envknit.configure_from_lock(lock, auto_install=False) >= 2
    return lock


@pytest.fixture
def numpy1(lock_file):
    with envknit.worker("numpy", "1.26.4") as np:
        yield np


@pytest.fixture
def numpy2(lock_file):
    with envknit.worker("numpy", "2.2.6", env="numpy2") as np:
        yield np


@pytest.fixture
def fresh_worker():
    """Contexts of the package in packages/, on a worker that no other test has."""

    def make(timeout=30.0, name="worklib", **options):
        version = f"1.0.{next(_versions)}"
        return envknit.worker(name, version, PACKAGES, timeout, **options)

    return make


@pytest.fixture
def again():
    """Another context on the worker of one that fresh_worker made."""

    def make(context, timeout=30.0, **options):
        name, version = context.title.split()
        return envknit.worker(name, version, PACKAGES, timeout, **options)

    return make


@pytest.fixture
def afresh(fresh_worker):
    """Asynchronous contexts on a worker that no other test has, or on that of another context."""

    def make(timeout=30.0, name="worklib", of=None, **options):
        name, version = (of or fresh_worker(name=name)).title.split()
        return envknit.aworker(name, version, PACKAGES, timeout, **options)

    return make


@pytest.fixture
def lib(fresh_worker):
    with fresh_worker() as module:
        yield module


@pytest.fixture
def daemon(lib):
    """The private daemon of this process."""
    return worker_module._pool._connection.daemon


class ClientProcess:
    """A Python process that uses envknit; each line it prints is JSON."""

    def __init__(self, process):
        self.process = process

    def line(self):
        text = self.process.stdout.readline()
        if not text:
            pytest.fail(f"the client ended: {self.process.stderr.read()}")
        return json.loads(text)

    def end(self, seconds=PATIENCE_S):
        out, err = self.process.communicate(timeout=seconds)
        return self.process.returncode, [json.loads(line) for line in out.splitlines()], err


PREAMBLE = f"""
import json, os, sys
import envknit
PACKAGES = {str(PACKAGES)!r}
def show(value): print(json.dumps(value), flush=True)
"""


@pytest.fixture
def client():
    """Starts client processes; none survives the test."""
    with contextlib.ExitStack() as stack:

        def start(script, python=sys.executable, stdin=subprocess.DEVNULL, **environment):
            process = subprocess.Popen(
                [python, "-W", "error", "-W", FORK_WARNING, "-c", PREAMBLE + script],
                stdin=stdin,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                env={**os.environ, **environment},
            )
            stack.callback(process.stdout.close)
            stack.callback(process.stderr.close)
            stack.callback(process.wait)
            stack.callback(process.kill)
            return ClientProcess(process)

        yield start
