"""What sys.modules shows while code of a home runs, and what was there before."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from envknit.isolation.default_versions import defaults

if TYPE_CHECKING:
    from types import ModuleType

    from envknit.isolation.package_world import Home

__all__ = ["ModuleView"]


class ModuleView:
    """The modules of a home's world, the home's own first; used under the loading lock."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self._shown: dict[str, ModuleType] = {}
        self._displaced: dict[str, ModuleType | None] = {}
        self._before: set[str] = set()

    def apply(self) -> None:
        """Puts the modules into sys.modules and remembers what they displace.

        Also what was loaded meanwhile, while another view was shown.
        """
        self._before = set(sys.modules)
        for name, module in self._modules().items():
            self._shown[name] = module
            self._displace(name, module)

    def show(self, name: str, module: ModuleType) -> None:
        """Adds a module, from now on until undo()."""
        self._shown[name] = module
        self._displace(name, module)

    def hide(self, name: str) -> None:
        """Takes a module back that failed."""
        if self._shown.pop(name, None) is not None:
            self._restore(name)

    def undo(self) -> None:
        """sys.modules as it was; what the code put there under names of its world is kept there."""
        self._harvest()
        for name in list(self._displaced):
            self._restore(name)

    def shows(self, name: str) -> bool:
        """Whether the module of that name is one of the view's."""
        return name in self._shown

    def tops(self) -> set[str]:
        """The top-level names that apply() shows."""
        return {name.partition(".")[0] for name in self._modules()}

    def _modules(self) -> dict[str, ModuleType]:
        world = self.home.world
        others = [other for other in world.homes.values() if other is not self.home]
        return {
            name: module
            for store in (self.home, *others, world.shared)
            for name, module in store.modules.items()
            if self.home.home_of(name.partition(".")[0]) is store
        }

    def _displace(self, name: str, module: ModuleType) -> None:
        current = sys.modules.get(name)
        if current is not module:
            self._displaced.setdefault(name, current)
            sys.modules[name] = module
        elif name not in self._before:
            # Its own loader put it there.
            self._displaced.setdefault(name, None)

    def _restore(self, name: str) -> None:
        if name not in self._displaced:
            return
        displaced = self._displaced.pop(name)
        if displaced is None:
            sys.modules.pop(name, None)
        else:
            sys.modules[name] = displaced

    def _harvest(self) -> None:
        """Modules that replaced themselves, and other names for modules."""
        for name in self._shown:
            module = sys.modules.get(name)
            store = self.home.home_of(name.partition(".")[0])
            if module is not None and store is not None and module is not self._shown[name]:
                self._shown[name] = store.modules[name] = module
        for name in sys.modules.keys() - self._before - self._shown.keys():
            top = name.partition(".")[0]
            store = self.home.home_of(top)
            if store is None:
                continue
            module = store.modules[name] = sys.modules[name]
            self._shown[name] = module
            if not defaults.publishes(top, store):
                self._displaced[name] = None
