"""Modules of a worker."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envknit.errors import RemoteError
from envknit.isolation.attribute_names import METADATA_DUNDERS, is_asked_for
from envknit.isolation.call_proxy import CallProxy, ClassProxy
from envknit.isolation.named_proxy import (
    NamedProxy,
    equals,
    hash_of,
    initialize,
    place_of,
    refuse_pickling,
)
from envknit.isolation.remote_object import RemoteObject
from envknit.isolation.remote_text import RemoteText

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, NoReturn

    from envknit.isolation.worker_context import WorkerContext

__all__ = ["ModuleProxy"]

# Numbers of the enum NameKind.
_MODULE = 1
_CLASS = 2
_CALLABLE = 3


class _Names:
    """What a module proxy knows of its module."""

    __slots__ = ("found", "kinds", "module", "path", "submodules", "truncated")

    def __init__(
        self,
        module: str,
        path: str,
        kinds: Mapping[str, int] | None,
        submodules: Mapping[str, Mapping[str, int]],
        truncated: bool,
    ) -> None:
        self.module = module
        #: From `module` to this one, dotted; empty for itself.
        self.path = path
        #: Kinds of the public names; None before they were asked for.
        self.kinds = kinds
        #: Kinds of the names of known submodules, by their path from `module`.
        self.submodules = submodules
        #: Whether some names may have been left out of these.
        self.truncated = truncated
        #: Proxies that were made; data is never among them.
        self.found: dict[str, object] = {}

    def path_to(self, name: str) -> str:
        return f"{self.path}.{name}" if self.path else name


class ModuleProxy(NamedProxy):
    """A module in a worker.

    Callables and submodules that its import told of are known without asking; data is
    fetched each time, and a name that is not in the list is asked for. Of dunders, the
    metadata (`__version__`, `__doc__`, …) is fetched; every other raises AttributeError.
    """

    __slots__ = ("__weakref__", "_names")

    _names: _Names

    def __init__(
        self,
        context: WorkerContext,
        module: str,
        path: str,
        kinds: Mapping[str, int] | None,
        submodules: Mapping[str, Mapping[str, int]],
        *,
        truncated: bool = False,
    ) -> None:
        from envknit import _core

        title = f"{module}.{path}" if path else module
        initialize(self, context, _core.Target.of_module(module, path), title)
        _set_names(self, _Names(module, path, kinds, submodules, truncated))

    def __getattribute__(self, name: str) -> Any:
        names = _names_of(self)
        found = names.found.get(name)
        return found if found is not None else _look_up(self, names, name)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(_unchangeable(self, name))

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(_unchangeable(self, name))

    def __dir__(self) -> list[str]:
        names = _names_of(self)
        known = set(_kinds(self, names))
        if names.truncated:
            known |= _describe(self).keys()
        return sorted(known)

    def __repr__(self) -> str:
        return f"<remote module {place_of(self)}>"

    __eq__ = equals
    __hash__ = hash_of


_names_of = ModuleProxy.__dict__["_names"].__get__
_set_names = ModuleProxy.__dict__["_names"].__set__
_context_of = NamedProxy.__dict__["_envknit_context"].__get__
_target_of = NamedProxy.__dict__["_envknit_target"].__get__

# help() looks past __getattribute__.
ModuleProxy.__doc__ = RemoteText(
    ModuleProxy.__doc__, lambda proxy: _look_up(proxy, _names_of(proxy), "__doc__")
)
refuse_pickling(ModuleProxy)


def _unchangeable(proxy: ModuleProxy, name: str) -> str:
    return (
        f"can't set or delete {name!r}: {proxy!r} lives in its worker, and is shared by everything "
        "there; call a function of it that does it, or change an object of your own"
    )


def _look_up(proxy: ModuleProxy, names: _Names, name: str) -> Any:
    if not is_asked_for(name, METADATA_DUNDERS):
        raise AttributeError(f"{proxy!r} has no attribute {name!r} here")
    context = _context_of(proxy)
    target = _target_of(proxy).child(name)
    kind = _kinds(proxy, names).get(name)
    made: object
    if kind in (_CLASS, _CALLABLE):
        make = ClassProxy if kind == _CLASS else CallProxy
        made = make(context, target, f"{names.module}.{names.path_to(name)}")
    elif kind == _MODULE and "." not in name:
        made = _submodule(context, names, name)
    else:
        value = context.fetch(target)
        if "." in name or not (isinstance(value, RemoteObject) and value._envknit_type.is_module):
            return value
        made = _submodule(context, names, name)
    names.found[name] = made
    return made


def _submodule(context: WorkerContext, names: _Names, name: str) -> ModuleProxy:
    path = names.path_to(name)
    kinds = names.submodules.get(path)
    return ModuleProxy(
        context, names.module, path, kinds, names.submodules, truncated=names.truncated
    )


def _kinds(proxy: ModuleProxy, names: _Names) -> Mapping[str, int]:
    """The kinds of the module's names; asks for those of a submodule that wasn't described."""
    if names.kinds is None:
        try:
            names.kinds = _describe(proxy)
        except RemoteError:
            # It is gone; what was asked for will say so.
            names.kinds = {}
    kinds: Mapping[str, int] = names.kinds
    return kinds


def _describe(proxy: ModuleProxy) -> Mapping[str, int]:
    """The kinds of the names that dir() of the module has over there."""
    kinds: Mapping[str, int] = _context_of(proxy).describe(_target_of(proxy))["names"]
    return kinds
