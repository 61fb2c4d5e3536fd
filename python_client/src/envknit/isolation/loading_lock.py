"""The lock under which modules of versions run, which doesn't wait for who waits for it."""

from __future__ import annotations

import importlib
import sys
import threading
import time
from typing import Any, TypeAlias

__all__ = ["STANDSTILL_S", "UNFINISHED_STANDSTILL_S", "LoadingLock"]

_Place: TypeAlias = "tuple[int, int, int]"

_bootstrap: Any = importlib._bootstrap

#: Between two looks at what the owner does.
_LOOK_S = 0.05
#: So long an owner may stand at one instruction before it counts as blocked.
STANDSTILL_S = 1.0
#: The same for who wants the very module that it runs: CPython would wait for ever.
UNFINISHED_STANDSTILL_S = 5.0
#: Of a chain of threads that wait for each other's imports.
_MAX_LINKS = 100


class LoadingLock:
    """A re-entrant lock for the whole process. acquire() gives way, and goes on without it, when

    - its owner waits, perhaps through others, for a module that this thread is importing: the
      host's and the versions' imports are in a circle then;
    - its owner has stood at the very same instruction for a while: a module that waits for a
      thread it started, or for a lock, may be waiting for this thread.

    Who gave way may see modules half-made, as in CPython's own circles: better than never.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._depth = 0
        #: The thread that has it; None for nobody. Read by any thread.
        self.owner: int | None = None
        # Where an owner stood when somebody gave way to it: a place of nobody's at first.
        self._blocked_at: _Place = (0, 0, 0)
        self._blocked_for_s = 0.0

    def is_mine(self) -> bool:
        """Whether this thread has it."""
        return self.owner == threading.get_ident()

    def acquire(self, patience_s: float = STANDSTILL_S) -> bool:
        """Waits for it. False: this thread goes on without, and must not release it.

        Args:
            patience_s: How long an owner may stand still before this thread gives way.
        """
        if not self._lock.acquire(blocking=False) and not self._wait(patience_s):
            return False
        self._depth += 1
        self.owner = threading.get_ident()
        return True

    def release(self) -> None:
        """Once for each acquire() that was true."""
        self._depth -= 1
        if self._depth == 0:
            self.owner = None
        self._lock.release()

    def _wait(self, patience_s: float) -> bool:
        place: _Place | None = None
        since = time.monotonic()
        while not self._lock.acquire(timeout=_LOOK_S if place else 0):
            owner = self.owner
            if owner is None:
                place = None
                time.sleep(0)
                continue
            if _waits_for_import_of(owner, threading.get_ident()):
                return False
            before, place = place, _place_of(owner)
            now = time.monotonic()
            if place == self._blocked_at and self._blocked_for_s >= patience_s:
                return False
            if place != before:
                since = now
            elif now - since >= patience_s:
                self._blocked_at, self._blocked_for_s = place, patience_s
                return False
        return True


def _place_of(thread: int) -> _Place:
    """The instruction at which a thread is."""
    frame = sys._current_frames().get(thread)
    return (thread, id(frame), frame.f_lasti if frame is not None else 0)


def _waits_for_import_of(waiting: int, thread: int) -> bool:
    """Whether a thread waits for a module lock of importlib's that the other holds."""
    for _ in range(_MAX_LINKS):
        # A lock until Python 3.11, a list of locks since.
        blocked: Any = _bootstrap._blocking_on.get(waiting)
        locks = blocked if isinstance(blocked, list) else [blocked]
        owners = [lock.owner for lock in locks if lock is not None and lock.owner is not None]
        if not owners:
            return False
        if thread in owners:
            return True
        waiting = owners[-1]
    return False
