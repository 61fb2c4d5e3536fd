"""No boundary at all: the packages imported where they are called."""

from __future__ import annotations

import importlib
import sys
from typing import Any

from settings import Settings


class InProcessWorld:
    """Modules of the lock file's directories, imported into this process."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        sys.path[:0] = [package.path for package in settings.packages.values()]

    @property
    def description(self) -> str:
        """What this contestant is."""
        return "direct call"

    def module(self, name: str) -> Any:
        """The module ``name``."""
        return importlib.import_module(name)

    def close(self) -> None:
        """Nothing to end."""
