"""A ready worker for each CPython minor of the build."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "pyvalue")]

from caller import Caller  # noqa: E402
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


@pytest.fixture
def opened(tag: str) -> Iterator[Callable[..., Caller]]:
    """Opens a ready worker with what `configure()` takes."""
    with contextlib.ExitStack() as stack:
        yield lambda **options: stack.enter_context(WorkerProcess(tag)).configure(**options)


@pytest.fixture
def caller(opened: Callable[..., Caller]) -> Caller:
    """A ready worker of each kind."""
    return opened()
