"""Threads that see the versions of the `use()` block they come from.

A plain thread starts with an empty context. These take a snapshot of the one they are made in;
each run works on a copy of its own, so that what one run sets no other sees.
"""

from __future__ import annotations

import contextvars
import functools
import threading
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import ParamSpec

    P = ParamSpec("P")
T = TypeVar("T")

__all__ = ["ContextThread", "context_wrap"]


class ContextThread(threading.Thread):
    """A thread that runs in a copy of the context in which it was made, not started."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Of the instance: around the run() of a subclass, too.
        self.run = context_wrap(self.run)  # type: ignore[method-assign]


def context_wrap(fn: Callable[P, T]) -> Callable[P, T]:
    """A function that runs `fn` in a copy of the context of this call, in whichever thread.

    It can be called any number of times, also by several threads at once.
    """
    snapshot = contextvars.copy_context()

    @functools.wraps(fn)
    def run_in_snapshot(*args: P.args, **kwargs: P.kwargs) -> T:
        return snapshot.copy().run(fn, *args, **kwargs)

    return run_in_snapshot
