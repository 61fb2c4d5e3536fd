"""Finding and loading the modules of a home: specs that carry it, and loaders that keep to it."""

from __future__ import annotations

import functools
import importlib.machinery
import os
from importlib.machinery import (
    BYTECODE_SUFFIXES,
    EXTENSION_SUFFIXES,
    SOURCE_SUFFIXES,
    ExtensionFileLoader,
    FileFinder,
    ModuleSpec,
    SourceFileLoader,
    SourcelessFileLoader,
)
from typing import TYPE_CHECKING

from envknit.isolation.package_world import compiled_files

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import ModuleType

    from envknit.isolation.package_world import Home

__all__ = ["VersionedLoader", "VersionedSpec", "find_spec", "unloadable_extension"]


class VersionedSpec(ModuleSpec):
    """A spec that says which home the module is from: its imports are resolved by that."""

    home: Home
    #: Where the module is kept: the home of its top-level package.
    store: Home
    #: Whether the module's code has run to its end.
    ran = False


class _NamespacePath(list[str]):
    """The folders of a namespace package; importlib.resources wants the name in its text."""

    def __repr__(self) -> str:
        return f"_NamespacePath({super().__repr__()})"


class VersionedLoader(SourceFileLoader):
    """Loads a module from source, as part of its world, wherever the loading starts from."""

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """The module, if its world has it already; else a new one is made."""
        if isinstance(spec, VersionedSpec):
            return spec.store.modules.get(spec.name)
        return None

    def exec_module(self, module: ModuleType) -> None:
        """Runs the module once: a module that its world has already is left as it is."""
        from envknit.isolation.module_loading import execute

        execute(module, super().exec_module)


class VersionedBytecodeLoader(SourcelessFileLoader):
    """As VersionedLoader, for a module that comes without its source."""

    create_module = VersionedLoader.create_module

    def exec_module(self, module: ModuleType) -> None:
        """As VersionedLoader's."""
        from envknit.isolation.module_loading import execute

        execute(module, super().exec_module)


_PURE = [
    (VersionedLoader, SOURCE_SUFFIXES),
    (VersionedBytecodeLoader, BYTECODE_SUFFIXES),
]


@functools.lru_cache(maxsize=4096)
def _finder(folder: str, with_extensions: bool) -> FileFinder:
    native = [(ExtensionFileLoader, EXTENSION_SUFFIXES)] if with_extensions else []
    return FileFinder(folder, *native, *_PURE)


def forget_folders() -> None:
    """What importlib.invalidate_caches() asks for."""
    _finder.cache_clear()


def find_spec(
    home: Home, store: Home, fullname: str, folders: Iterable[str], with_extensions: bool
) -> VersionedSpec | None:
    """The spec of a module in these folders, in order, as importlib's own path search finds it.

    Args:
        home: Of the code that is found, unless a folder belongs to another path of the world.
        store: Where the module will be kept.
        with_extensions: Whether compiled modules count: a process can load each only once.
    """
    portions: list[str] = []
    for folder in folders:
        found = _finder(os.fspath(folder), with_extensions).find_spec(fullname)
        if found is None:
            continue
        if found.loader is None:
            portions.extend(found.submodule_search_locations or ())
            continue
        return _versioned(found, home, store)
    if not portions:
        return None
    spec = VersionedSpec(fullname, None, is_package=True)
    spec.submodule_search_locations = _NamespacePath(portions)
    spec.home, spec.store = home, store
    return spec


def _versioned(found: ModuleSpec, home: Home, store: Home) -> VersionedSpec:
    spec = VersionedSpec(found.name, found.loader, origin=found.origin)
    spec.submodule_search_locations = found.submodule_search_locations
    spec.has_location = True
    spec.store = store
    spec.home = _home_of_file(found.origin or "", home)
    return spec


def _home_of_file(origin: str, home: Home) -> Home:
    """The path of the world that a file is in: for parts of namespace packages."""
    if home.path and origin.startswith(home.path + os.sep):
        return home
    for path, candidate in home.world.homes.items():
        if origin.startswith(path + os.sep):
            return candidate
    return home


def unloadable_extension(fullname: str, folders: Iterable[str]) -> str | None:
    """A compiled file of that name that find_spec() passed over."""
    tail = fullname.rpartition(".")[2]
    for folder in folders:
        for path in compiled_files(os.fspath(folder), tail):
            return path
    return None


def fits_this_python(path: str) -> bool:
    """Whether a compiled file's name says that this interpreter can load it."""
    return any(path.endswith(suffix) for suffix in importlib.machinery.EXTENSION_SUFFIXES)
