"""A ready worker for each CPython minor of the build."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "pyvalue")]

from worker_process import WorkerProcess, known_workers  # noqa: E402

TAGS = sorted(known_workers()) or ["none"]


@pytest.fixture(params=TAGS)
def tag(request: pytest.FixtureRequest) -> str:
    if request.param == "none":
        pytest.skip("no build: set ENVKNIT_TEST_BUILD to a build directory")
    return request.param


@pytest.fixture
def worker(tag: str) -> Iterator[WorkerProcess]:
    with WorkerProcess(tag) as process:
        yield process.configure()
