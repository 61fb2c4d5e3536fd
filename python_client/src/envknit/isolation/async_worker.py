"""`envknit.aworker()`: `worker()` for event loops."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envknit.isolation.async_context import AsyncWorkerContext
from envknit.isolation.worker import check_results, check_timeout, lease

if TYPE_CHECKING:
    import os
    from typing import Literal

    from envknit.isolation.worker import Isolation

__all__ = ["aworker"]


def aworker(
    name: str,
    version: str,
    install_path: str | os.PathLike[str] | None = None,
    timeout: float = 30.0,
    *,
    env: str | None = None,
    isolation: Isolation = "process",
    results: Literal["auto", "copy"] = "auto",
) -> AsyncWorkerContext:
    """A package of a locked environment, in a worker process of its own, for asyncio.

    The block's value stands for the module; everything that needs the worker is awaited::

        async with envknit.aworker("numpy", "1.26.4") as np:
            z = await np.zeros(3)
            norm, pi = await asyncio.gather(np.linalg.norm(z), np.pi)

    A call is sent when it is made, so that many may be in flight (`asyncio.gather`), and a
    worker runs them in that order. Its `timeout` counts from sending. Cancelling the task
    that awaits it (`task.cancel`, `asyncio.timeout`) stops it in the worker. Blocks of
    `worker()` with the same name, version, install path, environment and isolation share the
    worker.

    Args and what it raises are those of `worker()`. Entering the block starts the worker if
    it has none, and imports the module, without blocking the loop.
    """
    timeout = check_timeout(timeout)
    check_results(results)
    session, module = lease(name, version, install_path, env, isolation)
    return AsyncWorkerContext(session, module, timeout, copy_results=results == "copy")
