"""What the driver tells a contestant: where the packages of this run are."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Package:
    """One package of the lock file: its version and install directory."""

    version: str
    path: str


@dataclass(frozen=True)
class Settings:
    """Everything a contestant is given; one file, read by all of them.

    Attributes:
        lock: The lock file with every package below.
        python: The interpreter of the floors' second process.
        packages: By name as ``worker()`` takes it.
        copies: Further install directories of the same numpy, of the same
            files: a worker for each is one more worker.
    """

    lock: str
    python: str
    packages: dict[str, Package]
    copies: list[str]

    @staticmethod
    def read(path: str | Path) -> Settings:
        """The settings in the JSON file ``path``."""
        raw = json.loads(Path(path).read_text(encoding="utf-8"))
        packages = {name: Package(**package) for name, package in raw["packages"].items()}
        return Settings(raw["lock"], raw["python"], packages, raw["copies"])

    def write(self, path: Path) -> None:
        """Writes the JSON file that :meth:`read` reads."""
        path.write_text(json.dumps(asdict(self), indent=2) + "\n", encoding="utf-8")
