"""The entry in sys.meta_path: default versions for who imports past the router, and strictness."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from envknit.isolation import module_loading
from envknit.isolation.default_versions import defaults, forget_files
from envknit.isolation.versioned_loader import find_spec, forget_folders

if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType

    from envknit.isolation.package_world import Home

__all__ = ["VersionedFinder"]


class VersionedFinder:
    """Finds default versions, for modules that shall stand in sys.modules.

    What `use()` gives never comes from here: the router answers it before sys.meta_path is
    asked.
    """

    def __init__(self) -> None:
        #: Whether what is neither registered nor of the standard library is refused.
        self.strict = False

    def __repr__(self) -> str:
        return f"<VersionedFinder{' (strict)' if self.strict else ''}>"

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        """The spec of a default version's module; None for what is not registered.

        Raises:
            ImportError: in strict mode, for a top-level name that nothing registered has.
        """
        top, _, below = fullname.partition(".")
        home = defaults.home_of(top)
        if home is not None and (
            defaults.publishes(top, home) if below else module_loading.publish(top, home)
        ):
            folders = path if below else ([home.path] if home.path else home.search_paths())
            spec = find_spec(home, home, fullname, list(folders or ()), with_extensions=True)
            if spec is not None or below:
                return spec or _from_added_finders(home, fullname, path)
        if self.strict and not below and not _is_exempt(top):
            raise ImportError(
                f"{fullname!r} is not registered: no package of the lock file has it, and "
                f"strict mode (envknit.enable(strict=True)) allows nothing else",
                name=fullname,
            )
        return None

    def invalidate_caches(self) -> None:
        """For importlib.invalidate_caches(): folders may have new files."""
        forget_folders()
        forget_files()
        defaults.forget()


def _from_added_finders(home: Home, fullname: str, path: Sequence[str] | None) -> ModuleSpec | None:
    for finder in home.world.finders:
        spec: ModuleSpec | None = getattr(finder, "find_spec")(fullname, path)  # noqa: B009
        if spec is not None:
            return spec
    return None


def _is_exempt(top: str) -> bool:
    return (
        top in sys.stdlib_module_names
        or top in ("envknit", "__main__")
        or (top in sys.builtin_module_names)
    )
