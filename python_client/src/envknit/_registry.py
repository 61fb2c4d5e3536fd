"""The locked environments that this process knows, and what `worker()` finds in them."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, NamedTuple

from envknit import _lock_files
from envknit._lock_files import LockedEnvironment, LockedPackage
from envknit.errors import NotRegisteredError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["Selection", "VersionRegistry", "registry"]


class Selection(NamedTuple):
    """A package of an environment: where a worker runs, and what it imports first."""

    name: str
    version: str
    #: The import name: "PIL" for the distribution "pillow".
    module: str
    environment: str
    #: The requested package's path first, then the environment's others.
    install_paths: tuple[str, ...]
    #: Names and versions of the environment's packages.
    packages: tuple[tuple[str, str], ...]
    #: The environment's pinned Python (a version or a path), or empty.
    python: str


class VersionRegistry:
    """The packages of the lock files: environments in order of registration. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._environments: dict[tuple[str, str], LockedEnvironment] = {}
        self._import_names: dict[tuple[str, str], tuple[str, ...]] = {}

    def add(self, lock_path: str, environment: LockedEnvironment) -> None:
        """Adds an environment, or replaces the one of that name of that file."""
        with self._lock:
            # A new one: readers take no lock, so that none is held in the child of a fork.
            self._environments = {
                **self._environments,
                (lock_path, environment.name): environment,
            }

    def find(self, name: str, version: str, environment: str | None = None) -> Selection:
        """The first environment that has the package in that version.

        Raises:
            NotRegisteredError: there is none; the text names what is registered.
        """
        found, package = self.locate(name, version, environment)
        return _select(found, package, name)

    def locate(
        self, name: str, version: str, environment: str | None = None
    ) -> tuple[LockedEnvironment, LockedPackage]:
        """As find(): the package as it is locked, and its environment.

        Raises:
            TypeError: a name or version that is no text, such as the number 1.10.
        """
        for what, text in (("name", name), ("version", version)):
            if not isinstance(text, str):
                raise TypeError(f"a package's {what} is a str, not {text!r}")
        normalized = _lock_files.normalize(name)
        for candidate in self._candidates(environment):
            for package in candidate.packages:
                if package.version == version and package.normalized_name == normalized:
                    return candidate, package
        # An import name ("PIL") that is not the distribution's ("pillow").
        for candidate in self._candidates(environment):
            for package in candidate.packages:
                if package.version == version and name in self.import_names(package):
                    return candidate, package
        raise self._not_registered(name, version, environment)

    def packages(self) -> list[LockedPackage]:
        """Every package of every environment, in order."""
        return list(self._packages())

    def packages_named(self, name: str) -> list[LockedPackage]:
        """The packages of that distribution name, in order."""
        normalized = _lock_files.normalize(name)
        return [package for package in self._packages() if package.normalized_name == normalized]

    def default_packages(
        self, chosen: Mapping[str, str]
    ) -> Iterator[tuple[LockedEnvironment, LockedPackage]]:
        """One version of each package: the chosen one (by normalized name), else the first.

        A chosen one that is no longer registered is as none.
        """
        registered = {(package.normalized_name, package.version) for package in self._packages()}
        chosen = {name: chosen[name] for name in chosen if (name, chosen[name]) in registered}
        found: set[str] = set()
        for environment in self._candidates(None):
            for package in environment.packages:
                name = package.normalized_name
                if name not in found and chosen.get(name, package.version) == package.version:
                    found.add(name)
                    yield environment, package

    def import_names(self, package: LockedPackage) -> tuple[str, ...]:
        """The names by which a package is imported, read once from its dist-info."""
        key = (package.install_path, package.name)
        names = self._import_names.get(key)
        if names is None:
            names = tuple(_lock_files.import_names(package.install_path, package.name))
            self._import_names[key] = names
        return names

    def find_environment(self, name: str) -> Selection:
        """The first environment of that name, for any of its packages.

        Raises:
            NotRegisteredError: there is none; the text names what is registered.
        """
        for candidate in self._candidates(name):
            return Selection(
                "",
                "",
                "",
                candidate.name,
                tuple(dict.fromkeys(package.install_path for package in candidate.packages)),
                tuple((package.name, package.version) for package in candidate.packages),
                candidate.python,
            )
        raise self._no_environment(name)

    def select_path(self, name: str, version: str, install_path: str) -> Selection:
        """The environment that is that directory alone; nothing need be registered."""
        path = os.path.abspath(os.path.expanduser(install_path))
        module = module_name(_lock_files.import_names(path, name), name)
        return Selection(name, version, module, name, (path,), ((name, version),), "")

    def assume(self, name: str, version: str, environment: str | None) -> Selection:
        """What a server's own lock files may have."""
        module = name.replace("-", "_")
        packages = ((name, version),) if name else ()
        return Selection(name, version, module, environment or "", (), packages, "")

    def _candidates(self, environment: str | None) -> list[LockedEnvironment]:
        known = self._environments.values()
        return [entry for entry in known if environment in (None, entry.name)]

    def _packages(self) -> Iterator[LockedPackage]:
        for environment in self._candidates(None):
            yield from environment.packages

    def _no_environment(self, name: str) -> NotRegisteredError:
        import difflib

        names = sorted({environment.name for environment in self._candidates(None)})
        near = difflib.get_close_matches(name, names, n=3)
        if near:
            hint = f"did you mean {' or '.join(near)}? Registered: {', '.join(names)}"
        elif names:
            hint = f"registered: {', '.join(names)}"
        else:
            hint = "nothing is: call envknit.configure_from_lock() first"
        error = NotRegisteredError(f"environment {name!r} is not registered; {hint}")
        error.reason = "ENV_NOT_FOUND"
        error.metadata = {"environment": name, "near": ", ".join(near)}
        return error

    def _not_registered(
        self, name: str, version: str, environment: str | None
    ) -> NotRegisteredError:
        import difflib

        where = f" in environment {environment!r}" if environment is not None else ""
        packages = list(self._packages())
        names = sorted({package.name for package in packages})
        normalized = _lock_files.normalize(name)
        versions = sorted({p.version for p in packages if p.normalized_name == normalized})
        near = difflib.get_close_matches(name, names, n=3) if not versions else []
        if versions:
            hint = f"registered versions of {name}: {', '.join(versions)}"
        elif near:
            hint = f"did you mean {' or '.join(near)}? Registered: {', '.join(names)}"
        elif names:
            hint = f"registered: {', '.join(names)}"
        else:
            hint = (
                "nothing is: call envknit.configure_from_lock() first "
                "(envknit.worker() takes an install_path instead, too)"
            )
        what = f"{name or repr(name)} {version or repr(version)}"
        error = NotRegisteredError(f"{what} is not registered{where}; {hint}")
        error.reason = "PACKAGE_NOT_LOCKED"
        error.metadata = {"package": name, "version": version, "near": ", ".join(near or versions)}
        return error


#: What configure_from_lock() registers and worker() and use() ask: one per process, as the API is.
registry = VersionRegistry()


def _select(environment: LockedEnvironment, package: LockedPackage, name: str) -> Selection:
    paths = [package.install_path, *(other.install_path for other in environment.packages)]
    return Selection(
        package.name,
        package.version,
        module_name(registry.import_names(package), name),
        environment.name,
        tuple(dict.fromkeys(paths)),
        tuple((other.name, other.version) for other in environment.packages),
        environment.python,
    )


def module_name(names: Sequence[str], asked: str) -> str:
    """Of a package's import names, what to import: the one that was asked for, if it is one."""
    if asked in names or not names:
        return asked
    spelled = asked.replace("-", "_")
    for name in names:
        if name.lower() == spelled.lower():
            return name
    public = [name for name in names if not name.startswith("_")]
    return (public or names)[0]
