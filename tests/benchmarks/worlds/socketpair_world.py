"""The floor: two Python processes, socketpairs, marshal, and nothing else.

Client and server are this one file, since they share the framing. The server
is started as ``python -I -S socketpair_world.py FD,FD… PATH…`` and has a thread
for each socket. A frame is a little-endian 32-bit length and that many bytes of
marshal; a request is ``(module, dotted path, args)``, a reply ``(True, value)``
or ``(False, text)``. There is no time limit, no cancelling, no check: whatever
does more than this takes longer than this.
"""

from __future__ import annotations

import marshal
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from settings import Settings

_LANES = 4
_LENGTH = struct.Struct("<I")
# Below malloc's mmap threshold: a larger buffer costs two system calls each time.
_CHUNK = 1 << 16


class Lane:
    """One socket's end; one thread at a time."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._rest = b""

    def send(self, *messages: Any) -> None:
        """All of ``messages`` in one system call."""
        bodies = map(marshal.dumps, messages)
        self._sock.sendall(b"".join([_LENGTH.pack(len(body)) + body for body in bodies]))

    def receive(self) -> Any:
        """One message; EOFError when the other end is gone. A small one costs one system call."""
        data: bytes | bytearray = self._rest or self._sock.recv(_CHUNK)
        while len(data) < _LENGTH.size:
            more = self._sock.recv(_CHUNK)
            if not (data and more):
                raise EOFError("the other end is gone")
            data += more
        total = _LENGTH.size + _LENGTH.unpack_from(data)[0]
        if len(data) > total:
            self._rest = bytes(data[total:])
            return marshal.loads(memoryview(data)[_LENGTH.size : total])
        self._rest = b""
        if len(data) < total:
            whole = bytearray(total)
            filled = len(data)
            whole[:filled] = data
            view = memoryview(whole)
            while filled < total:
                count = self._sock.recv_into(view[filled:])
                if count == 0:
                    raise EOFError("the other end is gone")
                filled += count
            data = whole
        return marshal.loads(memoryview(data)[_LENGTH.size :])

    def call(self, module: str, path: str, args: tuple[object, ...]) -> Any:
        """The result of ``module.path(*args)`` in the server."""
        self.send((module, path, args))
        return self.answer()

    def answer(self) -> Any:
        """The next call's result."""
        fine, value = self.receive()
        if not fine:
            raise RuntimeError(value)
        return value

    def bind(self, module: str, path: str) -> Callable[..., Any]:
        """``module.path`` as a function of its arguments."""
        return lambda *args: self.call(module, path, args)

    def close(self) -> None:
        """The other end hears of it."""
        self._sock.close()


class SocketpairWorld:
    """The client's ends; the server process lives as long as this object."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        pairs = [socket.socketpair() for _ in range(_LANES)]
        fds = [theirs.fileno() for _, theirs in pairs]
        paths = [package.path for package in settings.packages.values()]
        self._server = subprocess.Popen(
            [settings.python, "-I", "-S", __file__, ",".join(map(str, fds)), *paths],
            pass_fds=fds,
            stdin=subprocess.DEVNULL,
        )
        for _, theirs in pairs:
            theirs.close()
        self._lanes = [Lane(ours) for ours, _ in pairs]
        self.call = self._lanes[0].call
        self.bind = self._lanes[0].bind

    @property
    def description(self) -> str:
        """What this contestant is."""
        return "a socketpair, marshal, blocking reads"

    def lanes(self, count: int) -> list[Lane]:
        """For each of ``count`` threads what it calls by."""
        return self._lanes[:count]

    def another(self) -> SocketpairWorld:
        """A further worker."""
        return SocketpairWorld(self.settings)

    def close(self) -> None:
        """Ends the server by closing its sockets."""
        for lane in self._lanes:
            lane.close()
        self._server.wait(10)


def _serve(lane: Lane, targets: Any) -> None:
    while True:
        try:
            module, path, args = lane.receive()
        except (EOFError, ConnectionError):
            return
        try:
            lane.send((True, targets.call(module, path, args)))
        except Exception as error:
            lane.send((False, f"{type(error).__name__}: {error}"))


def _serve_all(fds: Iterable[str]) -> None:
    from worlds.serving import Targets, end_with_parent

    end_with_parent()
    targets = Targets()
    first, *others = [Lane(socket.socket(fileno=int(fd))) for fd in fds]
    for lane in others:
        threading.Thread(target=_serve, args=(lane, targets), daemon=True).start()
    _serve(first, targets)


if __name__ == "__main__":
    sys.path[:0] = [*sys.argv[2:], str(Path(__file__).parent.parent)]
    _serve_all(sys.argv[1].split(","))
