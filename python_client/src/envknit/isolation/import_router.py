"""`builtins.__import__` while versions are in use: whose import is it, and where does it lead?

An import belongs to the code that makes it. Code of a version carries its home in its module's
spec and gets its own world, early and late, in whichever thread; the host's code gets what
`use()` made active, else the default version, else what it would get anyway.
"""

from __future__ import annotations

import builtins
import sys
from importlib.machinery import ModuleSpec
from typing import TYPE_CHECKING, Any, cast

from envknit.isolation import module_loading
from envknit.isolation.active_versions import (
    NOTHING_ACTIVE,
    active_versions,
    context_modules,
)
from envknit.isolation.default_versions import defaults
from envknit.isolation.import_tracebacks import without_import_steps
from envknit.isolation.versioned_loader import VersionedSpec

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import FrameType, ModuleType

    from envknit.isolation.package_world import Home, Seen

__all__ = ["calling_spec", "find_home", "import_routed", "install", "resolve_relative", "uninstall"]

_STDLIB = sys.stdlib_module_names
_UNKNOWN = object()
_active = active_versions.get
_original = builtins.__import__
_installed = False
#: A name that can't be imported, but that the router answers.
_PROBE = "envknit:router"

#: Absolute names whose import is the host's business, whoever of the host asks: no decision is
#: made for them. Emptied when what decides changes.
_passes: set[str] = set()
_MAX_PASSES = 20_000
#: Imports of default versions. sys.modules must still have them.
_defaults_seen: dict[str, Seen] = {}
module_loading.contest_listeners.append(_passes.clear)

#: Names that import_version() gave to modules, and what they stand for.
aliases: dict[str, tuple[Home, str]] = {}


def _routed_import(
    name: str,
    globals: Mapping[str, Any] | None = None,
    locals: Mapping[str, Any] | None = None,
    fromlist: Sequence[str] | None = (),
    level: int = 0,
) -> ModuleType:
    """As the built-in one, for every import of this process: hence no step more than needed."""
    if level or globals is None:
        return _import_slowly(name, globals, locals, fromlist, level)
    spec = globals.get("__spec__", _UNKNOWN)
    if spec.__class__ is VersionedSpec:
        seen = spec.home.seen.get(name)
    else:
        active = _active()
        if active is not NOTHING_ACTIVE:
            seen = active.seen.get(name)
        elif name in _passes:
            module = _original(name, globals, locals, fromlist, level)
            # Meanwhile another thread may have begun to show a version under that name.
            return module if name in _passes else _import_slowly(name, globals, locals, fromlist)
        else:
            seen = _defaults_seen.get(name)
            if seen is not None and sys.modules.get(name) is not seen[0]:
                seen = None
    if seen is not None and spec is not _UNKNOWN and fromlist.__class__ is not list:
        if not fromlist:
            return seen[1]
        names = seen[2]
        for item in fromlist:
            if item not in names:
                break
        else:
            return seen[0]
    return _import_slowly(name, globals, locals, fromlist, level)


def _import_slowly(
    name: str,
    globals: Mapping[str, Any] | None,
    locals: Mapping[str, Any] | None,
    fromlist: Sequence[str] | None,
    level: int = 0,
) -> ModuleType:
    spec = globals.get("__spec__") if globals is not None else None
    try:
        if spec.__class__ is VersionedSpec:
            return _import_for_version(spec, name, globals, locals, fromlist, level)
        return _import_for_host(name, globals, locals, fromlist, level)
    except BaseException as error:
        raise without_import_steps(error)  # noqa: B904 - it is the same one


def _import_for_host(
    name: str,
    globals: Mapping[str, Any] | None,
    locals: Mapping[str, Any] | None,
    fromlist: Sequence[str] | None,
    level: int,
) -> ModuleType:
    if name == _PROBE:
        return sys
    if _is_of_c(globals, locals, fromlist) or not isinstance(name, str):
        return _plain(name, globals, locals, fromlist, level)
    if level:
        package = str((globals or {}).get("__package__") or "")
        return _plain(name, globals, locals, fromlist, level, package.partition(".")[0])
    top = name.partition(".")[0]
    if top in _STDLIB or top in ("envknit", "__main__"):
        _pass(name)
        return _plain(name, globals, locals, fromlist, level)
    if _speaks_for_others(globals):
        spec = calling_spec(3)
        if spec is not None:
            return _import_for_version(spec, name, globals, locals, fromlist, level)
    found = find_home(top)
    if found is None:
        module = _plain(name, globals, locals, fromlist, level)
        if _active() is NOTHING_ACTIVE:
            _note_host_import(top, name)
        return module
    home, real_top = found
    real = real_top + name[len(top) :]
    leaf = import_routed(home, real)
    active = _active()
    if active.home_of(top) is home:
        module_loading.remember(active.seen, name, home, real)
    if fromlist:
        return _with_submodules(leaf, home, real, fromlist)
    return module_loading.import_module(home, real_top)


