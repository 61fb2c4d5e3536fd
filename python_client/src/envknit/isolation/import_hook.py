"""Versions in this process: the import hook, and the functions that use it.

::

    count = envknit.configure_from_lock("envknit.lock.yaml")
    import requests                             # the default version
    with envknit.use("requests", "2.28.2"):
        import requests                         # this one
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from envknit._registry import VersionRegistry
from envknit.errors import CExtensionError, NotRegisteredError, SchemaVersionError
from envknit.isolation.active_versions import active_versions as _active_versions
from envknit.isolation.active_versions import context_modules as _ctx_modules
from envknit.isolation.process_hook import ImportHookManager, get_manager
from envknit.isolation.version_context import VersionContext, use
from envknit.isolation.versioned_finder import VersionedFinder
from envknit.isolation.versioned_loader import VersionedLoader

if TYPE_CHECKING:
    import os
    from types import ModuleType

__all__ = [
    "CExtensionError",
    "ImportHookManager",
    "NotRegisteredError",
    "SchemaVersionError",
    "VersionContext",
    "VersionRegistry",
    "VersionedFinder",
    "VersionedLoader",
    "_active_versions",
    "_ctx_modules",
    "configure_from_lock",
    "disable",
    "enable",
    "get_manager",
    "import_version",
    "set_default",
    "use",
]


def configure_from_lock(
    lock_path: str | os.PathLike[str], env: str | None = None, auto_install: bool = True
) -> int:
    """Registers the packages of a lock file.

    Args:
        lock_path: The lock file (`envknit.lock.yaml`).
        env: Registers this environment only; all of them if None.
        auto_install: Also calls enable(): bare imports give the default versions from then on.
            `use()`, `import_version()` and `worker()` work without.

    Returns:
        How many packages were registered, each name and version counted once. A package whose
        path is missing is not: a warning names it.

    Raises:
        FileNotFoundError: There is no such file.
        SchemaVersionError: The file's schema is newer than this package: upgrade it.
        ValueError: It is no lock file; the text names file, line and column.
    """
    return get_manager().configure_from_lock(lock_path, env, auto_install)


def import_version(name: str, version: str, alias: str | None = None) -> ModuleType:
    """Imports a version of a package and returns its module; no block is needed.

    It is the module that `use()` of that version gives, too.

    Args:
        name: The distribution's or the import name.
        version: The exact version.
        alias: A name by which it can be imported from then on, submodules included
            (`import requests_v228.sessions`); its `__name__` stays the package's.

    Raises:
        NotRegisteredError: No such package, or not in that version.
        CExtensionError: It is a C extension: use `envknit.worker()`.
        ValueError: The alias is no name, or a module's already.
    """
    return get_manager().import_version(name, version, alias)


def set_default(name: str, version: str) -> None:
    """Makes a registered version the one that bare imports give, once the hook is enabled.

    Modules of the version before leave sys.modules; who holds them goes on using them. Without
    this the first registered version of a package is its default.

    Raises:
        NotRegisteredError: No such package, or not in that version.
    """
    get_manager().set_default(name, version)


def enable(strict: bool = False) -> None:
    """Makes bare imports give the default versions; calling it again changes only `strict`.

    Args:
        strict: Importing what is neither registered nor of the standard library raises
            ImportError. What is loaded already stays.
    """
    get_manager().enable(strict)


def disable() -> None:
    """Takes the hook away: bare imports are Python's own again.

    Modules of default versions leave sys.modules; who holds them goes on using them. `use()`
    goes on working.
    """
    get_manager().disable()
