"""Which module of a version an object was defined in; `__module__` says only its name."""

from __future__ import annotations

from types import FunctionType, MethodType
from typing import TYPE_CHECKING, Any

from envknit.isolation.default_versions import all_homes
from envknit.isolation.versioned_loader import VersionedSpec

if TYPE_CHECKING:
    from types import ModuleType

__all__ = ["module_of"]


def module_of(thing: object) -> ModuleType | None:
    """The module of a function, method or class; None if it is none of a version's."""
    if isinstance(thing, type):
        return _module_of_class(thing)
    if isinstance(thing, MethodType):
        thing = thing.__func__
    return _module_of_function(thing) if isinstance(thing, FunctionType) else None


def _module_of_function(function: FunctionType) -> ModuleType | None:
    spec = function.__globals__.get("__spec__")
    if not isinstance(spec, VersionedSpec) or spec.name != function.__module__:
        return None
    return spec.store.modules.get(spec.name)


def _module_of_class(kind: type) -> ModuleType | None:
    for home in all_homes():
        module = home.modules.get(kind.__module__)
        if module is not None and _attribute(module, kind.__qualname__) is kind:
            return module
    # One that a function made, or that was replaced: its own methods know.
    for member in vars(kind).values():
        if isinstance(member, FunctionType) and member.__module__ == kind.__module__:
            return _module_of_function(member)
    return None


def _attribute(module: ModuleType, qualified_name: str) -> Any:
    found: Any = module
    try:
        for name in qualified_name.split("."):
            found = vars(found)[name]
    except (KeyError, TypeError):
        return None
    return found
