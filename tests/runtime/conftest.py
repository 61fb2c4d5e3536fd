"""Ready workers of each kind for each CPython minor of the build."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "pyvalue")]

from caller import Caller  # noqa: E402
from host_process import HOST_TAGS, HostProcess  # noqa: E402
from worker_process import WorkerProcess, known_workers  # noqa: E402

TAGS = sorted(known_workers())
KINDS = TAGS + [f"host{tag}" for tag in HOST_TAGS]
NO_BUILD = "no build: set ENVKNIT_TEST_BUILD to a build directory"


def given(request: pytest.FixtureRequest) -> str:
    if request.param == "none":
        pytest.skip(NO_BUILD)
    return request.param


@pytest.fixture(params=TAGS or ["none"])
def tag(request: pytest.FixtureRequest) -> str:
    return given(request)


@pytest.fixture(params=HOST_TAGS or ["none"])
def host_tag(request: pytest.FixtureRequest) -> str:
    return given(request)


@pytest.fixture
def host(host_tag: str) -> Iterator[HostProcess]:
    with HostProcess(host_tag) as process:
        yield process.configure()


@pytest.fixture(params=KINDS or ["none"])
def opened(request: pytest.FixtureRequest) -> Iterator[Callable[..., Caller]]:
    """Opens a ready process or interpreter, with the environment and limits it gets."""
    kind = given(request)
    with contextlib.ExitStack() as stack:
        if kind.startswith("host"):
            process = stack.enter_context(HostProcess(kind.removeprefix("host")))
            yield process.configure().open
        else:
            yield lambda **options: stack.enter_context(WorkerProcess(kind)).configure(**options)


@pytest.fixture
def worker(opened: Callable[..., Caller]) -> Caller:
    """A ready process or interpreter."""
    return opened()
