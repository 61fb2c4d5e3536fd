"""Starting and watching envknitd, and the processes below it."""

import contextlib
import os
import select
import signal
import subprocess
import tempfile
import time
from pathlib import Path

# Generous: other work shares the machine.
PATIENCE_S = 30.0


class Daemon:
    """An envknitd that was started, ready or not."""

    def __init__(self, binary, socket, arguments=(), private=None, environment=None, stderr=None):
        self.socket = str(socket)
        self.address = f"unix://{self.socket}"
        # Closed by kill().
        self._log = tempfile.TemporaryFile()  # noqa: SIM115
        ready_read, ready_write = os.pipe()
        inherited = [ready_write]
        command = [binary, "serve", "--socket", self.socket, "--notify-fd", str(ready_write)]
        command += [str(argument) for argument in arguments]
        if private is not None:
            command += ["--private", *private.flags()]
            inherited += private.descriptors()
        self._process = subprocess.Popen(
            command,
            pass_fds=inherited,
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log if stderr is None else stderr,
            env=environment,
        )
        os.close(ready_write)
        self._ready = ready_read

    @property
    def pid(self):
        return self._process.pid

    def wait_until_ready(self):
        """The readiness line; fails if the daemon ends or stays silent."""
        line = b""
        while not line.endswith(b"\n"):
            readable, _, _ = select.select([self._ready], [], [], PATIENCE_S)
            piece = os.read(self._ready, 4096) if readable else b""
            assert piece, f"not ready: {self.log()}"
            line += piece
        return line.decode().rstrip("\n")

    def signal(self, number):
        self._process.send_signal(number)

    def wait(self):
        """The exit code of a daemon that is ending; negative for a signal."""
        return self._process.wait(PATIENCE_S)

    def log(self):
        self._log.seek(0)
        return self._log.read().decode("utf-8", "replace")

    def kill(self):
        if self._ready >= 0:
            os.close(self._ready)
            self._ready = -1
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(PATIENCE_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._log.close()


class Client:
    """What a private daemon is told of its client: a pipe, a pid, or both."""

    def __init__(self, pid=None, pipe=True):
        self._pid = pid
        self._read, self._write = os.pipe() if pipe else (-1, -1)

    def flags(self):
        flags = []
        if self._read >= 0:
            flags += ["--death-fd", str(self._read)]
        if self._pid is not None:
            flags += ["--client-pid", str(self._pid)]
        return flags

    def descriptors(self):
        return [self._read] if self._read >= 0 else []

    def close_pipe(self):
        for fd in (self._read, self._write):
            if fd >= 0:
                os.close(fd)
        self._read = self._write = -1


def wait_for_end(pid):
    """Whether a process that need not be a child ends in time."""
    try:
        pidfd = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([pidfd], [], [], PATIENCE_S)[0])
    finally:
        os.close(pidfd)


def descendants(pid):
    """All processes below `pid`."""
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        # The thread may end meanwhile.
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            for child in map(int, task.read_text().split()):
                found += [child, *descendants(child)]
    return found


def wait_until(condition, what):
    """Polls until `condition()` is true; fails with `what` when it never is."""
    deadline = time.monotonic() + PATIENCE_S
    while not (result := condition()):
        assert time.monotonic() < deadline, f"still not: {what}"
        time.sleep(0.01)
    return result
