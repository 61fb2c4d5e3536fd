"""The lock files of the well-known packages, and of the numpy environments."""

import os
from pathlib import Path

import pytest


def named_by(variable):
    value = os.environ.get(variable)
    if not value:
        pytest.skip(f"{variable} names none")
    return Path(value)


@pytest.fixture(scope="session")
def inprocess_lock():
    """Environments "old" and "new": each package in a folder of its own, fit for this Python."""
    return named_by("ENVKNIT_TEST_INPROCESS_LOCK")


@pytest.fixture(scope="session")
def numpy_lock():
    """Environments with a numpy each, for workers."""
    return named_by("ENVKNIT_TEST_ENVIRONMENTS") / "envknit.lock.yaml"
