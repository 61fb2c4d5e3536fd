"""What `importlib.metadata` says of packages: of the versions that whoever asks is given."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from envknit.isolation.active_versions import active_versions
from envknit.isolation.default_versions import defaults
from envknit.isolation.import_router import calling_spec

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["install", "uninstall"]


class VersionedMetadata:
    """Stands in sys.meta_path as long as imports are routed, for it is there that
    `importlib.metadata` looks; it finds no modules.
    """

    def __repr__(self) -> str:
        return "<VersionedMetadata>"

    def find_spec(self, fullname: str, path: object, target: object = None) -> None:
        """Nothing: see VersionedFinder."""

    def find_distributions(self, context: Any = None) -> Iterable[Any]:
        """Those of the world of the code that asks, or of the active and default versions."""
        from importlib.metadata import DistributionFinder, MetadataPathFinder

        if "path" in vars(context or object):
            # Asked about these folders and no others.
            return ()
        name = getattr(context, "name", None)
        spec = calling_spec(1)
        if spec is not None:
            paths = spec.home.search_paths()
        else:
            active = active_versions.get().homes
            paths = [path for home in active for path in home.search_paths()]
            paths += defaults.paths_of(name)
        if not paths:
            return ()
        return MetadataPathFinder.find_distributions(
            DistributionFinder.Context(name=name, path=paths)
        )


_metadata = VersionedMetadata()


def install() -> None:
    """Puts it in place, once."""
    if not any(entry is _metadata for entry in sys.meta_path):
        sys.meta_path.insert(0, _metadata)


def uninstall() -> None:
    """Takes it away."""
    sys.meta_path = [entry for entry in sys.meta_path if entry is not _metadata]
