"""The far end of peers and floors that bring no way of their own to name a function."""

from __future__ import annotations

import ctypes
import importlib
import operator
import signal
from collections.abc import Callable
from typing import Any

_PR_SET_PDEATHSIG = 1


class Targets:
    """Functions by module and dotted path, looked up once."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], Callable[..., Any]] = {}

    def call(self, module: str, path: str, args: tuple[Any, ...]) -> Any:
        """The result of ``module.path(*args)``, a plain number where numpy has a scalar."""
        target = self._found.get((module, path))
        if target is None:
            target = operator.attrgetter(path)(importlib.import_module(module))
            self._found[module, path] = target
        value = target(*args)
        if type(value).__module__ == "numpy" and value.ndim == 0:
            return value.item()
        return value


def end_with_parent() -> None:
    """Lets the kernel end this process with the thread that started it.

    Not every peer's worker notices that its client is gone, and none of them
    does in the middle of a call.
    """
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
