"""`envknit.worker()`: a package of a locked environment, in a worker of its own."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from envknit import _wire
from envknit._connection import uses_shared_server
from envknit._registry import registry
from envknit.errors import NotRegisteredError
from envknit.isolation.async_context import AsyncWorkerContext
from envknit.isolation.call_proxy import CallProxy
from envknit.isolation.copying import copy_of_foreign
from envknit.isolation.error_mapping import make_error
from envknit.isolation.module_proxy import ModuleProxy
from envknit.isolation.named_proxy import NamedProxy, handle_of
from envknit.isolation.process_pool import ProcessPool, WorkerKey
from envknit.isolation.remote_exceptions import make_remote_error
from envknit.isolation.remote_object import RemoteObject, make_class
from envknit.isolation.worker_context import WorkerContext

if TYPE_CHECKING:
    from typing import Literal, TypeAlias

    from envknit._connection import Connection
    from envknit._registry import Selection
    from envknit.isolation.session import WorkerSession

    Isolation: TypeAlias = Literal["process", "auto", "subinterpreter"]

__all__ = [
    "CallProxy",
    "ModuleProxy",
    "ProcessPool",
    "WorkerContext",
    "current_connection",
    "worker",
]


def _async_class(kind: type[RemoteObject]) -> type[RemoteObject]:
    # Only loops need it.
    from envknit.isolation.async_objects import async_class

    return async_class(kind)


class _Hooks:
    """What the extension module calls back; see native/python_hooks.h."""

    remote_object = RemoteObject
    named_proxy = NamedProxy
    resolve = staticmethod(handle_of)
    make_class = staticmethod(make_class)
    make_exception = staticmethod(make_remote_error)
    make_error = staticmethod(make_error)
    copy_of_foreign = staticmethod(copy_of_foreign)
    worker_replaced = staticmethod(WorkerContext.worker_replaced)
    async_context = AsyncWorkerContext
    async_class = staticmethod(_async_class)


_pool = ProcessPool(_Hooks)


def current_connection() -> Connection | None:
    """What status() asks; None if there is nothing to ask."""
    return _pool.current_connection()


def session_of(key: WorkerKey, selection: Selection) -> WorkerSession:
    """The one session of this process for a key."""
    return _pool.session(key, selection)


def unshared_session(title: str, key: WorkerKey, selection: Selection) -> WorkerSession:
    """A session for one owner, who closes it."""
    return _pool.unshared_session(title, key, selection)


def worker(
    name: str,
    version: str,
    install_path: str | os.PathLike[str] | None = None,
    timeout: float = 30.0,
    *,
    env: str | None = None,
    isolation: Isolation = "process",
    results: Literal["auto", "copy"] = "auto",
) -> WorkerContext:
    """A package of a locked environment, in a worker process of its own.

    The block's value stands for the module::

        with envknit.worker("numpy", "1.26.4") as np:
            print(np.linalg.norm([3, 4]))

    Blocks with the same name, version, install path, environment and isolation share one worker
    and its modules' state, one after the other, nested, or in parallel; it lives as long as
    this process. Proxies may be used from any thread.

    Args:
        name: The distribution's or the import name ("pillow" or "PIL").
        version: The exact version.
        install_path: A folder made by `pip install --target`; then nothing need be
            registered: the environment is that folder and the standard library.
        timeout: Seconds for each call of this block. It really stops the work.
        env: Which environment, if several have that version; else the first in the lock.
        isolation: "process"; "subinterpreter", an interpreter with a GIL of its own in a process
            that others share, of a Python from 3.12 on, whatever the environment is pinned to;
            or "auto": a sub-interpreter where the environment's Python has them and all its
            modules load in one (that is tried once, in a process of its own), else a process.
        results: "auto" copies plain data and leaves everything else in the worker, behind
            a proxy; "copy" copies arrays too, and data of any size in bytes (a million
            elements in containers), and raises NotByValueError (a TypeError) for what
            can't be copied.

    Raises:
        NotRegisteredError: No such package, or not in that version.
        TypeError: `timeout` is no number.
        ValueError: `timeout`, `isolation` or `results` makes no sense.

    Entering the block starts the worker if it has none, and imports the module; that may
    also raise WorkerStartError, ServerUnavailable, and what the import raises; with
    "subinterpreter" UnsupportedPlatformError and CExtIncompatibleError (an ImportError).
    """
    timeout = check_timeout(timeout)
    check_results(results)
    session, module = lease(name, version, install_path, env, isolation)
    return WorkerContext(session, module, timeout, copy_results=results == "copy")


def lease(
    name: str,
    version: str,
    install_path: str | os.PathLike[str] | None,
    env: str | None,
    isolation: str,
) -> tuple[WorkerSession, str]:
    """The session that `worker()` and `aworker()` with these arguments share, and the module.

    Raises:
        NotRegisteredError: No such package, or not in that version.
        ValueError: `isolation` makes no sense.
    """
    check_isolation(isolation)
    path = None if install_path is None else os.path.abspath(os.path.expanduser(install_path))
    if path is not None:
        selection = registry.select_path(name, version, path)
    else:
        try:
            selection = registry.find(name, version, env)
        except NotRegisteredError:
            if not uses_shared_server():
                raise
            # The server has lock files of its own, and says so if it lacks it.
            selection = registry.assume(name, version, env)
    key = WorkerKey(selection.name, version, path, env, isolation)
    return session_of(key, selection), selection.module


def check_timeout(timeout: float) -> float:
    """The timeout in seconds, if it is one."""
    if not hasattr(type(timeout), "__float__") and not hasattr(type(timeout), "__index__"):
        raise TypeError(f"timeout is a number of seconds, not {timeout!r}")
    timeout = float(timeout)
    if not timeout > 0:
        raise ValueError(f"timeout is in seconds and greater than 0, not {timeout!r}")
    return timeout


def check_isolation(isolation: str) -> None:
    """Refuses what `isolation` can't be."""
    if isolation not in _wire.ISOLATION_KINDS:
        names = ", ".join(f'"{name}"' for name in _wire.ISOLATION_KINDS)
        raise ValueError(f"isolation is one of {names}, not {isolation!r}")


def check_results(results: str) -> None:
    """Refuses what `results` can't be."""
    if results not in ("auto", "copy"):
        raise ValueError(f'results is "auto" or "copy", not {results!r}')
