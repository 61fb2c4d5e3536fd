"""``multiprocessing.managers``: a server process with a class written for the rows."""

from __future__ import annotations

import multiprocessing
import platform
import sys
from collections.abc import Callable
from multiprocessing.managers import BaseManager
from typing import Any

from settings import Settings
from worlds.serving import Targets, end_with_parent


class _Manager(BaseManager):
    """A server process of its own; calls are pickled over a unix socket."""


_Manager.register("Targets", Targets, exposed=["call"])


def _begin(paths: list[str]) -> None:
    end_with_parent()
    sys.path[:0] = paths


class ManagersWorld:
    """One manager; a thread that calls gets a connection of its own, by the library."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        # A fresh interpreter, as every other contestant's worker is.
        self._manager = _Manager(ctx=multiprocessing.get_context("spawn"))
        self._manager.start(_begin, ([package.path for package in settings.packages.values()],))
        self._targets: Any = self._manager.Targets()  # type: ignore[attr-defined]

    @property
    def description(self) -> str:
        """What this contestant is."""
        return f"multiprocessing.managers of CPython {platform.python_version()}, spawned"

    def call(self, module: str, path: str, args: tuple[object, ...]) -> Any:
        """The result of ``module.path(*args)`` in the server."""
        return self._targets.call(module, path, args)

    def bind(self, module: str, path: str) -> Callable[..., Any]:
        """``module.path`` as a function of its arguments."""
        call = self._targets.call
        return lambda *args: call(module, path, args)

    def lanes(self, count: int) -> list[ManagersWorld]:
        """For each of ``count`` threads what it calls by."""
        return [self] * count

    def another(self) -> ManagersWorld:
        """A further worker."""
        return ManagersWorld(self.settings)

    def close(self) -> None:
        """Ends the server."""
        self._manager.shutdown()
