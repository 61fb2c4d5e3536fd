"""Callables of a worker."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envknit.isolation.attribute_names import CALLABLE_DUNDERS, is_asked_for, is_assignable
from envknit.isolation.named_proxy import (
    NamedProxy,
    equals,
    hash_of,
    initialize,
    place_of,
    refuse_pickling,
)
from envknit.isolation.remote_object import is_instance, is_subclass
from envknit.isolation.remote_text import RemoteText

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from envknit import _core
    from envknit.isolation.worker_context import WorkerContext

__all__ = ["CallProxy", "ClassProxy"]


class CallProxy(NamedProxy):
    """A callable attribute, such as `np.zeros`: calling it is the call, one round trip.

    Nothing is fetched for it. Its documentation and its signature are asked for when they
    are looked at; its other attributes (`np.add.reduce`) ask the worker once for what it is.
    """

    __slots__ = ("__weakref__",)

    def __init__(self, context: WorkerContext, target: _core.Target, title: str) -> None:
        initialize(self, context, target, title)

    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        return self._envknit_context.call(self._envknit_target, args, kwargs or None)

    def __get__(self, instance: object, owner: type | None = None) -> CallProxy:
        # As builtin functions do it: what has a __get__ is a routine for inspect and pydoc.
        return self

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_envknit_"):
            # These are there, unless the object is half made.
            raise AttributeError(name)
        if name == "__signature__":
            from envknit.isolation.remote_signature import signature_attribute

            return signature_attribute(self, self._envknit_context.describe(self._envknit_target))
        if not is_asked_for(name, CALLABLE_DUNDERS):
            raise AttributeError(f"{self!r} has no attribute {name!r} here")
        context = self._envknit_context
        if name in CALLABLE_DUNDERS:
            return context.fetch(self._envknit_target.child(name))
        remote = self._envknit_resolve()
        if name in remote._envknit_type.methods:
            return context.method(remote, name)
        return context.fetch_attribute(remote._envknit_handle, name)

    def __setattr__(self, name: str, value: object) -> None:
        if not is_assignable(name):
            raise AttributeError(f"can't set {name!r} of {self!r}")
        self._envknit_context.set_attribute(self._envknit_target, name, value)

    def __delattr__(self, name: str) -> None:
        if not is_assignable(name):
            raise AttributeError(f"can't delete {name!r} of {self!r}")
        self._envknit_context.delete_attribute(self._envknit_target, name)

    def __dir__(self) -> list[str]:
        description = self._envknit_context.describe(self._envknit_target)
        own = ("__call__", "__doc__", "__module__", "__name__", "__qualname__")
        return sorted({*description["names"], *own})

    def __repr__(self) -> str:
        return f"<remote callable {place_of(self)}>"

    __eq__ = equals
    __hash__ = hash_of

    def __instancecheck__(self, instance: object) -> bool:
        return is_instance(instance, self._envknit_resolve())

    def __subclasscheck__(self, subclass: object) -> bool:
        return is_subclass(subclass, self._envknit_resolve())


class ClassProxy(CallProxy):
    """A class of a module, such as `np.ndarray`.

    What its metaclass makes of it works, too: an Enum is iterated and indexed.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<remote class {place_of(self)}>"

    def _envknit_object(self) -> Any:
        # Its type has what the metaclass has, and nothing else.
        return self._envknit_resolve()

    def __bool__(self) -> bool:
        return True

    def __len__(self) -> int:
        return len(self._envknit_object())

    def __iter__(self) -> Iterator[Any]:
        return iter(self._envknit_object())

    def __reversed__(self) -> Any:
        return reversed(self._envknit_object())

    def __contains__(self, item: object) -> bool:
        return item in self._envknit_object()

    def __getitem__(self, key: object) -> Any:
        return self._envknit_object()[key]


for _kind in (CallProxy, ClassProxy):
    _kind.__doc__ = RemoteText(_kind.__doc__, lambda proxy: proxy.__getattr__("__doc__"))
    _kind.__module__ = RemoteText(_kind.__module__, lambda proxy: proxy.__getattr__("__module__"))
    refuse_pickling(_kind)
