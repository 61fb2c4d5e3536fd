"""Both implementations of the ``envknit`` API: whichever this interpreter has installed."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from importlib import metadata
from typing import Any

from settings import Settings

_STARTS_S = 15.0


class EnvknitWorld:
    """Workers of the lock file's packages, by the public API and nothing else.

    The same lines drive this project and the reference, so neither is timed
    through a side door.
    """

    def __init__(self, settings: Settings) -> None:
        import envknit

        self.envknit: Any = envknit
        self.settings = settings
        #: Whether a worker can be awaited: ours.
        self.is_async = hasattr(envknit, "aworker")
        #: Whether this is this project and not the reference.
        self.is_ours = hasattr(envknit, "RemoteError")
        self._contexts = ExitStack()
        self._modules: dict[str, Any] = {}
        registered = envknit.configure_from_lock(settings.lock)
        if registered != len(settings.packages):
            raise RuntimeError(f"{registered} packages registered from {settings.lock}")

    @property
    def description(self) -> str:
        """Version of the package under test."""
        try:
            return f"envknit {metadata.version('envknit')}"
        except metadata.PackageNotFoundError:
            return f"envknit {self.envknit.__version__}, not installed"

    def worker(self, name: str) -> Any:
        """The proxy of package ``name``; its worker lives as long as this world."""
        if name not in self._modules:
            self._modules[name] = self.reopened(name)
        return self._modules[name]

    def reopened(self, name: str, **options: Any) -> Any:
        """A new block for package ``name``."""
        version = self.settings.packages[name].version
        return self._contexts.enter_context(self.envknit.worker(name, version, **options))

    def limited(self, name: str, seconds: float) -> Any:
        """A block whose calls have a time limit.

        The reference counts its worker's start against that limit, so it may
        take several tries.
        """
        give_up = time.monotonic() + _STARTS_S
        while True:
            try:
                return self.reopened(name, timeout=seconds)
            except Exception:
                if time.monotonic() > give_up:
                    raise

    def copy(self, index: int) -> Any:
        """A worker of numpy apart from all others: one for each install path."""
        copy = self.settings.copies[index]
        return self.reopened("numpy", install_path=copy)

    def gathering(self, name: str, function: str) -> Callable[[list[tuple[Any, ...]]], list[Any]]:
        """``function`` for many argument lists at once, by ``asyncio.gather``; needs is_async."""
        import asyncio

        version = self.settings.packages[name].version
        loop = asyncio.new_event_loop()
        context = self.envknit.aworker(name, version)
        call = getattr(loop.run_until_complete(context.__aenter__()), function)

        def leave() -> None:
            loop.run_until_complete(context.__aexit__(None, None, None))
            loop.close()

        async def gather(arguments: list[tuple[Any, ...]]) -> list[Any]:
            return await asyncio.gather(*[call(*args) for args in arguments])

        self._contexts.callback(leave)
        return lambda arguments: loop.run_until_complete(gather(arguments))

    def close(self) -> None:
        """Leaves the workers' contexts."""
        self._contexts.close()
