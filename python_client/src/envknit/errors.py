"""Every exception of this package.

::

    Exception
    ├── RuntimeError
    │   └── RemoteError          what code in a worker raised; also the matching builtin,
    │                            so `except KeyError` works
    ├── ValueError
    │   └── SchemaVersionError   a lock file made for a newer envknit
    ├── ImportError
    │   └── CExtensionError      a C extension can't be had in-process, in a version of its own
    └── EnvknitError             everything that is not the called code's own exception
        ├── DeadlineError        also a TimeoutError: no answer in time; the work is stopped
        ├── WorkerCrashed        also a RuntimeError: the worker ended during the call
        │   └── WorkerOutOfMemory    also a MemoryError
        ├── StaleHandleError     also a RuntimeError: the object's worker is gone, or another one
        ├── WorkerStartError     also a RuntimeError: the environment failed to start
        ├── UnsupportedPlatformError   also a RuntimeError: no Python here has sub-interpreters
        ├── CExtIncompatibleError      also an ImportError: a C extension can't load in one
        ├── PoolExhausted        also a RuntimeError: no worker, or a quota
        ├── ServerUnavailable    also a ConnectionError: no server, or it is shutting down
        ├── NotRegisteredError   also an ImportError and a ValueError
        ├── AccessDenied         also a PermissionError
        ├── InvalidRequest       also a ValueError
        │   └── LimitExceeded
        └── NotByValueError      also a TypeError

Each EnvknitError has the `reason` (a name of protos/envknit/v1/errors.proto, which
never changes) and the `metadata` that the server gave.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

__all__ = [
    "AccessDenied",
    "CExtIncompatibleError",
    "CExtensionError",
    "DeadlineError",
    "EnvknitError",
    "InvalidRequest",
    "LimitExceeded",
    "NotByValueError",
    "NotRegisteredError",
    "PoolExhausted",
    "RemoteError",
    "SchemaVersionError",
    "ServerUnavailable",
    "StaleHandleError",
    "UnsupportedPlatformError",
    "WorkerCrashed",
    "WorkerOutOfMemory",
    "WorkerStartError",
]


class EnvknitError(Exception):
    """What went wrong around a call."""

    #: A name of the ErrorReason enum, such as "WORKER_CRASHED"; empty if there is none.
    reason: str = ""
    #: What is dynamic in the message, by name.
    metadata: Mapping[str, str] = {}


class DeadlineError(EnvknitError, TimeoutError):
    """The worker did not respond within the timeout; the work is being stopped."""


class WorkerCrashed(EnvknitError, RuntimeError):  # noqa: N818 - a name of the API
    """The worker ended before the call did. The next call runs on a fresh one."""


class WorkerOutOfMemory(WorkerCrashed, MemoryError):  # noqa: N818 - a name of the API
    """The worker was ended because of the memory it took."""


class StaleHandleError(EnvknitError, RuntimeError):
    """The object's worker is gone, or is not the one that was called."""


class WorkerStartError(EnvknitError, RuntimeError):
    """The environment is known but failed to start here."""


class UnsupportedPlatformError(EnvknitError, RuntimeError):
    """No Python on this machine can host sub-interpreters: that takes 3.12 or newer."""


class CExtIncompatibleError(EnvknitError, ImportError):
    """A C extension can't load in a sub-interpreter: use `envknit.worker()`."""


class PoolExhausted(EnvknitError, RuntimeError):  # noqa: N818 - a name of the API
    """No worker can be had now, or a quota is used up."""


class ServerUnavailable(EnvknitError, ConnectionError):  # noqa: N818 - reads as a state
    """There is no server to call, or it is shutting down."""


class NotRegisteredError(EnvknitError, ImportError, ValueError):
    """No such package, or not in that version."""


class AccessDenied(EnvknitError, PermissionError):  # noqa: N818 - reads as a state
    """The server's policy forbids it."""


class InvalidRequest(EnvknitError, ValueError):  # noqa: N818 - reads as a state
    """The server can't make sense of the request."""


class LimitExceeded(InvalidRequest):
    """Over a fixed limit of the protocol, such as the size of a message."""


class NotByValueError(EnvknitError, TypeError):
    """The result can't be copied; it stays in its worker."""


class CExtensionError(ImportError):
    """A process can't hold several versions of a C extension: use `envknit.worker()`."""


class SchemaVersionError(ValueError):
    """The lock file's schema has a newer major version: upgrade envknit."""


class RemoteError(RuntimeError):
    """What code in a worker raised.

    For subclasses of Exception it is also an instance of the matching builtin class.
    `args` are the remote ones where they are plain data; `__cause__`, `__context__` and
    `__notes__` are as they were.
    """

    #: "module.qualname" of the exception's class, such as "builtins.KeyError".
    remote_type: str = ""
    #: The names of the class and its bases, in method resolution order.
    remote_mro: tuple[str, ...] = ()
    #: str() of the exception.
    remote_message: str = ""
    #: The traceback as the worker's Python prints it.
    remote_traceback: str = ""
    #: The members, if it is an exception group.
    exceptions: tuple[RemoteError, ...] = ()

    #: What it was made from, for pickling.
    _description: Mapping[str, Any] | None = None

    def __str__(self) -> str:
        name = self.remote_type.rpartition(".")[2]
        text = f"[Worker {name}] {self.remote_message}".rstrip()
        if self.remote_traceback:
            text += f"\n\nIn the worker:\n{self.remote_traceback.rstrip()}"
        return text

    def __reduce__(self) -> tuple[Callable[..., BaseException], tuple[Any, ...]]:
        # The class is made at run time, so that pickle would not find it again.
        from envknit.isolation.remote_exceptions import make_remote_error

        return make_remote_error, (dict(self._description or {}),)
