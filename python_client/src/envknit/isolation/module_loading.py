"""Loading modules into their homes: once each, whichever threads ask.

While a module of a world runs, `sys.modules` shows that world: its own code looks itself up there
(dataclasses, enum, typing and requests do). One thread at a time runs such modules, so no two
worlds are shown at once; what was displaced is back afterwards. Other threads don't notice:
the router lets them wait before they look a displaced name up.
"""

from __future__ import annotations

import contextlib
import importlib
import math
import os
import sys
import threading
import warnings
from importlib.util import module_from_spec
from typing import TYPE_CHECKING, Any, cast

from envknit.isolation.default_versions import defaults
from envknit.isolation.loading_lock import (
    STANDSTILL_S,
    UNFINISHED_STANDSTILL_S,
    LoadingLock,
)
from envknit.isolation.module_search import adopt_finders, find_module
from envknit.isolation.module_view import ModuleView
from envknit.isolation.versioned_loader import VersionedSpec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from importlib.machinery import ModuleSpec
    from types import ModuleType

    from envknit.isolation.package_world import Home, Seen

__all__ = ["contested", "execute", "import_module", "locked", "outside"]

_bootstrap: Any = importlib._bootstrap


class _Loading:
    """What goes on now; one thread at a time, but for fields that say otherwise."""

    def __init__(self) -> None:
        self.lock = LoadingLock()
        #: For those who gave way: only one at a time goes on without the other.
        self.bypass = LoadingLock()
        #: What sys.modules shows, outermost first; for who has the lock.
        self.views: list[ModuleView] = []
        #: Modules that are being run, and by which thread. Read by any thread.
        self.running: dict[tuple[Home, str], int] = {}
        #: Whether a module of a version was ever loaded.
        self.used = False


_loading = _Loading()

#: Top-level names that some world keeps apart from the host: grows only. Read by any thread.
contested: set[str] = set()
#: Called when a name is contested that was not.
contest_listeners: list[Callable[[], None]] = []


@contextlib.contextmanager
def locked(patience_s: float = math.inf) -> Iterator[None]:
    """Nobody else runs modules of versions meanwhile, as far as LoadingLock waits; re-entrant.

    The host's own imports wait without an end: what is shown now is no module of the host.
    """
    lock = _loading.lock
    got = lock.acquire(patience_s)
    if not got:
        lock = _loading.bypass
        got = lock.acquire()
    try:
        yield
    finally:
        if got:
            lock.release()


def _views() -> list[ModuleView]:
    """The views of this thread: none if it goes on without the lock, and shows nothing then."""
    return _loading.views if _loading.lock.is_mine() else []


def import_module(store: Home, fullname: str) -> ModuleType:
    """The module of that name from the home of its top-level package, loaded if need be.

    Raises:
        ModuleNotFoundError: Its package has no such.
        CExtensionError: It is compiled, and can't be loaded beside another version.
        BaseException: What its code raises; it is not kept then.
    """
    module = store.modules.get(fullname)
    runner = _loading.running.get((store, fullname))
    of_another = runner is not None and runner != threading.get_ident()
    if _loading.lock.is_mine():
        if of_another and _loading.bypass.acquire():
            # Who gave way to this thread is done with it now.
            _loading.bypass.release()
    elif module is not None and not of_another:
        return module
    unfinished = of_another and runner == _loading.lock.owner
    with locked(UNFINISHED_STANDSTILL_S if unfinished else STANDSTILL_S):
        return _import_locked(store, fullname)


def _import_locked(store: Home, fullname: str) -> ModuleType:
    views = _views()
    if views:
        views[-1].notice(fullname)
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
    spec = find_module(home, store, fullname, folders)
    _loading.used = True
    if spec.loader is None:
        module = store.modules[fullname] = module_from_spec(spec)
        _show(store, fullname, module)
        _set_in_parent(parent, module, tail)
        return module
    return _run(store, home, spec, parent=parent)


def _set_in_parent(parent: ModuleType | None, module: ModuleType, tail: str) -> None:
    if parent is None:
        return
    try:
        setattr(parent, tail, module)
    except AttributeError:
        text = f"Cannot set an attribute on {parent!r} for child module {tail!r}"
        warnings.warn(text, ImportWarning, stacklevel=2)


def anything_loaded() -> bool:
    """Whether there are modules of versions, whose imports have to be routed."""
    return _loading.used


def is_running(store: Home, fullname: str) -> bool:
    """Whether that module, or a package that it is in, is not finished yet."""
    running = _loading.running
    while running and fullname:
        if (store, fullname) in running:
            return True
        fullname = fullname.rpartition(".")[0]
    return False


def remember(seen: dict[str, Seen], name: str, store: Home, fullname: str) -> None:
    """Notes what `import name` leads to, for the next time; not before it is finished."""
    leaf, package = store.modules.get(fullname), store.modules.get(fullname.partition(".")[0])
    if leaf is None or package is None or is_running(store, fullname):
        return
    try:
        # Not getattr(): that loads what is lazy.
        names = object.__getattribute__(leaf, "__dict__")
    except AttributeError:
        names = {}
    seen[name] = (leaf, package, names)


