"""Proxies for objects that stayed in their worker."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envknit.isolation import copying, special_methods
from envknit.isolation.remote_types import RemoteType

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, NoReturn

    from envknit import _core
    from envknit.isolation.worker import WorkerContext

__all__ = ["RemoteObject", "make_class"]

# Metadata that functions and classes have, fetched from the worker.
_FETCHED_DUNDERS = frozenset(("__name__", "__qualname__"))


class RemoteObject:
    """An object in a worker: attributes, calls and operators run there.

    Objects of it are made from replies, each of a subclass that has just the operators of
    the remote type. `repr` is local; nothing else is known here but what came with the
    handle.
    """

    __slots__ = ("__weakref__", "_envknit_context", "_envknit_handle")

    _envknit_handle: _core.Handle
    _envknit_context: WorkerContext
    _envknit_type: RemoteType = RemoteType({})

    def __init__(self, handle: _core.Handle, context: WorkerContext) -> None:
        _set_handle(self, handle)
        _set_context(self, context)

    def __getattr__(self, name: str) -> Any:
        # Private names of ours never get here, unless the object is half made.
        if name in ("_envknit_handle", "_envknit_context"):
            raise AttributeError(name)
        if name.startswith("__") and name.endswith("__") and name not in _FETCHED_DUNDERS:
            raise AttributeError(f"{self!r} has no attribute {name!r} here")
        context = self._envknit_context
        if name in self._envknit_type.methods:
            return context.method(self, name)
        return context.fetch_attribute(self._envknit_handle, name)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(
            f"can't set {name!r}: {self!r} lives in its worker; call a method of it instead"
        )

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"can't delete {name!r}: {self!r} lives in its worker")

    def __dir__(self) -> list[str]:
        return sorted(self._envknit_type.methods | self._envknit_type.special_methods)

    def __repr__(self) -> str:
        handle, kind = self._envknit_handle, self._envknit_type
        what = f"class {kind.full_name}" if kind.is_class else kind.full_name
        if handle.shape is not None:
            what += f" shape={handle.shape} dtype={handle.typestr}"
        elif handle.length is not None:
            what += f" len={handle.length}"
        return f"<remote {what} in {self._envknit_context.title}>"

    def __format__(self, spec: str) -> str:
        if not spec:
            return repr(self)
        return str(self._envknit_context.call_method(self._envknit_handle, "__format__", (spec,)))

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError(f"can't pickle {self!r}: it lives in a worker of this process")

    def __instancecheck__(self, instance: object) -> bool:
        if not self._envknit_type.is_class:
            raise TypeError(f"isinstance() needs a class, not {self!r}")
        return isinstance(instance, RemoteObject) and is_instance(instance, self)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        """A local copy of a remote array, or of what the object's own `__array__` makes."""
        return copying.local_array(self, dtype, copy)

    def __deepcopy__(self, memo: object) -> Any:
        return copying.fetch(self)

    def _envknit_buffer(self) -> memoryview:
        """What `memoryview(self)` is a view of, if the remote type has the buffer protocol."""
        return copying.buffer_of(self)


_set_handle = RemoteObject.__dict__["_envknit_handle"].__set__
_set_context = RemoteObject.__dict__["_envknit_context"].__set__


def is_instance(instance: RemoteObject, kind: RemoteObject) -> bool:
    """Whether the remote object's class is `kind`, a remote class, or derived from it."""
    return (
        not instance._envknit_type.is_class
        and kind._envknit_type.mro[0] in instance._envknit_type.mro
    )


_classes: dict[tuple[object, ...], type[RemoteObject]] = {}


def make_class(info: Mapping[str, Any]) -> type[RemoteObject]:
    """The proxy class for a TypeInfo message, given by its fields' names."""
    kind = RemoteType(info)
    key = (
        *(kind.known, kind.full_name, kind.mro, kind.methods, kind.special_methods),
        *(kind.is_class, kind.callable, kind.iterator, kind.buffer),
    )
    known = _classes.get(key)
    if known is None:
        namespace = special_methods.namespace_for(kind)
        namespace |= {"__slots__": (), "__module__": "envknit.remote", "_envknit_type": kind}
        bases: tuple[type, ...] = (RemoteObject,)
        if kind.buffer and not kind.is_class:
            from envknit import _core

            bases = (RemoteObject, _core.BufferOwner)
        known = _classes[key] = type(kind.name.rpartition(".")[2], bases, namespace)
    return known