def _note_host_import(top: str, name: str) -> None:
    home = defaults.home_of(top)
    if home is None:
        if top not in module_loading.contested:
            _pass(name)
    elif defaults.publishes(top, home):
        module_loading.remember(_defaults_seen, name, home, name)


def _import_for_version(
    spec: VersionedSpec,
    name: str,
    globals: Mapping[str, Any] | None,
    locals: Mapping[str, Any] | None,
    fromlist: Sequence[str] | None,
    level: int,
) -> ModuleType:
    if _is_of_c(globals, locals, fromlist) or not isinstance(name, str):
        return _plain(name, globals, locals, fromlist, level)
    full = name
    if level:
        package = str((globals or {}).get("__package__") or spec.parent or "")
        full = resolve_relative(name, package, level)
    top = full.partition(".")[0]
    home = spec.home.home_of(top)
    if home is None:
        return _import_from_host(top, name, globals, locals, fromlist, level)
    if defaults.publishes(spec.name.partition(".")[0], spec.store) and (
        defaults.home_of(top) is home
    ):
        # What a default version needs is a default, too.
        module_loading.publish(top, home)
    leaf = module_loading.import_module(home, full)
    if not level:
        module_loading.remember(spec.home.seen, name, home, full)
    if fromlist:
        return _with_submodules(leaf, home, full, fromlist)
    if level:
        # The name as written, without what is behind its first dot.
        rest = name.partition(".")[2]
        return module_loading.import_module(home, full[: -len(rest) - 1]) if rest else leaf
    # Waits for it, where another thread is running it.
    return module_loading.import_module(home, top)


def _import_from_host(
    top: str,
    name: str,
    globals: Mapping[str, Any] | None,
    locals: Mapping[str, Any] | None,
    fromlist: Sequence[str] | None,
    level: int,
) -> ModuleType:
    """What a version's world doesn't have: the standard library, or what the host has."""
    if top in _STDLIB or top == "envknit":
        return _original(name, globals, locals, fromlist, level)
    if name in sys.modules and top not in module_loading.contested:
        return _plain(name, globals, locals, fromlist, level)
    loaded = host_module(name, fromlist)
    if loaded is not None:
        return loaded
    home = defaults.home_of(top)
    with module_loading.locked(), module_loading.outside():
        if home is None or not module_loading.publish(top, home):
            return _original(name, globals, locals, fromlist, level)
        leaf = module_loading.import_module(home, name)
        return _with_submodules(leaf, home, name, fromlist) if fromlist else home.modules[top]


def _plain(
    name: str,
    globals: Mapping[str, Any] | None,
    locals: Mapping[str, Any] | None,
    fromlist: Sequence[str] | None,
    level: int,
    top: str | None = None,
) -> ModuleType:
    """The host's import; not while sys.modules shows another world's module of that name."""
    if top is None:
        top = name.partition(".")[0] if isinstance(name, str) else ""
    if top in module_loading.contested:
        if _is_of_c(globals, locals, fromlist) and module_loading.is_shown(name):
            # C code in a module of a version: pickle, while the module runs.
            return _original(name, globals, locals, fromlist, level)
        loaded = host_module(name, fromlist) if level == 0 else None
        if loaded is not None:
            return loaded
        with module_loading.locked(), module_loading.outside():
            return _original(name, globals, locals, fromlist, level)
    module = _original(name, globals, locals, fromlist, level)
    if top in module_loading.contested:
        # It began to be, in another thread: this may be a version's module.
        return _plain(name, globals, locals, fromlist, level, top)
    return module


def _is_of_c(
    globals: Mapping[str, Any] | None,
    locals: Mapping[str, Any] | None,
    fromlist: Sequence[str] | None,
) -> bool:
    """Whether it is C code (PyImport_Import), which takes the module from sys.modules afterwards.

    That passes an empty list, and its caller's globals twice.
    """
    return type(fromlist) is list and not fromlist and globals is locals and globals is not None


def host_module(name: str, fromlist: Sequence[str] | None) -> ModuleType | None:
    """What the host's `import` of a loaded module gives, without waiting for anybody.

    None: it isn't loaded and finished, or sys.modules shows a version's just now.
    """
    leaf, package = sys.modules.get(name), sys.modules.get(name.partition(".")[0])
    for module in (leaf, package):
        spec = getattr(module, "__spec__", None)
        if spec.__class__ is not ModuleSpec or getattr(spec, "_initializing", False):
            return None
    if not fromlist:
        return package
    return leaf if all(hasattr(leaf, item) for item in fromlist) else None