def is_shown(name: str) -> bool:
    """Whether sys.modules has that name from a world now, for the code of this thread."""
    return any(view.shows(name) for view in _views())


def spec_of(store: Home, fullname: str) -> ModuleSpec | None:
    """The spec of a module, loaded or not; its package is loaded. None if there is none."""
    with locked(STANDSTILL_S):
        module = store.modules.get(fullname)
        if module is not None:
            return module.__spec__
        parent_name = fullname.rpartition(".")[0]
        folders = [store.path] if store.path else store.search_paths()
        if parent_name:
            folders = list(getattr(_import_locked(store, parent_name), "__path__", ()))
        try:
            return find_module(store, store, fullname, folders)
        except ModuleNotFoundError:
            return None


def execute(module: ModuleType, exec_module: Callable[[ModuleType], None]) -> None:
    """Runs a module for its loader, unless it has been; see VersionedLoader.exec_module."""
    spec = module.__spec__
    if not isinstance(spec, VersionedSpec):
        exec_module(module)
        return
    store, name = spec.store, spec.name
    with locked(STANDSTILL_S):
        known = store.modules.get(name)
        if (store, name) in _loading.running:
            exec_module(module)
        elif known is None or (known is module and not spec.ran):
            # Somebody uses importlib's functions, or LazyLoader; this is the module's first time.
            _run(store, spec.home, spec, module, exec_module)
        elif known is not module:
            exec_module(module)


def run_again(module: ModuleType) -> ModuleType:
    """importlib.reload() of a module of a version; one that fails stays as far as it came."""
    spec = cast(VersionedSpec, module.__spec__)
    if spec.loader is None:
        # A namespace package has no code.
        return module
    with locked(STANDSTILL_S):
        return _run(spec.store, spec.home, spec, module)


def _run(
    store: Home,
    home: Home,
    spec: ModuleSpec,
    module: ModuleType | None = None,
    exec_module: Callable[[ModuleType], None] | None = None,
    parent: ModuleType | None = None,
) -> ModuleType:
    """Runs a module's code, with its world in sys.modules. The lock is held.

    Without a module it makes one, without a function it is what the spec's loader does.
    """
    _loading.used = True
    name = spec.name
    known = name in store.modules
    _contest(name.partition(".")[0], store)
    with _view_of(home):
        if module is None:
            module = module_from_spec(spec)
        _loading.running[store, name] = threading.get_ident()
        store.modules[name] = module
        _show(store, name, module)
        cast(Any, spec)._initializing = True
        try:
            (exec_module or cast(Any, spec.loader).exec_module)(module)
            if _loading.lock.is_mine():
                # A module may put something else in its place.
                module = store.modules[name] = sys.modules.get(name, module)
                _show(store, name, module)
            cast(Any, spec).ran = True
            # Others take it for finished only then.
            _set_in_parent(parent, module, name.rpartition(".")[2])
        except BaseException:
            if not known:
                _forget(store, name)
            raise
        finally:
            cast(Any, spec)._initializing = False
            _loading.running.pop((store, name), None)
            adopt_finders(store)
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
    # Who comes from now on waits for the loading lock; imports of the host's modules of that name
    # that are under way end first.
    contested.add(top)
    for listener in contest_listeners:
        listener()
    for name in list(_bootstrap._module_locks):
        if name == top or name.startswith(top + "."):
            _bootstrap._lock_unlock_module(name)


@contextlib.contextmanager
def _view_of(home: Home) -> Iterator[None]:
    views = _views()
    if not _loading.lock.is_mine() or (views and views[-1].home is home):
        yield
        return
    view = ModuleView(home)
    for top in view.tops():
        _contest(top, cast("Home", home.home_of(top)))
    if views:
        views[-1].undo()
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
    elif views := _views():
        views[-1].show(name, module)


def _forget(store: Home, name: str) -> None:
    """A module failed: it goes, and what was loaded below it goes, too."""
    below = name + "."
    views = _views()
    if views:
        views[-1].harvest()
    for known in [known for known in store.modules if known == name or known.startswith(below)]:
        module = store.modules.pop(known)
        if views:
            views[-1].forget(known)
        if sys.modules.get(known) is module:
            del sys.modules[known]


@contextlib.contextmanager
def outside() -> Iterator[None]:
    """The host's sys.modules, for an import of the host's that a module of a version asks for."""
    views = _views()
    if not views:
        yield
        return
    views[-1].undo()
    _loading.views = []
    try:
        yield
    finally:
        _loading.views = views
        views[-1].apply()


def _after_fork() -> None:
    """In a child of a fork: what other threads were doing will never end."""
    if _loading.lock.is_mine():
        return
    if _loading.views:
        _loading.views[-1].undo()
        _loading.views = []
    for (store, name), thread in list(_loading.running.items()):
        if thread != threading.get_ident():
            _forget(store, name)
            del _loading.running[store, name]
    # Others may have been waiting for them, half-way in or out.
    _loading.lock, _loading.bypass = LoadingLock(), LoadingLock()


os.register_at_fork(after_in_child=_after_fork)
