"""Whether a pure package can do without a process of its own: what it requires may be compiled."""

from __future__ import annotations

import functools
import os
import re
from importlib.metadata import Distribution, DistributionFinder, MetadataPathFinder
from typing import TYPE_CHECKING

from envknit import _lock, _lock_files
from envknit.errors import CExtensionError
from envknit.isolation import import_router

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envknit.isolation.default_versions import PackageHome
    from envknit.isolation.package_world import Home

__all__ = ["needs_compiled"]

#: A distribution's name at the beginning of a requirement.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@functools.lru_cache(maxsize=1024)
def needs_compiled(found: PackageHome) -> bool:
    """Whether something that the package requires can't be imported beside other versions.

    The package itself may import it late, as pydantic does with its core: so this tries. What
    has compiled parts and does without them (charset_normalizer) passes.
    """
    waiting, known = [found.package.normalized_name], {found.package.normalized_name}
    while waiting:
        for name in _required(found.home, waiting.pop()):
            if name not in known:
                known.add(name)
                waiting.append(name)
                if _is_unloadable(found.home, name):
                    return True
    return False


def _distribution(home: Home, name: str) -> Distribution | None:
    context = DistributionFinder.Context(name=name, path=home.search_paths())
    return next(iter(MetadataPathFinder.find_distributions(context)), None)


def _required(home: Home, name: str) -> Iterator[str]:
    """The normalized names of what a distribution requires without any extra."""
    distribution = _distribution(home, name)
    for line in (distribution.requires if distribution is not None else None) or ():
        requirement, _, marker = line.partition(";")
        match = _NAME.match(requirement)
        if match is not None and "extra" not in marker:
            yield _lock_files.normalize(match.group())


def _is_unloadable(home: Home, name: str) -> bool:
    distribution = _distribution(home, name)
    if distribution is None:
        return False
    path = os.path.abspath(os.fspath(str(distribution.locate_file(""))))
    if _lock.c_extension(path, name) is None:
        return False
    for module in _lock_files.import_names(path, name):
        store = home.home_of(module)
        try:
            if store is not None and not module.startswith("_"):
                import_router.import_routed(store, module)
        except CExtensionError:
            return True
        except Exception:
            # What else is wrong with it the package itself may take care of.
            continue
    return False
