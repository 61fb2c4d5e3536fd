"""The floor: two Python processes, a socketpair, marshal, and nothing else.

Client and server are this one file, since they share the framing. The server
is started as ``python -I -S socketpair_world.py FD PATH…``. A frame is a
little-endian 32-bit length and that many bytes of marshal; a request is
``(module, dotted path, args)``, a reply ``(True, value)`` or ``(False, text)``.
There is no time limit, no cancelling, no check: whatever does more than this
takes longer than this.
"""

from __future__ import annotations

import importlib
import marshal
import operator
import socket
import struct
import subprocess
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from settings import Settings

_LENGTH = struct.Struct("<I")
# Below malloc's mmap threshold: a larger buffer costs two system calls each time.
_CHUNK = 1 << 16


def _send(sock: socket.socket, message: Any) -> None:
    body = marshal.dumps(message)
    sock.sendall(_LENGTH.pack(len(body)) + body)


def _receive(sock: socket.socket) -> Any:
    """One message; EOFError when the other end is gone.

    Strict request and reply, so what one ``recv`` returns never holds the
    start of a second frame: a small message costs one system call.
    """
    data: bytes | bytearray = sock.recv(_CHUNK)
    if len(data) < _LENGTH.size:
        raise EOFError("the other end is gone")
    total = _LENGTH.size + _LENGTH.unpack_from(data)[0]
    if len(data) < total:
        whole = bytearray(total)
        filled = len(data)
        whole[:filled] = data
        view = memoryview(whole)
        while filled < total:
            count = sock.recv_into(view[filled:])
            if count == 0:
                raise EOFError("the other end is gone")
            filled += count
        data = whole
    return marshal.loads(memoryview(data)[_LENGTH.size :])


class SocketpairWorld:
    """The client's end; the server process lives as long as this object."""

    def __init__(self, settings: Settings) -> None:
        self._sock, theirs = socket.socketpair()
        paths = [package.path for package in settings.packages.values()]
        with theirs:
            self._server = subprocess.Popen(
                [settings.python, "-I", "-S", __file__, str(theirs.fileno()), *paths],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
            )

    @property
    def description(self) -> str:
        """What this contestant is."""
        return "one socketpair, marshal, blocking reads"

    def call(self, module: str, path: str, args: tuple[object, ...]) -> Any:
        """The result of ``module.path(*args)`` in the server."""
        _send(self._sock, (module, path, args))
        fine, value = _receive(self._sock)
        if not fine:
            raise RuntimeError(value)
        return value

    def bind(self, module: str, path: str) -> Callable[..., Any]:
        """``module.path`` as a function of its arguments."""
        return lambda *args: self.call(module, path, args)

    def close(self) -> None:
        """Ends the server by closing its socket."""
        self._sock.close()
        self._server.wait()


def _serve(sock: socket.socket) -> None:
    targets: dict[tuple[str, str], Callable[..., Any]] = {}
    while True:
        try:
            module, path, args = _receive(sock)
        except EOFError:
            return
        try:
            target = targets.get((module, path))
            if target is None:
                target = operator.attrgetter(path)(importlib.import_module(module))
                targets[module, path] = target
            value = target(*args)
            # marshal writes a numpy scalar as its raw bytes.
            if type(value).__module__ == "numpy":
                value = value.item()
            _send(sock, (True, value))
        except Exception as error:
            _send(sock, (False, f"{type(error).__name__}: {error}"))


if __name__ == "__main__":
    sys.path[:0] = sys.argv[2:]
    _serve(socket.socket(fileno=int(sys.argv[1])))
