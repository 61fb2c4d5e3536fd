"""The workers of this process."""

from __future__ import annotations

import atexit
import os
import sys
import threading
import weakref
from importlib.machinery import EXTENSION_SUFFIXES
from typing import TYPE_CHECKING, NamedTuple

from envknit import _wire
from envknit._connection import Connection, uses_shared_server
from envknit.isolation.session import WorkerSession

if TYPE_CHECKING:
    from envknit import _core
    from envknit._registry import Selection

__all__ = ["ProcessPool", "WorkerKey"]


class WorkerKey(NamedTuple):
    """What two blocks must have in common to share a worker.

    Those of `environment()` have no name and version.
    """

    name: str
    version: str
    install_path: str | None
    environment: str | None
    #: A key of _wire.ISOLATION_KINDS.
    isolation: str = "process"


class _Forks(threading.local):
    paused: _core.Client | None = None


class ProcessPool:
    """One worker per key for the life of this process.

    Nothing is started before the first call needs it. If the daemon, or a worker, ended,
    the next call gets a new one. A forked child begins with an empty pool.

    Thread-safe.
    """

    def __init__(self, hooks: object) -> None:
        self._hooks = hooks
        self._lock = threading.Lock()
        self._sessions: dict[WorkerKey, WorkerSession] = {}
        self._unshared: weakref.WeakSet[WorkerSession] = weakref.WeakSet()
        self._connection: Connection | None = None
        # What each forking thread paused, so that the extension's threads stand still.
        self._forks = _Forks()
        os.register_at_fork(
            before=self._pause, after_in_parent=self._resume, after_in_child=self._forget
        )
        atexit.register(self._leave)

    def session(self, key: WorkerKey, selection: Selection) -> WorkerSession:
        """The session of a key; made, but not opened, if there is none."""
        with self._lock:
            session = self._sessions.get(key)
            if session is None:
                title = (
                    f"{key.name} {key.version}" if key.name else f"environment {key.environment}"
                )
                session = WorkerSession(title, lambda: self._open(key, selection))
                self._sessions[key] = session
            return session

    def unshared_session(self, title: str, key: WorkerKey, selection: Selection) -> WorkerSession:
        """A session that no other block gets, whatever its key; its owner closes it."""
        session = WorkerSession(title, lambda: self._open(key, selection))
        with self._lock:
            self._unshared.add(session)
        return session

    def current_connection(self) -> Connection | None:
        """The connection, made if a shared server is named; None rather than start a daemon.

        Raises:
            ServerUnavailable: the server of ENVKNIT_ADDRESS can't be reached.
        """
        with self._lock:
            connection = self._connection
        if connection is not None and not connection.client.ended:
            return connection
        if not uses_shared_server():
            return None
        self._connected()
        return self._connection

    def __repr__(self) -> str:
        with self._lock:
            sessions = list(self._sessions.values())
            daemon = self._connection.daemon if self._connection else None
        opened = sum(session.current is not None for session in sessions)
        return f"<ProcessPool of {len(sessions)} workers, {opened} in use, daemon={daemon!r}>"

    def _open(self, key: WorkerKey, selection: Selection) -> _core.Session:
        request = _wire.open_session_request(_selector(key, selection), key.isolation)
        return self._connected().open_session(request)

    def _connected(self) -> _core.Client:
        with self._lock:
            if self._connection is not None and self._connection.client.ended:
                self._connection.discard()
                self._connection = None
            if self._connection is None:
                self._connection = Connection.open(self._hooks)
            return self._connection.client

    def _leave(self) -> None:
        if self._connection is None or self._connection.daemon is not None:
            return
        for session in (*self._sessions.values(), *self._unshared):
            session.close()
        self._connection.leave()

    def _pause(self) -> None:
        connection = self._connection
        if connection is not None:
            client = connection.client
            client.pause_before_fork()
            self._forks.paused = client
        _expect_fork(expected=True)

    def _resume(self) -> None:
        _expect_fork(expected=False)
        paused, self._forks.paused = self._forks.paused, None
        if paused is not None:
            paused.resume_in_parent()

    def _forget(self) -> None:
        _expect_fork(expected=False)
        self._forks = _Forks()
        self._lock = threading.Lock()
        inherited, self._connection = self._connection, None
        if inherited is not None:
            inherited.forget()
        for session in (*self._sessions.values(), *self._unshared):
            session.forget()


def _expect_fork(*, expected: bool) -> None:
    core = sys.modules.get("envknit._core")
    # Not loaded before the first connection: nothing of it has to stand still then.
    if core is not None:
        core.expect_fork(expected)


def _selector(key: WorkerKey, selection: Selection) -> bytes:
    """What the server is asked for: a shared one has lock files of its own."""
    if uses_shared_server() and key.install_path is None:
        if not key.name:
            return _wire.environment_selector(key.environment or "")
        return _wire.package_selector(key.name, key.version, key.environment or "")
    version = sys.version_info
    preferred = f"{version.major}.{version.minor}"
    interpreter = ""
    if key.isolation == "subinterpreter":
        # Which Python this is says nothing about the host's.
        preferred = ""
    if selection.python.startswith("/"):
        interpreter = selection.python
    elif selection.python:
        preferred = ".".join(selection.python.split(".")[:2])
    return _wire.inline_environment(
        selection.environment,
        selection.install_paths,
        selection.packages,
        interpreter=interpreter,
        preferred_python=preferred,
        known_interpreter=_this_interpreter(),
    )


def _this_interpreter() -> tuple[str, str, str]:
    """Path, version and SOABI of the Python that runs this, not of its virtual environment."""
    path = getattr(sys, "_base_executable", None) or sys.executable
    soabi = EXTENSION_SUFFIXES[0].removeprefix(".").removesuffix(".so")
    return path, "{}.{}.{}".format(*sys.version_info[:3]), soabi
