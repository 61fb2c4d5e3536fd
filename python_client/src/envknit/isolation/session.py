"""A lease of one worker, which outlives workers, daemons and connections."""

from __future__ import annotations

import sys
import threading
import warnings
from typing import TYPE_CHECKING

from envknit.errors import EnvknitError
from envknit.isolation.error_mapping import NOT_SENT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import FrameType
    from typing import Any

    from envknit import _core

__all__ = ["WorkerSession"]

#: How long a worker may take to start; a call's own timeout begins after that.
START_TIMEOUT_S = 60.0
#: How much longer than a call's timeout the client waits for a server that is alive: it stops
#: the call's clock while it stops the work before, starts a worker, and repeats its imports.
SLACK_S = START_TIMEOUT_S + 5.0


class WorkerSession:
    """One worker's session, opened when it is first needed and again when it was lost.

    Thread-safe: calls run on the worker in the order in which they are sent.
    """

    def __init__(self, title: str, open_session: Callable[[], _core.Session]) -> None:
        self.title = title
        self._open_session = open_session
        self._lock = threading.Lock()
        self._core: _core.Session | None = None
        # Whether a worker that had state is gone, and nobody was told yet.
        self._lost_state = False

    def __repr__(self) -> str:
        core = self._core
        if core is None:
            return f"<WorkerSession of {self.title}, no worker>"
        state = "ended" if core.ended else "used" if core.used else "open"
        return f"<WorkerSession of {self.title}, {state}>"

    @property
    def current(self) -> _core.Session | None:
        """The open session, if there is one."""
        return self._core

    def import_module(self, module: str, context: object) -> dict[str, Any]:
        """The worker's description of a module: "module" and "worker"."""
        description: dict[str, Any] = self._run(
            lambda core: core.import_module(module, START_TIMEOUT_S, SLACK_S, context),
            idempotent=True,
        )
        return description

    def get_attr(
        self, target: _core.Target, timeout: float, context: object, *, as_handle: bool = False
    ) -> Any:
        """What stands at the target: data by value, everything else as a proxy."""
        return self._run(lambda core: core.get_attr(target, as_handle, timeout, SLACK_S, context))

    def call(
        self,
        target: _core.Target,
        args: tuple[Any, ...],
        kwargs: Mapping[str, Any] | None,
        timeout: float,
        context: object,
    ) -> Any:
        """Calls what stands at the target."""
        core = self._core
        if core is None:
            core = self.opened(None)
        try:
            return core.call(target, args, kwargs, timeout, SLACK_S, context)
        except EnvknitError as error:
            again = self.after(error, core)
            if again is None:
                raise
        return again.call(target, args, kwargs, timeout, SLACK_S, context)

    def next_items(
        self,
        target: _core.Target,
        max_items: int,
        timeout: float,
        context: object,
        *,
        begin: bool,
        max_time: float,
    ) -> tuple[list[Any], bool, Any, Any, BaseException | None]:
        """Takes items from an iterator; with `begin`, from a new one over the target.

        No further item is taken after `max_time` seconds; 0 is no bound. Returns the items,
        whether it ended, the new iterator if it goes on, what it returned, and the exception
        that came after the items.
        """
        taken: tuple[list[Any], bool, Any, Any, BaseException | None] = self._run(
            lambda core: core.next(target, begin, max_items, max_time, timeout, SLACK_S, context)
        )
        return taken

    def describe(self, target: _core.Target, timeout: float, context: object) -> dict[str, Any]:
        """Names, documentation and signature of what stands at the target."""
        description: dict[str, Any] = self._run(
            lambda core: core.describe(target, False, timeout, SLACK_S, context), idempotent=True
        )
        return description

    def set_attr(
        self, target: _core.Target, name: str, value: object, timeout: float, context: object
    ) -> None:
        """Sets an attribute of what stands at the target."""
        self._run(lambda core: core.set_attr(target, name, value, timeout, SLACK_S, context))

    def del_attr(self, target: _core.Target, name: str, timeout: float, context: object) -> None:
        """Deletes an attribute of what stands at the target."""
        self._run(lambda core: core.del_attr(target, name, timeout, SLACK_S, context))

    def execute(self, code: str, timeout: float, context: object, *, with_result: bool) -> Any:
        """Runs source text; what it leaves in `result`, or None."""
        return self._run(lambda core: core.execute(code, with_result, timeout, SLACK_S, context))

    def try_import(
        self, module: str, timeout: float, context: object
    ) -> tuple[int, str, BaseException | None]:
        """Number of the ImportVerdict, why, and what the import raised."""
        tried: tuple[int, str, BaseException | None] = self._run(
            lambda core: core.try_import(module, timeout, SLACK_S, context), idempotent=True
        )
        return tried

    def fetch(self, target: _core.Target, timeout: float, context: object) -> Any:
        """A local copy of what stands at the target, of any size in bytes.

        Containers have the limits of all values; the timeout is each chunk's.
        """
        return self._run(lambda core: core.fetch(target, timeout, SLACK_S, context))

    def forget(self) -> None:
        """In a forked child: the session is the parent's."""
        self._lock = threading.Lock()
        self._core = None
        self._lost_state = False

    def close(self) -> None:
        """Gives the worker back."""
        with self._lock:
            self._discard()

    def _run(self, ask: Callable[[_core.Session], Any], *, idempotent: bool = False) -> Any:
        core = self._core
        if core is None:
            core = self.opened(None)
        try:
            return ask(core)
        except EnvknitError as error:
            again = self.after(error, core)
            if idempotent and error.metadata.get("collateral") == "true":
                # A neighbour in its process ended it; the next call runs on a new one.
                again = core
            if again is None:
                raise
        return ask(again)

    def after(self, error: EnvknitError, core: _core.Session) -> _core.Session | None:
        """The session on which to try once more, or None if that could run a call twice."""
        if error.reason == NOT_SENT:
            return self.opened(core)
        if error.reason == "WORKER_UNAVAILABLE" and not core.used:
            return self.opened(core)
        if core.ended or error.reason == "SESSION_NOT_FOUND" or not core.answered:
            # An opening that failed fails all its calls: the next one opens anew.
            with self._lock:
                if self._core is core:
                    self._discard()
        return None

    def opened(self, lost: _core.Session | None) -> _core.Session:
        """The open session, opened unless another thread already did since `lost`."""
        with self._lock:
            if self._core is not None and self._core is not lost:
                return self._core
            self._discard()
            self._core = core = self._open_session()
            lost_state, self._lost_state = self._lost_state, False
        if lost_state:
            warn_replaced(self.title)
        return core

    def _discard(self) -> None:
        """Gives the worker back; needs the lock."""
        core, self._core = self._core, None
        if core is not None:
            self._lost_state = self._lost_state or core.used
            core.close()


def warn_replaced(title: str) -> None:
    """Says once per worker that state and objects of the old one are gone."""
    warnings.warn(
        f"the worker of {title} was replaced by a new one: "
        "its modules' state and the objects it held are gone",
        RuntimeWarning,
        stacklevel=_levels_to_caller(),
    )


def _levels_to_caller() -> int:
    """How far up the code is that called this package."""
    level = 1
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_globals.get("__name__", "").startswith("envknit."):
        frame = frame.f_back
        level += 1
    return level
