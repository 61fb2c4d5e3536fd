"""Which versions `use()` has made active where the running code stands."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import ModuleType

    from envknit.isolation.package_world import Home, Seen

__all__ = ["NOTHING_ACTIVE", "ActiveVersions"]


class ActiveVersions(dict[str, str]):
    """The versions by the names that `use()` was given; never changed once it is active.

    Blocks nest: an inner one has the outer one's versions, too.
    """

    __slots__ = ("_homes", "_layer", "_memo", "_routes", "restore", "seen")

    def __init__(self) -> None:
        super().__init__()
        self._routes: dict[str, Home] = {}
        self._homes: tuple[Home, ...] = ()
        self._memo: dict[str, Home | None] = {}
        self._layer: tuple[str, str, Home, tuple[str, ...]] | None = None
        #: Who made them active, and what was before; None for NOTHING_ACTIVE.
        self.restore: tuple[object, ActiveVersions, dict[str, ModuleType] | None] | None = None
        #: What imports in the block have led to.
        self.seen: dict[str, Seen] = {}

    def extended(
        self, name: str, version: str, home: Home, import_names: tuple[str, ...]
    ) -> ActiveVersions:
        """These, and one more that wins over them."""
        extended = ActiveVersions()
        extended.update(self)
        extended[name] = version
        extended._routes = {**self._routes, **dict.fromkeys(import_names, home)}
        extended._homes = (home, *self._homes)
        extended._layer = (name, version, home, import_names)
        return extended

    def without(self, block: object) -> ActiveVersions | None:
        """These as they are without what a block added, which others are inside of; None: it added
        nothing.
        """
        if self.restore is None or self._layer is None:
            return None
        entered_by, outer, modules = self.restore
        if entered_by is block:
            return outer
        remaining = outer.without(block)
        if remaining is None:
            return None
        if outer.restore is not None and outer.restore[0] is block:
            modules = outer.restore[2]
        again = remaining.extended(*self._layer)
        again.restore = (entered_by, remaining, modules)
        return again

    @property
    def homes(self) -> tuple[Home, ...]:
        """Of the active packages, the innermost block's first."""
        return self._homes

    def home_of(self, top: str) -> Home | None:
        """Where the top-level module of that name comes from; None for elsewhere.

        What was named wins, then what the named packages' worlds have, the innermost first:
        a package's dependencies go with it.
        """
        try:
            return self._memo[top]
        except KeyError:
            home = self._routes.get(top)
            if home is None:
                found = (candidate.home_of(top) for candidate in self._homes)
                home = next((found_home for found_home in found if found_home), None)
            else:
                home = home.home_of(top)
            self._memo[top] = home
            return home


#: What is active outside of all blocks.
NOTHING_ACTIVE = ActiveVersions()

#: Read by every import; a task inherits its parent's and changes only its own.
active_versions: ContextVar[ActiveVersions] = ContextVar("_active_versions", default=NOTHING_ACTIVE)

#: The modules that imports in the block have given, by name: a fresh dict for each block.
context_modules: ContextVar[dict[str, ModuleType] | None] = ContextVar("_ctx_modules", default=None)
