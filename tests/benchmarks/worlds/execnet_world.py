"""execnet: a gateway process, and a loop in it that answers on a channel."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import execnet

from settings import Settings

_LOOP = """
import sys

sys.path[:0] = channel.receive()
from worlds.serving import Targets, end_with_parent

end_with_parent()
targets = Targets()
for module, path, args in channel:
    channel.send(targets.call(module, path, args))
"""


class Lane:
    """A channel to a loop in a gateway; one thread at a time."""

    def __init__(self, channel: Any) -> None:
        self.channel = channel

    def call(self, module: str, path: str, args: tuple[object, ...]) -> Any:
        """The result of ``module.path(*args)`` in the gateway."""
        self.channel.send((module, path, args))
        return self.channel.receive(60)

    def bind(self, module: str, path: str) -> Callable[..., Any]:
        """``module.path`` as a function of its arguments."""
        send, receive = self.channel.send, self.channel.receive

        def call(*args: object) -> Any:
            send((module, path, args))
            return receive(60)

        return call


class ExecnetWorld(Lane):
    """A gateway and its first channel."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._gateway = execnet.makegateway(f"popen//python={sys.executable}")
        super().__init__(self._gateway.remote_exec(_LOOP))
        paths = [package.path for package in settings.packages.values()]
        self.channel.send([*paths, str(Path(__file__).parent.parent)])

    @property
    def description(self) -> str:
        """What this contestant is."""
        return f"execnet {execnet.__version__}, a loop on a channel of a popen gateway"

    def lanes(self, count: int) -> list[Lane]:
        """For each of ``count`` threads what it calls by."""
        return [self.lane() for _ in range(count)]

    def lane(self) -> Lane:
        """A further channel to a further loop in the same gateway."""
        channel = self._gateway.remote_exec(_LOOP)
        channel.send([])
        return Lane(channel)

    def another(self) -> ExecnetWorld:
        """A further worker."""
        return ExecnetWorld(self.settings)

    def close(self) -> None:
        """Ends the gateway."""
        self._gateway.exit()
        execnet.default_group.terminate(timeout=5)
