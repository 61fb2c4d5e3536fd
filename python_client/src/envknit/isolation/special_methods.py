"""Operators of remote objects: each is one call of the object's own method."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envknit.errors import RemoteError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from envknit.isolation.remote_object import RemoteObject
    from envknit.isolation.remote_types import RemoteType

__all__ = ["namespace_for"]

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
        advertised = _BINARY | _PLAIN | {"__iter__", "__next__", "__hash__"}
    if kind.is_class:
        # Those are its instances'.
        advertised = ()
    namespace: dict[str, Any] = {}
    for name in advertised:
        if name in _BINARY:
            namespace[name] = _binary(name)
        elif name in _PLAIN:
            namespace[name] = _plain(name)
    if kind.iterator:
        namespace["__iter__"] = _itself
        namespace["__next__"] = _next
    elif "__iter__" in advertised:
        namespace["__iter__"] = _plain("__iter__")
        if "__next__" in advertised:
            namespace["__next__"] = _next
    if "builtins.tuple" in kind.mro and not kind.is_class:
        namespace["__iter__"] = _iterate_tuple
    if kind.callable or not kind.known:
        namespace["__call__"] = _call
    if kind.buffer and not kind.is_class:
        namespace["__bytes__"] = _bytes
    if "__eq__" in namespace:
        # The remote class says itself whether it can be hashed.
        namespace["__hash__"] = _plain("__hash__") if "__hash__" in advertised else None
    else:
        namespace["__eq__"] = _same_object
        namespace["__hash__"] = _hash_of_object
    return namespace


def _plain(name: str) -> Callable[..., Any]:
    def method(self: RemoteObject, /, *args: Any) -> Any:
        return self._envknit_context.call_method(self._envknit_handle, name, args)

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
            return NotImplemented
        kind = getattr(type(result), "_envknit_type", None)
        if kind is not None and kind.name == "NotImplementedType":
            return NotImplemented
        return result

    method.__name__ = name
    return method


def _call(self: RemoteObject, /, *args: Any, **kwargs: Any) -> Any:
    return self._envknit_context.call_object(self._envknit_handle, args, kwargs)


def _bytes(self: RemoteObject) -> bytes:
    return self._envknit_buffer().tobytes()


def _itself(self: RemoteObject) -> RemoteObject:
    return self


def _iterate_tuple(self: RemoteObject) -> Any:
    # A named tuple, say: its items in one reply, so that unpacking is not a call for each.
    return iter(self._envknit_context.call_function("builtins", "tuple", (self,)))


def _next(self: RemoteObject) -> Any:
    try:
        return self._envknit_context.call_method(self._envknit_handle, "__next__", ())
    except RemoteError as error:
        if "builtins.StopIteration" not in error.remote_mro:
            raise
        raise StopIteration(*error.args) from None


def _same_object(self: RemoteObject, other: Any) -> Any:
    # Identity, as Python's own default: of the objects, not of these proxies.
    if not hasattr(type(other), "_envknit_handle") or not hasattr(type(other), "_envknit_type"):
        return NotImplemented
    mine, theirs = self._envknit_handle, other._envknit_handle
    return (
        mine.object_id == theirs.object_id
        and mine.epoch == theirs.epoch
        and self._envknit_context.session is other._envknit_context.session
    )


def _hash_of_object(self: RemoteObject) -> int:
    return hash((self._envknit_handle.epoch, self._envknit_handle.object_id))
