"""Finding and loading the modules of a home: specs that carry it, and loaders that keep to it."""

from __future__ import annotations

import functools
import importlib
import importlib.machinery
import os
import sys
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
from typing import TYPE_CHECKING, Any, cast

from envknit.isolation.package_world import compiled_files, is_package

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
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


# A subclass of what importlib gives to namespace packages, whose resources it finds by it.
_NamespaceLoader: Any = cast(Any, importlib)._bootstrap_external._NamespaceLoader


class NamespacePath(list[str]):
    """The folders of a namespace package."""

    def __repr__(self) -> str:
        # importlib.resources knows namespaces by this word.
        return f"NamespacePath({super().__repr__()})"


class VersionedNamespaceLoader(_NamespaceLoader):  # type: ignore[misc]
    """Loads a namespace package: nothing to run, but its world has to know the module."""

    def __init__(self, portions: NamespacePath) -> None:
        self._path = portions

    create_module = VersionedLoader.create_module

    def exec_module(self, module: ModuleType) -> None:
        """Notes the module."""
        module.__file__ = None
        spec = module.__spec__
        if isinstance(spec, VersionedSpec):
            spec.store.modules.setdefault(spec.name, module)


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
    portions = NamespacePath()
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
    if "." not in fullname:
        # Namespaces belong to nobody: the host's parts of "google" stay importable.
        portions.extend(_portions_of_host(fullname))
    spec = VersionedSpec(fullname, VersionedNamespaceLoader(portions), is_package=True)
    spec.submodule_search_locations = portions
    spec.home, spec.store = home, store
    return spec


def _portions_of_host(name: str) -> list[str]:
    folders = [os.path.join(folder or os.getcwd(), name) for folder in sys.path]
    return [folder for folder in folders if os.path.isdir(folder) and not is_package(folder)]


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


def fits_this_python(install_path: str, import_names: Iterable[str]) -> bool:
    """Whether this interpreter can load a package's compiled modules, as their names say.

    Libraries that came with it (numpy.libs/) have no such names and don't count.
    """
    foreign = False
    for name in import_names:
        for file in _compiled_modules(install_path, name):
            _, dot, tag = os.path.basename(file).partition(".")
            if dot + tag in importlib.machinery.EXTENSION_SUFFIXES:
                return True
            foreign = True
    return not foreign


def _compiled_modules(install_path: str, name: str) -> Iterator[str]:
    yield from compiled_files(install_path, name)
    for _, _, files in os.walk(os.path.join(install_path, name)):
        yield from (file for file in files if file.endswith((".so", ".pyd")))
