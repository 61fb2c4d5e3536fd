"""Finding a module in a world: in its folders, then by the finders that the world's code added."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, cast

from envknit.errors import CExtensionError
from envknit.isolation.default_versions import defaults
from envknit.isolation.versioned_loader import VersionedSpec, find_spec, unloadable_extension

if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec

    from envknit.isolation.package_world import Home

__all__ = ["adopt_finders", "find_module"]


def find_module(home: Home, store: Home, fullname: str, folders: list[str]) -> ModuleSpec:
    """The spec of a module; where files don't have it, what the world's own finders say.

    Args:
        home, store: As of versioned_loader.find_spec().
        folders: Where to look, in this order.

    Raises:
        ModuleNotFoundError: There is none.
        CExtensionError: It is compiled, and can't be loaded beside another version.
    """
    top = fullname.partition(".")[0]
    with_extensions = defaults.publishes(top, store)
    spec: ModuleSpec | None = find_spec(home, store, fullname, folders, with_extensions)
    if spec is not None:
        return spec
    adopt_finders(store)
    for finder in cast(list[Any], store.world.finders):
        spec = finder.find_spec(fullname, folders)
        if spec is not None:
            return spec
    extension = unloadable_extension(fullname, folders)
    if extension is not None:
        why = "is built for another Python" if with_extensions else "is a C extension"
        raise CExtensionError(
            f"{fullname} {why} ({extension}): a process can't have it in a version of its own. "
            f"Use envknit.worker(), or envknit.use(..., auto_worker=True)",
            name=fullname,
            path=extension,
        )
    raise ModuleNotFoundError(f"No module named {fullname!r}", name=fullname)


def adopt_finders(store: Home) -> None:
    """What modules of a world added to sys.meta_path serves their world alone."""
    for finder in list(sys.meta_path):
        spec = _spec_of_code(finder)
        if spec is None or spec.home.world is not store.world:
            continue
        if finder not in store.world.finders:
            store.world.finders.append(finder)
        # A new list: other threads may be going through the old one.
        sys.meta_path = [other for other in sys.meta_path if other is not finder]


def _spec_of_code(finder: object) -> VersionedSpec | None:
    """Of the module whose code a finder is."""
    code = getattr(finder, "find_spec", None)
    spec = getattr(getattr(code, "__func__", code), "__globals__", {}).get("__spec__")
    return spec if isinstance(spec, VersionedSpec) else None
