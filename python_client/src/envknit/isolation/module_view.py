"""What sys.modules shows while code of a home runs, and what was there before."""

from __future__ import annotations

import sys
from importlib.machinery import ModuleSpec
from typing import TYPE_CHECKING

from envknit.isolation.default_versions import defaults
from envknit.isolation.versioned_loader import VersionedSpec

if TYPE_CHECKING:
    from types import ModuleType

    from envknit.isolation.package_world import Home

__all__ = ["ModuleView"]


class ModuleView:
    """The modules of a home's world, the home's own first, and no other of those packages.

    Used under the loading lock; one view is applied at a time.
    """

    def __init__(self, home: Home) -> None:
        self.home = home
        self._shown: dict[str, ModuleType] = {}
        #: What comes back: the host's module of that name, or None.
        self._displaced: dict[str, ModuleType | None] = {}
        self._tops: set[str] = set()
        self._before: dict[str, ModuleType] = {}

    def apply(self) -> None:
        """Puts the modules into sys.modules and remembers what they displace.

        Also what was loaded meanwhile, while another view was shown.
        """
        modules = self._modules()
        self._before = dict(sys.modules)
        self._shown, self._displaced = {}, {}
        self._tops = {_top_of(name) for name in modules}
        self._hide({top for top in self._tops if not self._is_published(top)}, modules)
        for name, module in modules.items():
            self.show(name, module)

    def show(self, name: str, module: ModuleType) -> None:
        """Adds a module, from now on until undo()."""
        top = _top_of(name)
        if top not in self._tops:
            self._tops.add(top)
            if not self._is_published(top):
                self._hide({top}, {})
        self._shown[name] = module
        current = sys.modules.get(name)
        if current is module:
            # Its own loader put it there, or it is a default version's.
            current = self._before.get(name)
        if current is not module:
            self._displaced.setdefault(name, current)
            sys.modules[name] = module

    def forget(self, name: str) -> None:
        """A module failed: it is nobody's any more."""
        module = self._shown.pop(name, None)
        if module is not None and sys.modules.get(name) is module:
            del sys.modules[name]

    def notice(self, name: str) -> None:
        """Takes over what the running code has done to sys.modules under that name."""
        known, current = self._shown.get(name), sys.modules.get(name)
        if current is known:
            return
        store = self.home.home_of(_top_of(name))
        if store is None:
            return
        if current is None:
            # Taken away: it is loaded again when it is imported again.
            self._shown.pop(name, None)
            if store.modules.get(name) is known:
                store.modules.pop(name, None)
        elif known is not None or self._is_written(name, current):
            store.modules[name] = self._shown[name] = current
            if not self._is_published(_top_of(name)):
                self._displaced.setdefault(name, self._before.get(name))

    def harvest(self) -> None:
        """Takes over whatever the running code has done under names of its world.

        Modules replace themselves, and packages give other names to modules.
        """
        before, shown = self._before, self._shown
        changed = [name for name, module in shown.items() if sys.modules.get(name) is not module]
        for name, module in list(sys.modules.items()):
            if before.get(name) is not module and name not in shown:
                changed.append(name)
        for name in changed:
            self.notice(name)

    def undo(self) -> None:
        """sys.modules as it was; what the code put there under names of its world is kept there."""
        self.harvest()
        for name, module in self._displaced.items():
            if module is None:
                sys.modules.pop(name, None)
            else:
                sys.modules[name] = module
        self._shown, self._displaced = {}, {}

    def shows(self, name: str) -> bool:
        """Whether the module of that name is one of the view's."""
        return name in self._shown

    def tops(self) -> set[str]:
        """The top-level names that apply() shows."""
        return {_top_of(name) for name in self._modules()}

    def _modules(self) -> dict[str, ModuleType]:
        world = self.home.world
        others = [other for other in world.homes.values() if other is not self.home]
        return {
            name: module
            for store in (self.home, *others, world.shared)
            for name, module in list(store.modules.items())
            if self.home.home_of(_top_of(name)) is store
        }

    def _hide(self, tops: set[str], modules: dict[str, ModuleType]) -> None:
        """Takes out what others have under these top-level names."""
        for name, module in list(sys.modules.items()):
            if _top_of(name) in tops and name not in modules:
                if name not in self._before and not _is_of_host(module):
                    continue
                self._displaced.setdefault(name, module)
                sys.modules.pop(name, None)

    def _is_published(self, top: str) -> bool:
        store = self.home.home_of(top)
        return store is not None and defaults.publishes(top, store)

    def _is_written(self, name: str, module: ModuleType) -> bool:
        """Whether the running code put it there; other threads import for the host meanwhile."""
        if self._before.get(name) is module:
            return False
        # Of names that are shown the router lets nobody else import.
        return _top_of(name) in self._tops or not _is_of_host(module)


def _top_of(name: str) -> str:
    return name.partition(".")[0]


def _is_of_host(module: object) -> bool:
    # Not getattr(): that loads what is lazy.
    try:
        spec = object.__getattribute__(module, "__dict__").get("__spec__")
    except AttributeError:
        return False
    return isinstance(spec, ModuleSpec) and not isinstance(spec, VersionedSpec)
