"""Lock files, read by the daemon's own parser."""

from __future__ import annotations

import errno
import os
from typing import NamedTuple

__all__ = ["LockedEnvironment", "LockedPackage", "import_names", "normalize", "read_lock_file"]


class LockedPackage(NamedTuple):
    """One entry of a lock file; `install_path` is absolute."""

    name: str
    normalized_name: str
    version: str
    install_path: str


class LockedEnvironment(NamedTuple):
    """One environment of a lock file; `python` is its pin, or empty."""

    name: str
    python: str
    packages: tuple[LockedPackage, ...]


def read_lock_file(path: str | os.PathLike[str]) -> list[LockedEnvironment]:
    """The environments of a lock file, in its order.

    Raises:
        FileNotFoundError: there is no such file.
        OSError: it can't be read.
        SchemaVersionError: its schema is newer than this package.
        ValueError: it is no lock file; the text names file, line and column.
    """
    from envknit import _lock

    name = os.fspath(path)
    try:
        os.stat(name)
    except (FileNotFoundError, NotADirectoryError):
        raise FileNotFoundError(errno.ENOENT, "No such lock file", name) from None
    content = _lock.load(name)
    return [
        LockedEnvironment(
            environment["name"],
            environment["python"],
            tuple(LockedPackage(**package) for package in environment["packages"]),
        )
        for environment in content["environments"]
    ]


def normalize(name: str) -> str:
    """The form in which PEP 503 compares names: "Zope.Interface" is "zope-interface"."""
    from envknit import _lock

    return _lock.normalize_package_name(name)


def import_names(install_path: str, name: str) -> list[str]:
    """The names by which the package in `install_path` is imported."""
    from envknit import _lock

    return _lock.import_names(install_path, name)
