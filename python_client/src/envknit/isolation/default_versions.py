"""Which version a bare import gives: the first registered, or what set_default() says."""

from __future__ import annotations

import functools
import os
import sys
import threading
from typing import TYPE_CHECKING, NamedTuple

from envknit._lock_files import normalize
from envknit._registry import registry
from envknit.isolation.package_world import World, top_level_names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType

    from envknit._lock_files import LockedEnvironment, LockedPackage
    from envknit.isolation.package_world import Home

__all__ = ["PackageHome", "defaults", "package_home"]


class PackageHome(NamedTuple):
    """A package in the world of its environment."""

    package: LockedPackage
    home: Home
    import_names: tuple[str, ...]

    def compiled_file(self) -> str | None:
        """The first compiled module of the package's own, or None: it is pure Python."""
        return _compiled_file(self.package.install_path, self.package.name)


@functools.lru_cache(maxsize=4096)
def _compiled_file(install_path: str, name: str) -> str | None:
    from envknit import _lock

    found = _lock.c_extension(install_path, name)
    return None if found is None else os.path.join(install_path, found)


_worlds: dict[tuple[str, ...], World] = {}
_worlds_lock = threading.Lock()


def all_homes() -> Iterator[Home]:
    """Every install path of every world there is."""
    for world in list(_worlds.values()):
        yield from (*world.homes.values(), world.shared)


def forget_files() -> None:
    """What importlib.invalidate_caches() asks for: folders may have other files now."""
    _compiled_file.cache_clear()
    for home in all_homes():
        home.forget()


@functools.lru_cache(maxsize=1024)
def package_home(environment: LockedEnvironment, package: LockedPackage) -> PackageHome:
    """Where a package's modules live.

    Packages of one environment share a world, in the versions that go together: of a package
    that the environment has in several versions, the asked for one, else the first.
    """
    chosen = {package.normalized_name: package.install_path}
    for other in environment.packages:
        chosen.setdefault(other.normalized_name, other.install_path)
    ordered = [other for other in environment.packages if other.install_path in chosen.values()]
    paths = tuple(
        dict.fromkeys(
            other.install_path
            for other in ordered
            if chosen[other.normalized_name] == other.install_path
        )
    )
    with _worlds_lock:
        world = _worlds.get(paths)
        if world is None:
            world = _worlds[paths] = World(environment.name, paths)
    names = registry.import_names(package)
    return PackageHome(package, world.homes[package.install_path], names)


class DefaultVersions:
    """The table from top-level names to homes; made anew when what it is made from changes.

    Thread-safe; publish() and retract() are for module_loading, which holds its lock.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._enabled = False
        self._chosen: dict[str, str] = {}
        self._table: dict[str, Home] | None = None
        self._published: dict[str, Home] = {}
        self._homes: dict[str, Home] = {}

    def renew_lock(self) -> None:
        """In a child of a fork."""
        self._lock = threading.RLock()

    @property
    def enabled(self) -> bool:
        """Whether bare imports are redirected."""
        return self._enabled

    def switch(self, enabled: bool) -> None:
        """Whether home_of() answers."""
        self._enabled = enabled

    def forget(self) -> None:
        """The registered packages are others now, or files appeared."""
        self._table = None

    def choose(self, package: LockedPackage) -> None:
        """Makes a registered package the default of its name."""
        with self._lock:
            self._chosen[package.normalized_name] = package.version
            self._table = None

    def home_of(self, top: str) -> Home | None:
        """Where a bare import of that name finds its package; None: with the host."""
        if not self._enabled:
            return None
        table = self._table
        if table is None:
            table = self._make_table()
        return table.get(top)

    def paths_of(self, distribution: str | None) -> list[str]:
        """Install paths of the default versions, the one of that distribution first."""
        if not self._enabled:
            return []
        if self._table is None:
            self._make_table()
        paths = [home.path for home in self._homes.values()]
        if distribution is not None:
            own = self._homes.get(normalize(distribution))
            if own is not None:
                paths.insert(0, own.path)
        return list(dict.fromkeys(paths))

    def publishes(self, top: str, store: Home) -> bool:
        """Whether the modules of that name in sys.modules are those of this home."""
        return self._published.get(top) is store

    def publish(self, top: str, store: Home) -> bool:
        """Puts a home's modules of that name into sys.modules, now and as they are loaded.

        False: the host has a module of that name already, which stays.
        """
        with self._lock:
            if top in sys.modules and self._published.get(top) is not store:
                return False
            self._published[top] = store
        sys.modules.update(_below(top, store))
        return True

    def retract(self, keep: Callable[[str, Home], bool]) -> None:
        """Undoes publish() for what `keep` doesn't want."""
        with self._lock:
            gone = {top: home for top, home in self._published.items() if not keep(top, home)}
            for top in gone:
                del self._published[top]
        for top, home in gone.items():
            for name, module in _below(top, home).items():
                if sys.modules.get(name) is module:
                    del sys.modules[name]

    def _make_table(self) -> dict[str, Home]:
        with self._lock:
            table: dict[str, Home] = {}
            homes: dict[str, Home] = {}
            for environment, package in registry.default_packages(self._chosen):
                found = package_home(environment, package)
                if not _loads_here(found):
                    continue
                homes[package.normalized_name] = found.home
                for name in found.import_names:
                    if name not in sys.stdlib_module_names:
                        table.setdefault(name, found.home)
            # What came along in the same directories, and is registered nowhere.
            for home in dict.fromkeys(homes.values()):
                for name in top_level_names(home.path):
                    table.setdefault(name, home)
            self._homes = homes
            self._table = {
                name: store
                for name, home in table.items()
                if (store := home.home_of(name)) is not None
            }
            return self._table


def _below(top: str, store: Home) -> dict[str, ModuleType]:
    prefix = top + "."
    return {
        name: module
        for name, module in list(store.modules.items())
        if name == top or name.startswith(prefix)
    }


def _loads_here(found: PackageHome) -> bool:
    """Whether this Python could load it: what was compiled for another one is left to workers."""
    from envknit.isolation.versioned_loader import fits_this_python

    if found.compiled_file() is None:
        return True
    return fits_this_python(found.package.install_path, found.import_names)


#: Of this process, as sys.modules is.
defaults = DefaultVersions()


def _after_fork() -> None:
    """In a child of a fork: other threads may have had the locks, and never give them back."""
    global _worlds_lock
    _worlds_lock = threading.Lock()
    defaults.renew_lock()


os.register_at_fork(after_in_child=_after_fork)
