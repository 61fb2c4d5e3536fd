"""Loading modules into their homes: once each, whichever threads ask.

While a module of a world runs, `sys.modules` shows that world: its own code looks itself up there
(dataclasses, enum, typing and requests do). One thread at a time runs such modules, so no two
worlds are shown at once; what was displaced is back afterwards. Other threads don't notice:
the router lets them wait before they look a displaced name up.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
import threading
import warnings
from importlib.util import module_from_spec
from typing import TYPE_CHECKING, Any, cast

from envknit.errors import CExtensionError
from envknit.isolation.default_versions import defaults
from envknit.isolation.module_view import ModuleView
from envknit.isolation.versioned_loader import VersionedSpec, find_spec, unloadable_extension

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType

    from envknit.isolation.package_world import Home

__all__ = ["contested", "execute", "import_module", "locked", "outside"]

_bootstrap: Any = importlib._bootstrap


class _Loading:
    """What goes on now; one thread at a time, but for fields that say otherwise."""

    def __init__(self) -> None:
        # The lock of import systems: unlike others it notices cycles with the locks of modules
        # that the host is importing, and gives way then.
        self.lock = _bootstrap._ModuleLock("modules of envknit's versions")
        self.owner: int | None = None
        self.views: list[ModuleView] = []
        #: Modules that are being run. Read by any thread.
        self.running: set[tuple[Home, str]] = set()
        #: Whether a module of a version was ever loaded.
        self.used = False


_loading = _Loading()

#: Top-level names that some world keeps apart from the host: grows only. Read by any thread.
contested: set[str] = set()
#: Called when a name is contested that was not.
contest_listeners: list[Callable[[], None]] = []


@contextlib.contextmanager
def locked() -> Iterator[None]:
    """Nobody else runs modules of versions meanwhile; re-entrant.

    In a cycle with imports of the host it goes on without: as CPython's own imports do, it
    may see a module half-made then, which is better than never.
    """
    try:
        _loading.lock.acquire()
    except _bootstrap._DeadlockError:
        yield
        return
    before, _loading.owner = _loading.owner, threading.get_ident()
    try:
        yield
    finally:
        _loading.owner = before
        _loading.lock.release()


def import_module(store: Home, fullname: str) -> ModuleType:
    """The module of that name from the home of its top-level package, loaded if need be.

    Raises:
        ModuleNotFoundError: Its package has no such.
        CExtensionError: It is compiled, and can't be loaded beside another version.
        BaseException: What its code raises; it is not kept then.
    """
    module = store.modules.get(fullname)
    if module is not None and (store, fullname) not in _loading.running:
        return module
    with locked():
        return _import_locked(store, fullname)


def _import_locked(store: Home, fullname: str) -> ModuleType:
    module = store.modules.get(fullname)
    if module is not None:
        # Finished, or run by this very thread: imports in a circle see it half-made.
        return module
    parent_name, _, tail = fullname.rpartition(".")
    parent = None
    home = store
    folders = [store.path] if store.path else store.search_paths()
    if parent_name:
        parent = _import_locked(store, parent_name)
        module = store.modules.get(fullname)
        if module is not None:
            return module
        try:
            folders = list(parent.__path__)
        except AttributeError:
            text = f"No module named {fullname!r}; {parent_name!r} is not a package"
            raise ModuleNotFoundError(text, name=fullname) from None
        home = getattr(parent.__spec__, "home", store)
    spec = _find(home, store, fullname, folders)
    _loading.used = True
    if spec.loader is None:
        module = store.modules[fullname] = module_from_spec(spec)
        _show(store, fullname, module)
    else:
        module = _run(store, home, spec)
    if parent is not None:
        try:
            setattr(parent, tail, module)
        except AttributeError:
            text = f"Cannot set an attribute on {parent_name!r} for child module {tail!r}"
            warnings.warn(text, ImportWarning, stacklevel=2)
    return module


def _find(home: Home, store: Home, fullname: str, folders: list[str]) -> ModuleSpec:
    top = fullname.partition(".")[0]
    with_extensions = defaults.publishes(top, store)
    spec: ModuleSpec | None = find_spec(home, store, fullname, folders, with_extensions)
    if spec is not None:
        return spec
    for finder in cast(list[Any], store.world.finders):
        spec = finder.find_spec(fullname, folders)
        if spec is not None:
            return spec
    extension = unloadable_extension(fullname, folders)
    if extension is not None:
        why = "is built for another Python" if with_extensions else "is a C extension"
        raise CExtensionError(
            f"{fullname} {why} ({extension}): a process can't have it in a version of its own. "
            f"Use envknit.worker(), or envknit.use(..., auto_worker=True)",
            name=fullname,
            path=extension,
        )
    raise ModuleNotFoundError(f"No module named {fullname!r}", name=fullname)


def anything_loaded() -> bool:
    """Whether there are modules of versions, whose imports have to be routed."""
    return _loading.used


def is_running(store: Home, fullname: str) -> bool:
    """Whether that module, or its top-level package, is not finished yet."""
    running = _loading.running
    return bool(running) and (
        (store, fullname) in running or (store, fullname.partition(".")[0]) in running
    )


def is_shown(name: str) -> bool:
    """Whether sys.modules has that name from a world now, for the code of this thread."""
    return _loading.owner == threading.get_ident() and any(
        view.shows(name) for view in _loading.views
    )


def spec_of(store: Home, fullname: str) -> ModuleSpec | None:
    """The spec of a module, loaded or not; its package is loaded. None if there is none."""
    with locked():
        module = store.modules.get(fullname)
        if module is not None:
            return module.__spec__
        parent_name = fullname.rpartition(".")[0]
        folders = [store.path] if store.path else store.search_paths()
        if parent_name:
            folders = list(getattr(_import_locked(store, parent_name), "__path__", ()))
        try:
            return _find(store, store, fullname, folders)
        except ModuleNotFoundError:
            return None


def execute(module: ModuleType, exec_module: Callable[[ModuleType], None]) -> None:
    """Runs a module for its loader, unless it has been; see VersionedLoader.exec_module."""
    spec = module.__spec__
    if not isinstance(spec, VersionedSpec):
        exec_module(module)
        return
    store, name = spec.store, spec.name
    with locked():
        known = store.modules.get(name)
        if known is None:
            # Somebody uses importlib's functions; this is the module's first time.
            _run(store, spec.home, spec, module, exec_module)
        elif known is not module or (store, name) in _loading.running:
            exec_module(module)


def run_again(module: ModuleType) -> ModuleType:
    """importlib.reload() of a module of a version; one that fails stays as far as it came."""
    spec = cast(VersionedSpec, module.__spec__)
    if spec.loader is None:
        # A namespace package has no code.
        return module
    with locked():
        return _run(spec.store, spec.home, spec, module)


def _run(
    store: Home,
    home: Home,
    spec: ModuleSpec,
    module: ModuleType | None = None,
    exec_module: Callable[[ModuleType], None] | None = None,
) -> ModuleType:
    """Runs a module's code, with its world in sys.modules. The lock is held.

    Without a module it makes one, without a function it is what the spec's loader does.
    """
    _loading.used = True
    name = spec.name
    known = name in store.modules
    _contest(name.partition(".")[0], store)
    finders = list(sys.meta_path)
    with _view_of(home):
        if module is None:
            module = module_from_spec(spec)
        _loading.running.add((store, name))
        store.modules[name] = module
        _show(store, name, module)
        cast(Any, spec)._initializing = True
        try:
            (exec_module or cast(Any, spec.loader).exec_module)(module)
        except BaseException:
            if not known:
                _forget(store, name)
            raise
        finally:
            cast(Any, spec)._initializing = False
            _loading.running.discard((store, name))
            _adopt_finders(store, finders)
        # A module may put something else in its place.
        module = store.modules[name] = sys.modules.get(name, module)
    return module


def publish(top: str, store: Home) -> bool:
    """Makes a home's package the one of the whole process, if the host has none of that name.

    It stands in sys.modules from then on, as any other.
    """
    if defaults.publishes(top, store):
        return True
    with locked(), outside():
        return defaults.publish(top, store)


def retract(keep: Callable[[str, Home], bool]) -> None:
    """Takes what publish() put into sys.modules out of it again, but for what `keep` says."""
    with locked(), outside():
        defaults.retract(keep)
    for listener in contest_listeners:
        listener()


def _contest(top: str, store: Home) -> None:
    if top in contested or defaults.publishes(top, store):
        return
    # An import of the host's module of that name that is under way ends first.
    _bootstrap._lock_unlock_module(top)
    contested.add(top)
    for listener in contest_listeners:
        listener()


@contextlib.contextmanager
def _view_of(home: Home) -> Iterator[None]:
    views = _loading.views
    if views and views[-1].home is home:
        yield
        return
    view = ModuleView(home)
    for top in view.tops():
        _contest(top, cast("Home", home.home_of(top)))
    view.apply()
    views.append(view)
    try:
        yield
    finally:
        views.pop()
        view.undo()
        if views:
            views[-1].apply()


def _show(store: Home, name: str, module: ModuleType) -> None:
    if defaults.publishes(name.partition(".")[0], store):
        sys.modules[name] = module
    elif _loading.views:
        _loading.views[-1].show(name, module)


def _forget(store: Home, name: str) -> None:
    """A module failed: it goes, and what was loaded below it goes, too."""
    below = name + "."
    for known in [known for known in store.modules if known == name or known.startswith(below)]:
        module = store.modules.pop(known)
        for view in _loading.views:
            view.hide(known)
        if sys.modules.get(known) is module:
            del sys.modules[known]


def _adopt_finders(store: Home, before: Sequence[object]) -> None:
    """What the module added to sys.meta_path serves its world alone."""
    known = {id(finder) for finder in before}
    for finder in [finder for finder in sys.meta_path if id(finder) not in known]:
        code_of = getattr(type(finder), "find_spec", None)
        spec = getattr(code_of, "__globals__", {}).get("__spec__")
        if not isinstance(spec, VersionedSpec) or spec.home.world is not store.world:
            continue
        store.world.finders.append(finder)
        # A new list: other threads may be going through the old one.
        sys.meta_path = [other for other in sys.meta_path if other is not finder]


@contextlib.contextmanager
def outside() -> Iterator[None]:
    """The host's sys.modules, for an import of the host's that a module of a version asks for."""
    views = _loading.views
    if _loading.owner != threading.get_ident() or not views:
        yield
        return
    for view in reversed(views):
        view.undo()
    _loading.views = []
    try:
        yield
    finally:
        _loading.views = views
        for view in views:
            view.apply()


def _after_fork() -> None:
    """In a child of a fork: what other threads were doing will never end."""
    if _loading.owner is not None and _loading.owner != threading.get_ident():
        for view in reversed(_loading.views):
            view.undo()
        for store, name in list(_loading.running):
            _forget(store, name)
        _loading.__init__()  # type: ignore[misc]


os.register_at_fork(after_in_child=_after_fork)
