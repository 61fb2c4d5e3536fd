"""The process's import hook: what the module-level functions of the API act on."""

from __future__ import annotations

import keyword
import os
import sys
import threading
import warnings
from typing import TYPE_CHECKING

from envknit import _lock_files
from envknit._registry import VersionRegistry, registry
from envknit.isolation import import_router, module_loading, standard_library
from envknit.isolation.default_versions import defaults
from envknit.isolation.version_context import (
    VersionContext,
    c_extension_error,
    import_of,
    locate,
    use,
)
from envknit.isolation.versioned_finder import VersionedFinder

if TYPE_CHECKING:
    from types import ModuleType

    from envknit.isolation.worker_context import WorkerContext

__all__ = ["ImportHookManager", "get_manager"]


class ImportHookManager:
    """Registered packages, default versions, and the hook. There is one: `get_manager()`.

    Thread-safe. The functions of the package of the same names do the same.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._finder = VersionedFinder()

    def __repr__(self) -> str:
        state = "enabled" if self.enabled else "disabled"
        strict = ", strict" if self.enabled and self.strict else ""
        return f"<ImportHookManager {state}{strict}, {len(self.registry.packages())} packages>"

    @property
    def registry(self) -> VersionRegistry:
        """What configure_from_lock() registered."""
        return registry

    @property
    def finder(self) -> VersionedFinder:
        """What stands in sys.meta_path while the hook is enabled."""
        return self._finder

    @property
    def enabled(self) -> bool:
        """Whether bare imports give default versions."""
        return any(entry is self._finder for entry in sys.meta_path)

    @property
    def strict(self) -> bool:
        """Whether imports of what is not registered are refused."""
        return self._finder.strict

    def configure_from_lock(
        self, lock_path: str | os.PathLike[str], env: str | None = None, auto_install: bool = True
    ) -> int:
        """Registers the packages of a lock file.

        Args:
            lock_path: The lock file (`envknit.lock.yaml`).
            env: Registers this environment only; all of them if None.
            auto_install: Also calls enable(): bare imports give the default versions from then
                on. `use()`, `import_version()` and `worker()` work without.

        Returns:
            How many packages were registered, each name and version counted once. A package
            whose path is missing is not: a warning names it.

        Raises:
            FileNotFoundError: There is no such file.
            SchemaVersionError: The file's schema is newer than this package: upgrade it.
            ValueError: It is no lock file; the text names file, line and column.
        """
        path = os.path.abspath(os.path.expanduser(os.fspath(lock_path)))
        environments = _lock_files.read_lock_file(path)
        chosen = [entry for entry in environments if env in (None, entry.name)]
        if env is not None and not chosen:
            names = ", ".join(entry.name for entry in environments) or "none"
            _warn(f"{path} has no environment {env!r}; it has: {names}")
        registered = set()
        for environment in chosen:
            usable = []
            for package in environment.packages:
                if os.path.isdir(package.install_path):
                    usable.append(package)
                    registered.add((package.normalized_name, package.version))
                    continue
                _warn(
                    f"{package.name} {package.version} is not registered: "
                    f"{package.install_path} is missing"
                )
            registry.add(path, environment._replace(packages=tuple(usable)))
        self._reconsider()
        if auto_install:
            self.enable(strict=self.strict and self.enabled)
        return len(registered)

    def enable(self, strict: bool = False) -> None:
        """Makes bare imports give the default versions; calling it again changes only `strict`.

        Args:
            strict: Importing what is neither registered nor of the standard library raises
                ImportError. What is loaded already stays.
        """
        with self._lock:
            self._finder.strict = strict
            if not self.enabled:
                sys.meta_path.insert(0, self._finder)
            defaults.switch(True)
            import_router.install()
            standard_library.install()
            import_router.reconsider()

    def disable(self) -> None:
        """Takes the hook away: bare imports are Python's own again.

        Modules of default versions leave sys.modules; who holds them goes on using them, and
        their own imports stay with their version, as do those of `use()`.
        """
        with self._lock:
            defaults.switch(False)
            self._finder.strict = False
            sys.meta_path = [entry for entry in sys.meta_path if entry is not self._finder]
            self._reconsider()
            if not module_loading.anything_loaded():
                # Nothing of a version was ever loaded: there is nothing to route.
                import_router.uninstall()
                standard_library.uninstall()

    def set_default(self, name: str, version: str) -> None:
        """Makes a registered version the one that bare imports give.

        Modules of the version before leave sys.modules; who holds them goes on using them.

        Raises:
            NotRegisteredError: No such package, or not in that version.
        """
        _, package = registry.locate(name, version)
        defaults.choose(package)
        self._reconsider()

    def use(
        self, name: str, version: str, auto_worker: bool = False, *, env: str | None = None
    ) -> VersionContext | WorkerContext:
        """As `envknit.use()`."""
        return use(name, version, auto_worker, env=env)

    def import_version(self, name: str, version: str, alias: str | None = None) -> ModuleType:
        """As `envknit.import_version()`."""
        found = locate(name, version)
        compiled = found.compiled_file()
        if compiled is not None:
            raise c_extension_error(found, compiled)
        if alias is not None:
            _check_alias(alias)
        module = import_of(name, found)
        if alias is not None:
            self._add_alias(alias, module)
        return module

    def _add_alias(self, alias: str, module: ModuleType) -> None:
        top = module.__name__.partition(".")[0]
        store = getattr(module.__spec__, "store", None)
        if store is None:
            raise ImportError(f"{module.__name__} put another module in its place: no alias for it")
        import_router.aliases[alias] = (store, top)
        import_router.reconsider()
        sys.modules[alias] = module

    def _reconsider(self) -> None:
        defaults.forget()
        import_router.reconsider()
        module_loading.retract(lambda top, home: defaults.home_of(top) is home)


def _check_alias(alias: str) -> None:
    if not isinstance(alias, str) or not alias.isidentifier() or keyword.iskeyword(alias):
        raise ValueError(f"an alias is a name that can be imported, not {alias!r}")
    if alias in sys.stdlib_module_names:
        raise ValueError(f"the alias {alias!r} is a module of the standard library")
    if any(alias in registry.import_names(package) for package in registry.packages()):
        raise ValueError(
            f"the alias {alias!r} is the name of a registered package: set_default() chooses which "
            f"version that gives"
        )
    if alias in sys.modules and alias not in import_router.aliases:
        raise ValueError(f"the alias {alias!r} is the name of a module that is loaded already")


def _warn(text: str) -> None:
    # The warning is about the line that called the API: a function of the package, or a method.
    frame, level = sys._getframe(), 1
    while frame.f_back is not None and frame.f_globals["__name__"].startswith("envknit."):
        frame, level = frame.f_back, level + 1
    warnings.warn(text, UserWarning, stacklevel=level)


_manager = ImportHookManager()


def get_manager() -> ImportHookManager:
    """The one ImportHookManager of this process."""
    return _manager
