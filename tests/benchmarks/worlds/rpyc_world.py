"""RPyC: a service in a process of its own, a socketpair for each thread that calls.

The fastest sensible configuration: no compression, every attribute allowed,
plain values carried by value. What RPyC would carry as references to be asked
item by item (lists, dicts) is pickled, as its own ``obtain`` and ``deliver`` do.
"""

from __future__ import annotations

import importlib
import pickle
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rpyc
from rpyc.core.channel import Channel
from rpyc.core.stream import SocketStream
from rpyc.utils.factory import connect_channel

if TYPE_CHECKING:
    from settings import Settings

_LANES = 4
_CONFIG = {"allow_all_attrs": True, "allow_public_attrs": True, "sync_request_timeout": 60}
_PLAIN = (int, float, str, bytes, bool, type(None))


class _Stream(SocketStream):  # type: ignore[misc]
    """With the default chunks, each of which copies all of the rest, 100 MiB take a minute."""

    MAX_IO_CHUNK = 128 << 20


def _connect(sock: socket.socket, service: Any) -> Any:
    return connect_channel(Channel(_Stream(sock), compress=False), service, _CONFIG)


class RpycWorld:
    """The client's end; the server process lives as long as this object."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        pairs = [socket.socketpair() for _ in range(_LANES)]
        fds = [theirs.fileno() for _, theirs in pairs]
        paths = [package.path for package in settings.packages.values()]
        self._server = subprocess.Popen(
            [sys.executable, __file__, ",".join(map(str, fds)), *paths],
            pass_fds=fds,
            stdin=subprocess.DEVNULL,
        )
        for _, theirs in pairs:
            theirs.close()
        self.connections = [_connect(ours, rpyc.VoidService) for ours, _ in pairs]
        self._roots = [connection.root for connection in self.connections]

    @property
    def description(self) -> str:
        """What this contestant is."""
        return f"RPyC {'.'.join(map(str, rpyc.version.version))}, socketpairs, no compression"

    def call(self, module: str, path: str, args: tuple[object, ...]) -> Any:
        """The result of ``module.path(*args)`` in the server, a copy."""
        if all(isinstance(arg, _PLAIN) for arg in args):
            return self._roots[0].call(module, path, args)
        return pickle.loads(self._roots[0].call_pickled(module, path, pickle.dumps(args, -1)))

    def copy_of(self, module: str, path: str, args: tuple[object, ...]) -> Any:
        """The result of ``module.path(*args)`` where it is no plain value."""
        return pickle.loads(self._roots[0].call_pickled(module, path, pickle.dumps(args, -1)))

    def bind(self, module: str, path: str, lane: int = 0) -> Callable[..., Any]:
        """``module.path`` as a function of its plain arguments."""
        call = self._roots[lane].call
        return lambda *args: call(module, path, args)

    def bind_async(self, module: str, path: str) -> Callable[..., Any]:
        """The same, but what it returns is waited for by ``.value``."""
        call = rpyc.async_(self._roots[0].call)
        return lambda *args: call(module, path, args)

    def module(self, name: str) -> Any:
        """A reference to the server's module."""
        return self._roots[0].module(name)

    def lanes(self, count: int) -> list[_Lane]:
        """For each of ``count`` threads what it calls by."""
        return [_Lane(self, lane) for lane in range(count)]

    def another(self) -> RpycWorld:
        """A further worker."""
        return RpycWorld(self.settings)

    def close(self) -> None:
        """Ends the server by closing its sockets."""
        for connection in self.connections:
            connection.close()
        self._server.wait(10)


class _Lane:
    """One of a world's connections."""

    def __init__(self, world: RpycWorld, lane: int) -> None:
        self._world = world
        self._lane = lane

    def bind(self, module: str, path: str) -> Callable[..., Any]:
        return self._world.bind(module, path, self._lane)


def _make_service() -> Any:
    from worlds.serving import Targets

    targets = Targets()

    class Service(rpyc.Service):  # type: ignore[misc]
        def exposed_call(self, module: str, path: str, args: tuple[Any, ...]) -> Any:
            return targets.call(module, path, args)

        def exposed_call_pickled(self, module: str, path: str, args: bytes) -> bytes:
            return pickle.dumps(targets.call(module, path, pickle.loads(args)), -1)

        def exposed_module(self, name: str) -> Any:
            return importlib.import_module(name)

    return Service


def _serve(fds: list[int]) -> None:
    service = _make_service()
    connections = [_connect(socket.socket(fileno=fd), service) for fd in fds]
    for connection in connections[1:]:
        threading.Thread(target=connection.serve_all, daemon=True).start()
    connections[0].serve_all()


if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).parent.parent)
    from worlds.serving import end_with_parent

    end_with_parent()
    sys.path[:0] = sys.argv[2:]
    _serve([int(fd) for fd in sys.argv[1].split(",")])
