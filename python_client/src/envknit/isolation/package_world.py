"""Worlds: the packages that belong together, and the modules that were loaded from them.

A world is one choice of versions of an environment. Its modules see each other and the host's,
never those of another world. A `Home` is one install path of a world: what a module carries in
its spec, so that its own imports, early and late, go where it came from.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from types import ModuleType

    #: Of a finished import: the named module, its top-level package, and the former's names.
    Seen = tuple[ModuleType, ModuleType, Mapping[str, object]]

__all__ = ["Home", "World"]

_STDLIB = sys.stdlib_module_names
_PYTHON_FILES = (".py", ".pyc", ".so", ".pyd")
#: Bytes; packages that are spread over paths have little more than that in their __init__.py.
_MAX_NAMESPACE_CODE = 10_000
_NO_MODULES = ("__pycache__", "bin")


class World:
    """Install paths in the environment's order, and what is shared by all of them."""

    def __init__(self, name: str, install_paths: Iterable[str]) -> None:
        #: For texts: the environment's.
        self.name = name
        self.homes = {path: Home(self, path) for path in install_paths}
        #: Where modules of namespace packages live, and of those that pkgutil.extend_path() makes:
        #: their parts are in several paths.
        self.shared = Home(self, "")
        #: Finders that modules of this world added to sys.meta_path (six does).
        self.finders: list[object] = []

    def __repr__(self) -> str:
        return f"<World {self.name!r}: {', '.join(self.homes)}>"


class Home:
    """One install path of a world. Its dicts are read without a lock; see module_loading."""

    __slots__ = ("_found", "modules", "path", "seen", "world")

    def __init__(self, world: World, path: str) -> None:
        self.world = world
        self.path = path
        #: Modules loaded from here, by full name, also those that are being loaded.
        self.modules: dict[str, ModuleType] = {}
        #: What absolute imports of this home's code have led to.
        self.seen: dict[str, Seen] = {}
        self._found: dict[str, Home | None] = {}

    def __repr__(self) -> str:
        return f"<Home {self.path!r} in {self.world.name!r}>"

    def home_of(self, top: str) -> Home | None:
        """Where code of this home finds the top-level module; None: with the host.

        Its own path first, then the world's others. The standard library is the host's.
        """
        try:
            return self._found[top]
        except KeyError:
            self._found[top] = found = self._find(top)
            return found

    def forget(self) -> None:
        """The folders may have other files now: what is not loaded is looked for again."""
        self._found = {top: home for top, home in self._found.items() if top in self.modules}

    def search_paths(self) -> list[str]:
        """The world's install paths, the own one first."""
        paths = [path for path in self.world.homes if path != self.path]
        return [self.path, *paths] if self.path else paths

    def _find(self, top: str) -> Home | None:
        if top in _STDLIB:
            return None
        is_namespace = False
        homes = self.world.homes
        for path in self.search_paths():
            folder = os.path.join(path, top)
            if os.path.isdir(folder):
                if is_package(folder):
                    return self.world.shared if self._is_shared(top, folder) else homes[path]
                is_namespace = True
            if _is_module(path, top):
                return homes[path]
        return self.world.shared if is_namespace else None

    def _is_shared(self, top: str, folder: str) -> bool:
        """Whether a package's parts are in several paths, and its __init__.py looks for them."""
        others = [
            other for path in self.world.homes if (other := os.path.join(path, top)) != folder
        ]
        if not any(os.path.isdir(other) for other in others):
            return False
        try:
            with open(os.path.join(folder, "__init__.py"), "rb") as file:
                return b"extend_path" in file.read(_MAX_NAMESPACE_CODE)
        except OSError:
            return False


def top_level_names(install_path: str) -> list[str]:
    """What can be imported from a path: its packages, namespace packages and modules."""
    names = set()
    try:
        entries = list(os.scandir(install_path))
    except OSError:
        return []
    for entry in entries:
        name = entry.name.partition(".")[0]
        if not name.isidentifier() or name in _NO_MODULES or name in _STDLIB:
            continue
        if entry.name.endswith(_PYTHON_FILES) or (entry.name == name and entry.is_dir()):
            names.add(name)
    return sorted(names)


def is_package(folder: str) -> bool:
    """Whether a folder is a package, and not a part of a namespace."""
    try:
        return any(name.startswith("__init__.") for name in os.listdir(folder))
    except OSError:
        return False


def _is_module(path: str, name: str) -> bool:
    if os.path.isfile(os.path.join(path, name + ".py")):
        return True
    return bool(compiled_files(path, name)) or os.path.isfile(os.path.join(path, name + ".pyc"))


def compiled_files(folder: str, name: str) -> list[str]:
    """The compiled modules of that name in a folder, for whatever Python."""
    try:
        entries = os.listdir(folder)
    except OSError:
        return []
    return [
        os.path.join(folder, entry)
        for entry in entries
        if entry.startswith(name + ".") and entry.endswith((".so", ".pyd"))
    ]
