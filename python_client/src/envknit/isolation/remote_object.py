"""Proxies for objects that stayed in their worker."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envknit.errors import EnvknitError
from envknit.isolation import copying, special_methods
from envknit.isolation.attribute_names import is_asked_for, is_assignable
from envknit.isolation.remote_text import RemoteText
from envknit.isolation.remote_types import RemoteType

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
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

    def __init__(
        self, handle: _core.Handle, context: WorkerContext, items: tuple[Any, ...] = ()
    ) -> None:
        """`items`: the elements that came with the handle; RemoteTuple keeps them."""
        _set_handle(self, handle)
        _set_context(self, context)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_envknit_"):
            # These are there, unless the object is half made.
            raise AttributeError(name)
        kind = self._envknit_type
        if name == "__signature__" and kind.callable:
            from envknit.isolation.remote_signature import signature_attribute

            return signature_attribute(self, self._envknit_context.describe(self._envknit_target()))
        if not is_asked_for(name, _FETCHED_DUNDERS):
            raise AttributeError(f"{self!r} has no attribute {name!r} here")
        context = self._envknit_context
        if name in kind.methods:
            return context.method(self, name)
        return context.fetch_attribute(self._envknit_handle, name)

    def __setattr__(self, name: str, value: object) -> None:
        self._envknit_check_change("set", name)
        self._envknit_context.set_attribute(self._envknit_target(), name, value)

    def __delattr__(self, name: str) -> None:
        self._envknit_check_change("delete", name)
        self._envknit_context.delete_attribute(self._envknit_target(), name)

    def __dir__(self) -> list[str]:
        kind = self._envknit_type
        own = self._envknit_context.describe(self._envknit_target())["names"]
        return sorted({*kind.methods, *kind.special_methods, *own})

    def __repr__(self) -> str:
        kind = self._envknit_type
        what = f"class {kind.full_name}" if kind.is_class else kind.full_name
        try:
            handle, context = self._envknit_handle, self._envknit_context
        except AttributeError:
            return f"<remote {what}, half made>"
        if handle.shape is not None:
            what += f" shape={handle.shape} dtype={handle.typestr}"
        elif handle.length is not None:
            what += f" len={handle.length}"
        gone = "" if self._envknit_is_held() else ", which is gone"
        return f"<remote {what} in {context.title}{gone}>"

    def __str__(self) -> str:
        """What the worker's str() makes of it; of a class, and of what is gone, the repr."""
        if self._envknit_type.is_class:
            return repr(self)
        try:
            text = self._envknit_context.call_function("builtins", "str", (self,))
            return str(copying.fetch(text))
        except EnvknitError:
            return repr(self)

    def _envknit_is_held(self) -> bool:
        """Whether, as far as is known here, its worker is still the session's."""
        handle = self._envknit_handle
        current = self._envknit_context.session.current
        return (
            current is not None
            and not current.ended
            and handle.is_of(current)
            and current.epoch in (0, handle.epoch)
        )

    def _envknit_target(self) -> _core.Target:
        from envknit import _core

        return _core.Target.of_handle(self._envknit_handle, "")

    def _envknit_check_change(self, what: str, name: str) -> None:
        if self._envknit_type.is_module:
            raise AttributeError(f"can't {what} {name!r}: modules are shared in their worker")
        if not is_assignable(name):
            raise AttributeError(f"can't {what} {name!r} of {self!r}")

    def __format__(self, spec: str) -> str:
        if not spec:
            return str(self)
        return str(self._envknit_context.call_method(self._envknit_handle, "__format__", (spec,)))

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError(f"can't pickle {self!r}: it lives in a worker of this process")

    def __instancecheck__(self, instance: object) -> bool:
        return is_instance(instance, self)

    def __subclasscheck__(self, subclass: object) -> bool:
        return is_subclass(subclass, self)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        """A local copy of a remote array, or of what the object's own `__array__` makes."""
        return copying.local_array(self, dtype, copy)

    def __deepcopy__(self, memo: object) -> Any:
        return copying.fetch(self)

    def _envknit_buffer(self) -> memoryview:
        """What `memoryview(self)` is a view of, if the remote type has the buffer protocol."""
        return copying.buffer_of(self)


class RemoteTuple(RemoteObject):
    """An object of a subclass of tuple, such as a named tuple.

    If its class iterates as tuple does and it is short, its elements came with the handle;
    `_envknit_items` is empty otherwise. What asks for nothing else asks no worker.
    """

    __slots__ = ("_envknit_items",)

    _envknit_items: tuple[Any, ...]

    def __init__(
        self, handle: _core.Handle, context: WorkerContext, items: tuple[Any, ...] = ()
    ) -> None:
        super().__init__(handle, context)
        _set_items(self, items)


_set_items = RemoteTuple.__dict__["_envknit_items"].__set__
_set_handle = RemoteObject.__dict__["_envknit_handle"].__set__
_set_context = RemoteObject.__dict__["_envknit_context"].__set__


def is_instance(instance: object, kind: RemoteObject) -> bool:
    """Whether a remote object's class is `kind`, a remote class, or derived from it."""
    if not kind._envknit_type.is_class:
        raise TypeError(f"isinstance() needs a class, not {kind!r}")
    if not isinstance(instance, RemoteObject) or instance._envknit_type.is_class:
        return False
    return kind._envknit_type.mro[0] in instance._envknit_type.mro


def is_subclass(subclass: object, kind: RemoteObject) -> bool:
    """Whether a remote class is `kind`, a remote class, or derived from it."""
    if not kind._envknit_type.is_class:
        raise TypeError(f"issubclass() needs a class, not {kind!r}")
    resolve = getattr(type(subclass), "_envknit_resolve", None)
    known = subclass if resolve is None else resolve(subclass)
    if isinstance(known, RemoteObject) and known._envknit_type.is_class:
        return kind._envknit_type.mro[0] in known._envknit_type.mro
    if isinstance(known, type):
        return False
    raise TypeError(f"issubclass() needs a class, not {subclass!r}")


def _fetcher(name: str) -> Callable[[RemoteObject], Any]:
    return lambda remote: remote._envknit_context.fetch_attribute(remote._envknit_handle, name)


_fetch_doc = _fetcher("__doc__")
_fetch_module = _fetcher("__module__")

_classes: dict[tuple[object, ...], type[RemoteObject]] = {}


def make_class(info: Mapping[str, Any]) -> type[RemoteObject]:
    """The proxy class for a TypeInfo message, given by its fields' names."""
    kind = RemoteType(info)
    key = (
        *(kind.known, kind.full_name, kind.mro, kind.methods, kind.special_methods),
        *(kind.is_class, kind.capabilities),
    )
    known = _classes.get(key)
    if known is None:
        namespace = special_methods.namespace_for(kind)
        namespace |= {
            "__slots__": (),
            "__module__": RemoteText("envknit.remote", _fetch_module),
            "__doc__": RemoteText(RemoteObject.__doc__, _fetch_doc),
            "_envknit_type": kind,
        }
        bases: tuple[type, ...] = (RemoteTuple if kind.is_tuple else RemoteObject,)
        if kind.buffer and not kind.is_class:
            from envknit import _core

            bases = (*bases, _core.BufferOwner)
        # Any text can be a remote class's name.
        name = kind.name.rpartition(".")[2].replace("\0", "?")
        # Threads may make it at the same time; one of theirs is everybody's.
        known = _classes.setdefault(key, type(name, bases, namespace))
    return known
