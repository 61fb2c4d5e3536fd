"""The one connection of this process: to its own daemon, or to the one it was told of."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from envknit._private_daemon import PrivateDaemon
from envknit.errors import ServerUnavailable

if TYPE_CHECKING:
    from envknit import _core

__all__ = ["Connection", "uses_shared_server"]

_FAREWELL_S = 0.5


def uses_shared_server() -> bool:
    """Whether `ENVKNIT_ADDRESS` names a server, so that none is started."""
    return bool(os.environ.get("ENVKNIT_ADDRESS"))


class Connection:
    """A connected client and, if it is ours, the daemon behind it."""

    def __init__(self, client: _core.Client, daemon: PrivateDaemon | None, address: str) -> None:
        self.client = client
        self.daemon = daemon
        self.address = address

    def __repr__(self) -> str:
        whose = "private" if self.daemon is not None else "shared"
        ended = ", ended" if self.client.ended else ""
        return f"<Connection to the {whose} daemon at {self.address}{ended}>"

    @classmethod
    def open(cls, hooks: object) -> Connection:
        """Connects; starts a private daemon unless `ENVKNIT_ADDRESS` is set.

        Raises:
            ServerUnavailable: the server of ENVKNIT_ADDRESS can't be reached.
            WorkerStartError: the private daemon failed to start.
        """
        if uses_shared_server():
            from envknit import _core

            address = os.environ["ENVKNIT_ADDRESS"]
            try:
                return cls(_core.Client(address, hooks), None, address)
            except ConnectionError as error:
                raise ServerUnavailable(
                    f"can't reach the server at {address} (from ENVKNIT_ADDRESS): {error}"
                ) from error
        daemon = PrivateDaemon.start()
        # Loading gRPC takes as long as the daemon's start: both at once.
        from envknit import _core

        daemon.wait_until_ready()
        try:
            return cls(_core.Client(daemon.address, hooks), daemon, daemon.address)
        except ConnectionError as error:
            daemon.reap()
            raise ServerUnavailable(f"can't reach {daemon!r}: {error}") from error

    def discard(self) -> None:
        """After it broke: collects the daemon."""
        if self.daemon is not None:
            self.daemon.reap()

    def leave(self) -> None:
        """At this process's end: gives a shared server its workers back now.

        A private daemon notices by itself, however this process ends.
        """
        if self.daemon is None:
            self.client.finish(_FAREWELL_S)

    def forget(self) -> None:
        """In a forked child: no server must wait for the child's end too."""
        self.client.forget()
        if self.daemon is not None:
            self.daemon.stop()
