"""Errors of the infrastructure as exceptions of this process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envknit.errors import (
    AccessDenied,
    CExtIncompatibleError,
    DeadlineError,
    EnvknitError,
    InvalidRequest,
    LimitExceeded,
    NotByValueError,
    NotRegisteredError,
    PoolExhausted,
    ServerUnavailable,
    StaleHandleError,
    UnsupportedPlatformError,
    WorkerCrashed,
    WorkerOutOfMemory,
    WorkerStartError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["make_error"]

#: The client's own reasons, beside those of errors.proto: the connection was gone
#: before the request was sent, before the server had said anything at all, and while
#: the reply was awaited.
NOT_SENT = "NOT_SENT"
NOT_REACHED = "NOT_REACHED"
CONNECTION_LOST = "CONNECTION_LOST"

_BY_REASON: dict[str, type[EnvknitError]] = {
    "DEADLINE_EXPIRED_QUEUED": DeadlineError,
    "DEADLINE_EXPIRED_RUNNING": DeadlineError,
    "WORKER_UNAVAILABLE": WorkerCrashed,
    "WORKER_CRASHED": WorkerCrashed,
    CONNECTION_LOST: WorkerCrashed,
    NOT_SENT: ServerUnavailable,
    NOT_REACHED: ServerUnavailable,
    "WORKER_OOM": WorkerOutOfMemory,
    "POOL_EXHAUSTED": PoolExhausted,
    "QUOTA_EXCEEDED": PoolExhausted,
    "ENV_NOT_FOUND": NotRegisteredError,
    "PACKAGE_NOT_LOCKED": NotRegisteredError,
    "ENV_NOT_INSTALLED": WorkerStartError,
    "INTERPRETER_NOT_FOUND": WorkerStartError,
    "RUNTIME_NOT_AVAILABLE": WorkerStartError,
    "CEXT_INCOMPATIBLE": CExtIncompatibleError,
    "HANDLE_EXPIRED": StaleHandleError,
    "CROSS_WORKER": StaleHandleError,
    "MODULE_DENIED": AccessDenied,
    "ATTRIBUTE_DENIED": AccessDenied,
    "INLINE_DENIED": AccessDenied,
    "UNAUTHENTICATED": AccessDenied,
    "INVALID_REQUEST": InvalidRequest,
    "LIMIT_EXCEEDED": LimitExceeded,
    "NOT_BY_VALUE": NotByValueError,
    "SESSION_NOT_FOUND": WorkerCrashed,
    "DRAINING": ServerUnavailable,
}
# Statuses that gRPC itself makes carry no reason.
_BY_CODE: dict[int, type[EnvknitError]] = {
    3: InvalidRequest,
    4: DeadlineError,
    7: AccessDenied,
    14: ServerUnavailable,
    16: AccessDenied,
}


def make_error(code: int, reason: str, message: str, metadata: Mapping[str, str]) -> EnvknitError:
    """The exception for a status with its ErrorInfo; `code` is google.rpc.Code's."""
    kind = _BY_REASON.get(reason) or _BY_CODE.get(code, EnvknitError)
    if reason == "RUNTIME_NOT_AVAILABLE" and "found" in metadata:
        # What was wanted is any Python that has sub-interpreters, not a certain one.
        kind = UnsupportedPlatformError
    error = kind(_text(kind, reason, message, metadata))
    error.reason = reason
    error.metadata = dict(metadata)
    return error


def _text(kind: type[EnvknitError], reason: str, message: str, metadata: Mapping[str, str]) -> str:
    if reason == CONNECTION_LOST:
        message = "the server ended during the call" + (f": {message}" if message else "")
    if kind is DeadlineError:
        timeout = metadata.get("timeout_ms")
        head = "the worker did not respond within "
        if timeout == "0":
            head += "less than 1 ms"
        else:
            head += f"{float(timeout) / 1000:g} s" if timeout else "the timeout"
        message = f"{head}: {message}" if message else head
    elif kind is WorkerStartError:
        message = f"the worker failed to start: {message}"
    elif kind is CExtIncompatibleError and "envknit.worker" not in message:
        message += "; use envknit.worker(), which gives it a process"
    elif kind is NotRegisteredError and "is not registered" not in message:
        what = " ".join(
            metadata[key] for key in ("package", "version", "environment") if metadata.get(key)
        )
        message = f"{what or 'it'} is not registered: {message}"
    stderr = metadata.get("stderr")
    if stderr:
        message += f"\n\nThe end of its stderr:\n{stderr.rstrip()}"
    return message
