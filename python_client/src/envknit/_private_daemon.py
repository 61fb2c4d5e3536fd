"""The daemon that belongs to one client process."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import time

from envknit._runtime_directory import private_socket_path
from envknit.errors import WorkerStartError

__all__ = ["PrivateDaemon"]

# A start takes some 10 ms; a loaded machine may take seconds.
_START_TIMEOUT_S = 30.0
_END_TIMEOUT_S = 2.0
# Signals that a client may ignore or block, which the daemon must not inherit.
_RESET_SIGNALS = (
    *(signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGPIPE),
    *(signal.SIGCHLD, signal.SIGUSR1, signal.SIGUSR2, signal.SIGXFSZ),
)

# The daemon's settings that make sense for a private one; the user's others are meant for
# the server that they run.
_PASSED_SETTINGS = frozenset(
    ("ENVKNITD_ENVIRONMENTS_PYTHON_PREFIXES", "ENVKNITD_LOG_LEVEL", "ENVKNITD_LOG_FORMAT")
)

_starts = 0


class PrivateDaemon:
    """A running `envknitd serve --private`.

    It ends with this process, however that ends: it watches a pidfd of it, and a pipe whose
    other end is held here. It has a session of its own, so that a terminal's Ctrl-C doesn't
    reach it, and no parent-death signal, so that it may be started on a short-lived thread.
    """

    def __init__(self, pid: int, socket_path: str, death_pipe: int, ready_pipe: int) -> None:
        self.pid = pid
        self.address = "unix:" + socket_path
        self._socket_path = socket_path
        self._death_pipe = death_pipe
        self._ready_pipe = ready_pipe
        self._owner = os.getpid()

    @classmethod
    def start(cls) -> PrivateDaemon:
        """Starts one; it is not ready yet.

        Raises:
            WorkerStartError: it can't be found or run.
        """
        global _starts
        _starts += 1
        binary = _find_binary()
        socket_path = private_socket_path(_starts)
        # Closed at exec, so that no other child of this process holds them open.
        death_read, death_write = os.pipe()
        ready_read, ready_write = os.pipe()
        try:
            pid = _spawn(binary, socket_path, death_read, ready_write)
        except OSError as error:
            os.close(death_write)
            os.close(ready_read)
            raise WorkerStartError(f"the daemon failed to start: {binary}: {error}") from error
        finally:
            os.close(death_read)
            os.close(ready_write)
        return cls(pid, socket_path, death_write, ready_read)

    def wait_until_ready(self) -> None:
        """Blocks until it listens.

        Raises:
            WorkerStartError: it ended, or hung, while starting.
        """
        try:
            _read_readiness(self._ready_pipe)
        except BaseException:
            self.reap()
            raise
        finally:
            os.close(self._ready_pipe)
            self._ready_pipe = -1

    def stop(self) -> bool:
        """Lets it end, without waiting for it; whether it already ended.

        In a forked child this only gives up the child's part of it.
        """
        if self._death_pipe >= 0:
            os.close(self._death_pipe)
            self._death_pipe = -1
        if os.getpid() != self._owner:
            return False
        try:
            return os.waitpid(self.pid, os.WNOHANG)[0] == self.pid
        except ChildProcessError:
            # Somebody else here waits for all children.
            return True

    def reap(self) -> None:
        """After its connection broke: makes sure that it ended, and removes what it left."""
        if not self.stop():
            # Not collected yet, so that the pid is still its own.
            os.kill(self.pid, signal.SIGTERM)
            pidfd = os.pidfd_open(self.pid)
            try:
                if not select.select([pidfd], [], [], _END_TIMEOUT_S)[0]:
                    os.kill(self.pid, signal.SIGKILL)
            finally:
                os.close(pidfd)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(self.pid, 0)
        for path in (self._socket_path, self._socket_path + ".lock"):
            with contextlib.suppress(OSError):
                os.unlink(path)

    def __repr__(self) -> str:
        return f"<PrivateDaemon pid={self.pid} {self.address}>"


def _find_binary() -> str:
    binary = os.environ.get("ENVKNIT_DAEMON") or os.path.join(
        os.path.dirname(os.path.abspath(__file__)), "_daemon", "envknitd"
    )
    if not os.access(binary, os.X_OK):
        raise WorkerStartError(
            f"the daemon failed to start: {binary} is not there or can't be run; "
            "install envknit from its wheel, or name one in ENVKNIT_DAEMON"
        )
    return binary


def _spawn(binary: str, socket_path: str, death_fd: int, notify_fd: int) -> int:
    arguments = [
        *(binary, "serve", "--private", "--socket", socket_path),
        *("--death-fd", str(death_fd), "--client-pid", str(os.getpid())),
        *("--notify-fd", str(notify_fd)),
    ]
    actions: list[tuple[int, int, str, int, int] | tuple[int, int, int]] = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        # To itself: clears close-on-exec in the child only.
        (os.POSIX_SPAWN_DUP2, death_fd, death_fd),
        (os.POSIX_SPAWN_DUP2, notify_fd, notify_fd),
    ]
    if _is_open(2):
        actions.append((os.POSIX_SPAWN_DUP2, 2, 1))
    else:
        actions.append((os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0))
        actions.append((os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0))
    return os.posix_spawn(
        binary,
        arguments,
        _environment(),
        file_actions=actions,
        setsid=True,
        setsigmask=(),
        setsigdef=_RESET_SIGNALS,
    )


def _environment() -> dict[str, str]:
    """Of the daemon: without settings of another one, and without news that are exceptions here."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("ENVKNITD_") or name in _PASSED_SETTINGS
    }
    # Empty counts as unset there, too.
    environment["ENVKNITD_LOG_LEVEL"] = environment.get("ENVKNITD_LOG_LEVEL") or "error"
    return environment


def _is_open(fd: int) -> bool:
    try:
        os.fstat(fd)
    except OSError:
        return False
    return True


def _read_readiness(ready_pipe: int) -> None:
    """Reads the line that a daemon writes once it listens; the end comes without one."""
    deadline = time.monotonic() + _START_TIMEOUT_S
    said = b""
    while not said.endswith(b"\n"):
        remaining = deadline - time.monotonic()
        if remaining <= 0 or not select.select([ready_pipe], [], [], remaining)[0]:
            raise WorkerStartError(
                f"the daemon failed to start: it was not ready after {_START_TIMEOUT_S:g} s"
            )
        piece = os.read(ready_pipe, 4096)
        if not piece:
            raise WorkerStartError(
                "the daemon failed to start: it ended before it was ready; its stderr, which "
                "is this process's, says why"
            )
        said += piece
