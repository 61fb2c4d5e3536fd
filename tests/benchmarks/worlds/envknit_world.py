"""Both implementations of the ``envknit`` API: whichever this interpreter has installed."""

from __future__ import annotations

from contextlib import ExitStack
from importlib import metadata
from typing import Any

from settings import Settings


class EnvknitWorld:
    """Workers of the lock file's packages, by the public API and nothing else.

    The same lines drive this project and the reference, so neither is timed
    through a side door.
    """

    def __init__(self, settings: Settings) -> None:
        import envknit

        self._envknit: Any = envknit
        self._settings = settings
        self._contexts = ExitStack()
        self._modules: dict[str, Any] = {}
        registered = envknit.configure_from_lock(settings.lock)
        if registered != len(settings.packages):
            raise RuntimeError(f"{registered} packages registered from {settings.lock}")

    @property
    def description(self) -> str:
        """Version of the package under test."""
        return f"envknit {metadata.version('envknit')}"

    def worker(self, name: str) -> Any:
        """The proxy of package ``name``; its worker lives as long as this world."""
        if name not in self._modules:
            version = self._settings.packages[name].version
            self._modules[name] = self._contexts.enter_context(self._envknit.worker(name, version))
        return self._modules[name]

    def close(self) -> None:
        """Leaves the workers' contexts."""
        self._contexts.close()
