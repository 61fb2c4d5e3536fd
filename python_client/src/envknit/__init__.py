"""Several versions of a Python package side by side, each in a worker of its own.

::

    import envknit

    envknit.configure_from_lock("envknit.lock.yaml")
    with envknit.worker("numpy", "1.26.4") as np:
        print(np.linalg.norm([3, 4]))

`envknit.errors` shows all exceptions as a tree. Importing this package starts nothing and
loads no extension module: both happen at first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from envknit._status import SessionStatus, Status, WorkerStatus, status
from envknit._version import VERSION  # type: ignore[import-not-found]
from envknit.errors import (
    AccessDenied,
    CExtensionError,
    CExtIncompatibleError,
    DeadlineError,
    EnvknitError,
    InvalidRequest,
    LimitExceeded,
    NotByValueError,
    NotRegisteredError,
    PoolExhausted,
    RemoteError,
    SchemaVersionError,
    ServerUnavailable,
    StaleHandleError,
    UnsupportedPlatformError,
    WorkerCrashed,
    WorkerOutOfMemory,
    WorkerStartError,
)
from envknit.isolation.async_context import AsyncWorkerContext
from envknit.isolation.async_worker import aworker
from envknit.isolation.context_threads import ContextThread, context_wrap
from envknit.isolation.copying import fetch
from envknit.isolation.environment import Environment, EnvironmentContext, environment
from envknit.isolation.import_hook import (
    ImportHookManager,
    VersionContext,
    configure_from_lock,
    disable,
    enable,
    get_manager,
    import_version,
    set_default,
    use,
)
from envknit.isolation.process_pool import ProcessPool
from envknit.isolation.subinterpreter import SubInterpreterEnv
from envknit.isolation.worker import worker
from envknit.isolation.worker_context import WorkerContext

if TYPE_CHECKING:
    from envknit.isolation.context_executor import ContextExecutor

__all__ = [
    "VERSION_INFO",
    "AccessDenied",
    "AsyncWorkerContext",
    "CExtIncompatibleError",
    "CExtensionError",
    "ContextExecutor",
    "ContextThread",
    "DeadlineError",
    "Environment",
    "EnvironmentContext",
    "EnvknitError",
    "ImportHookManager",
    "InvalidRequest",
    "LimitExceeded",
    "NotByValueError",
    "NotRegisteredError",
    "PoolExhausted",
    "ProcessPool",
    "RemoteError",
    "SchemaVersionError",
    "ServerUnavailable",
    "SessionStatus",
    "StaleHandleError",
    "Status",
    "SubInterpreterEnv",
    "UnsupportedPlatformError",
    "VersionContext",
    "WorkerContext",
    "WorkerCrashed",
    "WorkerOutOfMemory",
    "WorkerStartError",
    "WorkerStatus",
    "__version__",
    "aworker",
    "configure_from_lock",
    "context_wrap",
    "disable",
    "enable",
    "environment",
    "fetch",
    "get_manager",
    "import_version",
    "set_default",
    "status",
    "use",
    "worker",
]

__version__: str = VERSION
#: The version as numbers.
VERSION_INFO: tuple[int, ...] = tuple(int(part) for part in __version__.split("."))

if not TYPE_CHECKING:
    # Hidden from type checkers, which would take any name from it.

    def __getattr__(name):
        # concurrent.futures takes longer to import than all of envknit.
        if name == "ContextExecutor":
            from envknit.isolation.context_executor import ContextExecutor

            return ContextExecutor
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