def find_home(top: str) -> tuple[Home, str] | None:
    """Where the host's code finds a top-level name, and its real name; None: as ever."""
    if top in aliases:
        return aliases[top]
    active = _active()
    home = active.home_of(top) if active is not NOTHING_ACTIVE else None
    if home is not None:
        return home, top
    home = defaults.home_of(top)
    if home is not None and module_loading.publish(top, home):
        # From here on sys.modules decides, as always; the finder loads what isn't there.
        return None
    return None


def import_routed(home: Home, name: str) -> ModuleType:
    """Imports for code of the host, and notes it for the block."""
    module = module_loading.import_module(home, name)
    seen = context_modules.get()
    if seen is not None and name not in seen:
        part = ""
        for piece in name.split("."):
            part = f"{part}.{piece}" if part else piece
            seen[part] = home.modules[part]
    return module


def _with_submodules(
    module: ModuleType, home: Home, name: str, fromlist: Sequence[str]
) -> ModuleType:
    """`from name import …`: what is no attribute is tried as a submodule."""
    for item in fromlist:
        if item == "*":
            exported = getattr(module, "__all__", None)
            if exported is not None and hasattr(module, "__path__"):
                _with_submodules(module, home, name, [x for x in exported if x != "*"])
        elif hasattr(module, "__path__") and not hasattr(module, item):
            if not isinstance(item, str):
                raise TypeError(f"Item in ``from list'' must be str, not {type(item).__name__}")
            try:
                module_loading.import_module(home, f"{name}.{item}")
            except ModuleNotFoundError as error:
                # The import statement says what it can't import.
                if error.name != f"{name}.{item}":
                    raise
    return module


def resolve_relative(name: str, package: str, level: int) -> str:
    """The absolute name of a relative one.

    Raises:
        ImportError: there is no package, or it is not that deep.
    """
    if not package:
        raise ImportError("attempted relative import with no known parent package")
    parts = package.rsplit(".", level - 1)
    if len(parts) < level:
        raise ImportError("attempted relative import beyond top-level package")
    return f"{parts[0]}.{name}" if name else parts[0]


def _speaks_for_others(globals: Mapping[str, Any] | None) -> bool:
    """Whether who imports may do so for its caller: the standard library, and bare exec()."""
    if globals is None or "__spec__" not in globals:
        return True
    return str(globals.get("__name__")).partition(".")[0] in _STDLIB


def is_of_host(name: object, depth: int) -> bool:
    """Whether it was decided that an import of the host's is nobody else's, for this caller.

    Args:
        depth: The caller's, as of sys._getframe, counted from here.
    """
    if name not in _passes or _active() is not NOTHING_ACTIVE:
        return False
    try:
        scope = sys._getframe(depth).f_globals
    except ValueError:
        # C code calls it, and no Python code calls that.
        return False
    spec = scope.get("__spec__", _UNKNOWN)
    if spec is _UNKNOWN or spec.__class__ is VersionedSpec:
        return False
    return str(scope.get("__name__")).partition(".")[0] not in _STDLIB


def calling_spec(depth: int) -> VersionedSpec | None:
    """The spec of the nearest caller that is not the standard library's nor ours; None: a host's.

    Args:
        depth: As of sys._getframe, counted from the caller.
    """
    frame: FrameType | None = sys._getframe(depth + 1)
    while frame is not None:
        scope = frame.f_globals
        spec = scope.get("__spec__", _UNKNOWN)
        if spec.__class__ is VersionedSpec:
            return spec
        top = str(scope.get("__name__")).partition(".")[0]
        if spec is not _UNKNOWN and top not in _STDLIB and top != "envknit":
            return None
        frame = frame.f_back
    return None


def _pass(name: str) -> None:
    if len(_passes) < _MAX_PASSES:
        _passes.add(name)


def reconsider() -> None:
    """Defaults or registered packages changed."""
    _passes.clear()
    _defaults_seen.clear()


def _is_in_place() -> bool:
    """Whether imports reach the router, perhaps through what others have put above it."""
    if builtins.__import__ is _routed_import:
        return True
    if not _installed:
        return False
    try:
        return builtins.__import__(_PROBE) is sys
    except Exception:
        return False


def install() -> None:
    """Puts the router in the place of builtins.__import__, once."""
    global _original, _installed
    if not _is_in_place():
        _original = builtins.__import__
        builtins.__import__ = cast(Any, _routed_import)
        _installed = True


def uninstall() -> None:
    """Takes it away, unless somebody else has wrapped it meanwhile: then it stays below."""
    global _installed
    if builtins.__import__ is _routed_import:
        _installed = False
        builtins.__import__ = _original
