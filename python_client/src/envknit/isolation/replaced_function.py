"""A function of another module that is one of ours while imports are routed."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

__all__ = ["ReplacedFunction"]


class ReplacedFunction:
    """Calling it calls the original, whether it is replaced now or not.

    Others replace such functions, too. Who wraps ours keeps it below, and it is not put above
    again: the two would call each other for ever.
    """

    def __init__(self, module: str, name: str) -> None:
        self._module_name = module
        self._name = name
        self._module: ModuleType | None = None
        self._original: Callable[..., Any] | None = None

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        original = self._original or getattr(self._imported(), self._name)
        return original(*args, **kwargs)

    def install(self, routed: Callable[..., Any]) -> None:
        """Puts ours in its place, once."""
        module = self._imported()
        current = getattr(module, self._name)
        if current is not routed and self._original in (None, current):
            self._original = current
            setattr(module, self._name, routed)

    def uninstall(self, routed: Callable[..., Any]) -> None:
        """Puts the original back, unless ours has been wrapped: then it stays below."""
        module = self._imported()
        if getattr(module, self._name) is routed:
            setattr(module, self._name, self._original)
            self._original = None

    def _imported(self) -> ModuleType:
        if self._module is None:
            self._module = importlib.import_module(self._module_name)
        return self._module
