"""A real daemon on a socket of its own, and grpcurl to talk to it."""

import os
from pathlib import Path

import pytest
from daemon_process import Daemon
from grpcurl import Grpcurl
from interpreters import environments, interpreters

__all__ = ["environments", "interpreters"]


@pytest.fixture(scope="session")
def daemon_binary():
    binary = os.environ.get("ENVKNIT_TEST_DAEMON")
    if not binary:
        pytest.skip("ENVKNIT_TEST_DAEMON names no envknitd")
    return Path(binary)


@pytest.fixture(scope="session")
def lock_file():
    folder = os.environ.get("ENVKNIT_TEST_ENVIRONMENTS")
    if not folder:
        pytest.skip("ENVKNIT_TEST_ENVIRONMENTS names no environments")
    return Path(folder) / "envknit.lock.yaml"


@pytest.fixture
def start_daemon(daemon_binary, tmp_path):
    """Starts daemons that are ended with the test: `start_daemon("--lock", …)`."""
    daemons = []

    def start(*arguments, socket=None, **options):
        path = socket or tmp_path / f"{len(daemons)}.sock"
        daemon = Daemon(daemon_binary, path, arguments, **options)
        daemons.append(daemon)
        return daemon

    yield start
    for daemon in daemons:
        daemon.kill()


@pytest.fixture
def daemon(start_daemon, lock_file):
    """A shared daemon that serves the test environments."""
    started = start_daemon("--lock", lock_file)
    started.wait_until_ready()
    return started


@pytest.fixture(scope="session")
def grpcurl():
    binary = os.environ.get("ENVKNIT_TEST_GRPCURL")
    if not binary:
        pytest.skip(os.environ.get("ENVKNIT_TEST_NO_GRPCURL") or "ENVKNIT_TEST_GRPCURL is not set")
    return Grpcurl(binary)
