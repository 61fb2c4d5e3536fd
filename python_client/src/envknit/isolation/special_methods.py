"""Operators of remote objects: each is one call of the object's own method."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envknit.errors import RemoteError
from envknit.isolation import remote_iteration, remote_tuple, remote_with

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from envknit.isolation.remote_object import RemoteObject
    from envknit.isolation.remote_types import RemoteType

__all__ = ["hash_of_object", "namespace_for", "same_object"]

_ARITHMETIC = (
    *("add", "sub", "mul", "matmul", "truediv", "floordiv", "mod", "divmod", "pow"),
    *("lshift", "rshift", "and", "xor", "or"),
)
# Answer NotImplemented when they can't take the other operand.
_BINARY = frozenset(
    (
        *(f"__{name}__" for name in _ARITHMETIC),
        *(f"__r{name}__" for name in _ARITHMETIC),
        *(f"__i{name}__" for name in _ARITHMETIC if name != "divmod"),
        *(f"__{name}__" for name in ("lt", "le", "eq", "ne", "gt", "ge")),
    )
)
_PLAIN = frozenset(
    (
        *("__len__", "__contains__", "__getitem__", "__setitem__", "__delitem__", "__reversed__"),
        *("__neg__", "__pos__", "__abs__", "__invert__"),
        *("__bool__", "__int__", "__float__", "__complex__", "__index__"),
        *("__round__", "__trunc__", "__floor__", "__ceil__", "__bytes__"),
    )
)


def namespace_for(kind: RemoteType) -> dict[str, Any]:
    """The special methods of the proxy class for a type."""
    advertised: Iterable[str] = kind.special_methods
    if not kind.known:
        # All of them: the worker knows which it has.
        advertised = _BINARY | _PLAIN | {"__hash__"}
    namespace: dict[str, Any] = {}
    for name in advertised:
        if name in _BINARY:
            namespace[name] = _binary(name)
        elif name in _PLAIN:
            namespace[name] = _plain(name)
        elif not name.startswith("__"):
            namespace[name] = _display(name)
    namespace |= _iteration(kind)
    if kind.is_tuple:
        namespace |= {
            "__iter__": remote_tuple.iterate,
            "__len__": remote_tuple.length,
            "__getitem__": remote_tuple.item,
        }
    if kind.context_manager or not kind.known:
        namespace |= {"__enter__": remote_with.enter, "__exit__": remote_with.leave}
    if kind.callable or not kind.known:
        namespace["__call__"] = _call
    if kind.buffer and not kind.is_class:
        namespace["__bytes__"] = _bytes
    if "__eq__" in namespace:
        # The remote class says itself whether it can be hashed.
        namespace["__hash__"] = _plain("__hash__") if "__hash__" in advertised else None
    else:
        namespace["__eq__"] = same_object
        namespace["__hash__"] = hash_of_object
    return namespace


def _iteration(kind: RemoteType) -> dict[str, Any]:
    if not kind.known:
        return {
            "__iter__": remote_iteration.iterate_unsized,
            "__next__": remote_iteration.next_item,
        }
    if kind.iterator:
        namespace: dict[str, Any] = {
            "__iter__": remote_iteration.itself,
            "__next__": remote_iteration.next_item,
        }
    elif not kind.iterable:
        return {}
    elif kind.sized:
        namespace = {"__iter__": remote_iteration.iterate_container}
    else:
        namespace = {"__iter__": remote_iteration.iterate_unsized}
    if "__contains__" not in kind.special_methods or kind.is_class:
        namespace["__contains__"] = remote_iteration.contains
    if kind.sized and ("__reversed__" in kind.special_methods or kind.subscriptable):
        namespace["__reversed__"] = remote_iteration.reverse_container
    return namespace


def _plain(name: str) -> Callable[..., Any]:
    def method(self: RemoteObject, /, *args: Any) -> Any:
        return self._envknit_context.call_method(self._envknit_handle, name, args)

    method.__name__ = name
    return method


def _display(name: str) -> Callable[..., Any]:
    # What notebooks ask an object for, such as `_repr_html_`.
    def method(self: RemoteObject, /, *args: Any, **kwargs: Any) -> Any:
        return self._envknit_context.method(self, name)(*args, **kwargs)

    method.__name__ = name
    return method


def _binary(name: str) -> Callable[..., Any]:
    def method(self: RemoteObject, other: Any, /, *rest: Any) -> Any:
        try:
            result = self._envknit_context.call_method(self._envknit_handle, name, (other, *rest))
        except RemoteError:
            raise
        except TypeError:
            # The operand can't cross to the worker; its own method may know more.
            return _unknown(name, self, other)
        return _unknown(name, self, other) if result is NotImplemented else result

    method.__name__ = name
    return method


def _unknown(name: str, self: RemoteObject, other: Any) -> Any:
    """What an operator answers that doesn't know: an object is itself all the same."""
    if name in ("__eq__", "__ne__") and same_object(self, other) is True:
        return name == "__eq__"
    return NotImplemented


def _call(self: RemoteObject, /, *args: Any, **kwargs: Any) -> Any:
    return self._envknit_context.call_object(self._envknit_handle, args, kwargs)


def _bytes(self: RemoteObject) -> bytes:
    return self._envknit_buffer().tobytes()


def same_object(self: RemoteObject, other: Any) -> Any:
    """Identity, as Python's own default: of the objects, not of these proxies."""
    if not hasattr(type(other), "_envknit_handle") or not hasattr(type(other), "_envknit_type"):
        return NotImplemented
    mine, theirs = self._envknit_handle, other._envknit_handle
    same = (
        mine.object_id == theirs.object_id
        and mine.epoch == theirs.epoch
        and self._envknit_context.session is other._envknit_context.session
    )
    # The other may know better, if it is another.
    return same or NotImplemented


def hash_of_object(self: RemoteObject) -> int:
    """Fits `same_object`."""
    return hash((self._envknit_handle.epoch, self._envknit_handle.object_id))
