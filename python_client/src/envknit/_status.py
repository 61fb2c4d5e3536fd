"""`envknit.status()`: what runs for this process, or on the server it was told of."""

from __future__ import annotations

import contextlib
import os
import time
from typing import TYPE_CHECKING, NamedTuple

from envknit import _status_table
from envknit._wire import ISOLATION_NAMES
from envknit._wire_reader import Message
from envknit.errors import EnvknitError, ServerUnavailable
from envknit.isolation.worker import current_connection

if TYPE_CHECKING:
    from collections.abc import Mapping

    from envknit._connection import Connection

__all__ = ["SessionStatus", "Status", "WorkerStatus", "status"]

_SERVICE = "/envknit.v1.AdminService/"
#: Of the enum WorkerState.
_STATES = ("unknown", "starting", "idle", "busy", "stopping call", "ending")


class WorkerStatus(NamedTuple):
    """One worker: a process, or a sub-interpreter in a process that it may share."""

    environment: str
    #: "process" or "subinterpreter".
    isolation: str
    #: Of its process: sub-interpreters of one host have the same.
    pid: int
    #: Version of its interpreter; empty while it starts.
    python: str
    #: "starting", "idle", "busy", "stopping call" or "ending".
    state: str
    #: The session that leases it; empty for none.
    session: str
    #: Calls it finished.
    calls: int
    #: "module.path" of the running call; empty for none.
    running: str
    #: Objects that it holds for its session.
    handles: int
    #: Its process's resident memory; None if it is another machine's, or already gone.
    rss_bytes: int | None


class SessionStatus(NamedTuple):
    """One lease of a worker; times are those of `time.time()`."""

    session: str
    environment: str
    #: Who opened it, such as "uid:1000".
    identity: str
    #: It lives as long as its client's connection.
    attached: bool
    #: The server opened it for the objects of a call that named no session.
    implicit: bool
    labels: Mapping[str, str]
    #: Its worker's process; 0 while it has none.
    pid: int
    handles: int
    calls_in_flight: int
    calls: int
    opened: float
    last_call: float
    #: When it ends if no call comes; None if that is not what ends it.
    expires: float | None


class Status(NamedTuple):
    """A snapshot, printed as a table.

    False, with nothing in it, if nothing is running.
    """

    #: Where the server listens; None if nothing is running.
    address: str | None
    #: The pid of this process's own daemon; None for a shared server.
    daemon: int | None
    #: The server's.
    version: str
    #: Fresh for every start of a server.
    instance: str
    #: Of the server, in seconds.
    uptime: float
    #: In the order they were started.
    workers: tuple[WorkerStatus, ...]
    #: In the order they were opened.
    sessions: tuple[SessionStatus, ...]

    def __bool__(self) -> bool:
        return self.address is not None

    def __repr__(self) -> str:
        if not self:
            return "<Status: nothing is running>"
        return (
            f"<Status of {self.address}: {len(self.workers)} workers, "
            f"{len(self.sessions)} sessions, up {self.uptime:.0f} s>"
        )

    def __str__(self) -> str:
        return _status_table.render(self)


_NOTHING = Status(None, None, "", "", 0.0, (), ())


def status(timeout: float = 10.0) -> Status:
    """What runs now: the daemon of this process with its workers and sessions.

    With `ENVKNIT_ADDRESS` set it is that server's, with what others run there. Starts
    nothing: before the first `worker()` block the answer is that nothing is running. It runs
    no code in any worker, and waits for none.

    Args:
        timeout: Seconds to wait for each of the server's three answers.

    Raises:
        ServerUnavailable: The server of ENVKNIT_ADDRESS can't be reached.
        DeadlineError: It did not answer in time.
    """
    connection = current_connection()
    if connection is None:
        return _NOTHING
    try:
        return _ask(connection, timeout)
    except ServerUnavailable:
        if connection.daemon is None:
            raise
        # Our own daemon has ended, and everything it started with it.
        return _NOTHING


def _ask(connection: Connection, timeout: float) -> Status:
    def answer(method: str) -> Message:
        response = connection.client.unary(_SERVICE + method, b"", timeout)
        try:
            return Message(response)
        except ValueError as error:
            raise EnvknitError(f"the server's answer to {method} can't be read: {error}") from error

    # The numbers are those of protos/envknit/v1/admin_service.proto.
    info = answer("GetServerInfo")
    is_local = connection.daemon is not None
    try:
        return Status(
            connection.address,
            connection.daemon.pid if connection.daemon is not None else None,
            info.text(1),
            info.text(4),
            max(0.0, time.time() - (info.seconds(6) or time.time())),
            tuple(_worker(each, is_local) for each in answer("ListWorkers").messages(1)),
            tuple(_session(each) for each in answer("ListSessions").messages(1)),
        )
    except ValueError as error:
        raise EnvknitError(f"the server's answer can't be read: {error}") from error


def _worker(status: Message, is_local: bool) -> WorkerStatus:
    pid, state = status.signed(3), status.number(5)
    return WorkerStatus(
        environment=status.text(1),
        isolation=ISOLATION_NAMES.get(status.number(2), "unknown"),
        pid=pid,
        python=status.text(13),
        state=_STATES[state] if state < len(_STATES) else _STATES[0],
        session=status.text(6),
        calls=status.number(8),
        running=status.text(9),
        handles=status.number(14),
        rss_bytes=_resident_bytes(pid) if is_local else None,
    )


def _session(status: Message) -> SessionStatus:
    return SessionStatus(
        session=status.text(3),
        environment=status.text(1),
        identity=status.text(4),
        attached=bool(status.number(5)),
        implicit=bool(status.number(6)),
        labels=status.texts_by_name(7),
        pid=status.signed(8),
        handles=status.number(10),
        calls_in_flight=status.number(11),
        calls=status.number(12),
        opened=status.seconds(13) or 0.0,
        last_call=status.seconds(14) or 0.0,
        expires=status.seconds(15),
    )


def _resident_bytes(pid: int) -> int | None:
    with contextlib.suppress(OSError, ValueError, IndexError), open(f"/proc/{pid}/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return None
