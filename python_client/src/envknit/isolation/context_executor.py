"""A thread pool whose tasks see the versions of the block that submitted them."""

from __future__ import annotations

import contextvars
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future
    from typing import ParamSpec

    P = ParamSpec("P")
T = TypeVar("T")

__all__ = ["ContextExecutor"]


class ContextExecutor(ThreadPoolExecutor):
    """A thread pool whose tasks run in a copy of the context of their submit()."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """As ThreadPoolExecutor's; the snapshot is taken here, also for map()."""
        run: Callable[..., T] = contextvars.copy_context().run
        return super().submit(run, fn, *args, **kwargs)
