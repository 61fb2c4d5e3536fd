"""The functions of the standard library that import by name, for whoever calls them.

`importlib.import_module` and its like look at sys.modules themselves; while versions are in use
they ask the router, in the name of the code that called them.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any, cast

from envknit.isolation import import_router, module_loading, version_metadata
from envknit.isolation.import_router import calling_spec, find_home, resolve_relative
from envknit.isolation.import_tracebacks import without_import_steps
from envknit.isolation.object_origins import module_of
from envknit.isolation.replaced_function import ReplacedFunction
from envknit.isolation.versioned_loader import VersionedSpec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from importlib.machinery import ModuleSpec
    from pkgutil import ModuleInfo
    from types import ModuleType

    from envknit.isolation.package_world import Home

__all__ = ["install", "uninstall"]

_gcd_import = ReplacedFunction("importlib._bootstrap", "_gcd_import")
_find_spec = ReplacedFunction("importlib.util", "find_spec")
_reload = ReplacedFunction("importlib", "reload")
_walk_packages = ReplacedFunction("pkgutil", "walk_packages")
_get_data = ReplacedFunction("pkgutil", "get_data")
_extend_path = ReplacedFunction("pkgutil", "extend_path")
_getfile = ReplacedFunction("inspect", "getfile")
_getmodule = ReplacedFunction("inspect", "getmodule")


def _destination(name: str, package: str | None, level: int) -> tuple[Home, str] | None:
    """The home and the absolute name that the caller of the standard library means."""
    full = resolve_relative(name, package or "", level) if level else name
    top = full.partition(".")[0]
    if top in sys.stdlib_module_names or top == "envknit":
        return None
    spec = calling_spec(2)
    if spec is not None:
        home = spec.home.home_of(top)
        return None if home is None else (home, full)
    found = find_home(top)
    if found is None:
        return None
    home, real_top = found
    return home, real_top + full[len(top) :]


def _routed_gcd_import(name: str, package: str | None = None, level: int = 0) -> ModuleType:
    """importlib.import_module and importlib.__import__, behind their checks."""
    if not level and import_router.is_of_host(name, 3):
        # Most of them: no decision is made for these.
        return cast("ModuleType", _gcd_import(name, package, level))
    destination = _destination(name, package, level) if isinstance(name, str) else None
    if destination is not None:
        try:
            return import_router.import_routed(*destination)
        except BaseException as error:
            raise without_import_steps(error)  # noqa: B904 - it is the same one
    top = name.partition(".")[0] if isinstance(name, str) else ""
    if top not in module_loading.contested:
        module = cast("ModuleType", _gcd_import(name, package, level))
        # If it is by now, in another thread, this may be a version's.
        if top not in module_loading.contested:
            return module
    with module_loading.locked(), module_loading.outside():
        return cast("ModuleType", _gcd_import(name, package, level))


def _routed_find_spec(name: str, package: str | None = None) -> ModuleSpec | None:
    """importlib.util.find_spec: loads the parent, not the module."""
    level = len(name) - len(name.lstrip("."))
    destination = _destination(name[level:], package, level)
    if destination is None:
        try:
            return cast("ModuleSpec | None", _find_spec(name, package))
        except ModuleNotFoundError as error:
            # Strict mode refuses it: who asks before importing hears that there is none.
            if error.name == name:
                return None
            raise
    return module_loading.spec_of(*destination)


def _routed_reload(module: ModuleType) -> ModuleType:
    """importlib.reload: runs a module of a version again, in its world."""
    spec = getattr(module, "__spec__", None)
    if spec.__class__ is VersionedSpec:
        return module_loading.run_again(module)
    return cast("ModuleType", _reload(module))


def _routed_walk_packages(
    path: Iterable[str] | None = None,
    prefix: str = "",
    onerror: Callable[[str], object] | None = None,
) -> Iterator[ModuleInfo]:
    """pkgutil.walk_packages, which takes packages from sys.modules."""
    # Whoever calls, not whoever consumes the generator.
    top = prefix.partition(".")[0]
    spec = calling_spec(1)
    home = spec.home.home_of(top) if spec is not None and top else None
    if home is None and top:
        home = (find_home(top) or (None, ""))[0]
    if home is None:
        return cast("Iterator[ModuleInfo]", _walk_packages(path, prefix, onerror))
    return _walk(home, path, prefix, onerror)


def _walk(
    home: Home,
    path: Iterable[str] | None,
    prefix: str,
    onerror: Callable[[str], object] | None,
    seen: frozenset[str] = frozenset(),
) -> Iterator[ModuleInfo]:
    import pkgutil

    for info in pkgutil.iter_modules(path, prefix):
        yield info
        if not info.ispkg:
            continue
        try:
            package = module_loading.import_module(home, info.name)
        except Exception as error:
            if onerror is not None:
                onerror(info.name)
            elif not isinstance(error, ImportError):
                raise
            continue
        folders = [folder for folder in package.__path__ if folder not in seen]
        yield from _walk(home, folders, info.name + ".", onerror, seen | set(folders))


def _routed_get_data(package: str, resource: str) -> bytes | None:
    """pkgutil.get_data, which takes the package from sys.modules."""
    destination = _destination(package, None, 0)
    if destination is None:
        return cast("bytes | None", _get_data(package, resource))
    module = import_router.import_routed(*destination)
    loader: Any = getattr(module.__spec__, "loader", None)
    if module.__file__ is None or not hasattr(loader, "get_data"):
        return None
    path = os.path.join(os.path.dirname(module.__file__), *resource.split("/"))
    return cast(bytes, loader.get_data(path))


def _routed_extend_path(path: Any, name: str) -> Any:
    """pkgutil.extend_path, which looks through sys.path."""
    spec = calling_spec(1)
    if spec is None or not isinstance(path, list):
        return _extend_path(path, name)
    parent, _, tail = name.rpartition(".")
    folders = spec.store.modules[parent].__path__ if parent else spec.home.search_paths()
    found = [os.path.join(folder, tail) for folder in folders]
    return list(dict.fromkeys([*path, *filter(os.path.isdir, found)]))


def _routed_getfile(object: Any) -> str:
    """inspect.getfile, which takes the module of a class from sys.modules."""
    module = module_of(object) if isinstance(object, type) else None
    return cast(str, _getfile(object if module is None else module))


def _routed_getmodule(object: Any, _filename: str | None = None) -> ModuleType | None:
    """inspect.getmodule, which takes it from sys.modules."""
    return module_of(object) or cast("ModuleType | None", _getmodule(object, _filename))


_ROUTED: tuple[tuple[ReplacedFunction, Callable[..., Any]], ...] = (
    (_gcd_import, _routed_gcd_import),
    (_find_spec, _routed_find_spec),
    (_reload, _routed_reload),
    (_walk_packages, _routed_walk_packages),
    (_get_data, _routed_get_data),
    (_extend_path, _routed_extend_path),
    (_getfile, _routed_getfile),
    (_getmodule, _routed_getmodule),
)


def install() -> None:
    """Puts the routed functions in place, once."""
    version_metadata.install()
    for original, routed in _ROUTED:
        original.install(routed)


def uninstall() -> None:
    """Puts the originals back."""
    version_metadata.uninstall()
    for original, routed in _ROUTED:
        original.uninstall(routed)
