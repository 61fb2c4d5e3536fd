"""Isolation of packages from each other; see the modules for what each does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envknit._registry import VersionRegistry
from envknit.errors import CExtIncompatibleError, UnsupportedPlatformError
from envknit.isolation.context_threads import ContextThread, context_wrap
from envknit.isolation.import_hook import (
    VersionedFinder,
    VersionedLoader,
    configure_from_lock,
    disable,
    enable,
    get_manager,
    import_version,
    set_default,
    use,
)
from envknit.isolation.subinterpreter import SubInterpreterEnv

if TYPE_CHECKING:
    from envknit.isolation.context_executor import ContextExecutor

__all__ = [
    "CExtIncompatibleError",
    "ContextExecutor",
    "ContextThread",
    "SubInterpreterEnv",
    "UnsupportedPlatformError",
    "VersionRegistry",
    "VersionedFinder",
    "VersionedLoader",
    "configure_from_lock",
    "context_wrap",
    "disable",
    "enable",
    "get_manager",
    "import_version",
    "set_default",
    "use",
]

if not TYPE_CHECKING:
    # Hidden from type checkers, which would take any name from it.

    def __getattr__(name):
        # concurrent.futures takes longer to import than all of envknit.
        if name == "ContextExecutor":
            from envknit.isolation.context_executor import ContextExecutor

            return ContextExecutor
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
