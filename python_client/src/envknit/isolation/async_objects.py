"""Proxies for objects that stayed in their worker, for event loops."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envknit.errors import RemoteError
from envknit.isolation.async_proxies import AsyncProxy
from envknit.isolation.attribute_names import can_be_asked_for
from envknit.isolation.remote_object import RemoteObject
from envknit.isolation.special_methods import hash_of_object, same_object

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable
    from types import TracebackType
    from typing import Any, NoReturn

    from envknit import _core
    from envknit.isolation.async_context import AsyncWorkerContext
    from envknit.isolation.remote_types import RemoteType

__all__ = ["AsyncRemoteObject", "async_class"]

# Operators, and the functions of the worker that know both operands: the reflected
# methods need no thought here.
_BINARY = {
    **{name: ("operator", name) for name in ("add", "sub", "mul", "matmul", "truediv")},
    **{name: ("operator", name) for name in ("floordiv", "mod", "lshift", "rshift", "xor")},
    "and": ("operator", "and_"),
    "or": ("operator", "or_"),
    "pow": ("builtins", "pow"),
    "divmod": ("builtins", "divmod"),
}
_COMPARISONS = ("lt", "le", "gt", "ge", "eq", "ne")
_UNARY = {
    **{f"__{name}__": ("operator", name) for name in ("neg", "pos", "abs", "invert")},
    "__round__": ("builtins", "round"),
    "__reversed__": ("builtins", "reversed"),
    **{f"__{name}__": ("math", name) for name in ("trunc", "floor", "ceil")},
    "__getitem__": ("operator", "getitem"),
}
# Python wants their results at once: what does it instead, and as what it is to be written.
_AT_ONCE = {
    "__len__": ("builtins", "len", "await x.__len__()"),
    "__bool__": ("builtins", "bool", "await x.__bool__()"),
    "__int__": ("builtins", "int", "await x.__int__()"),
    "__float__": ("builtins", "float", "await x.__float__()"),
    "__complex__": ("builtins", "complex", "await x.__complex__()"),
    "__index__": ("operator", "index", "await x.__index__()"),
    "__contains__": ("operator", "contains", "await x.__contains__(item)"),
    "__setitem__": ("operator", "setitem", "await x.__setitem__(key, value)"),
    "__delitem__": ("operator", "delitem", "await x.__delitem__(key)"),
    "__iter__": ("builtins", "iter", "async for item in x"),
    "__next__": ("builtins", "next", "await x.__next__()"),
    "__hash__": ("builtins", "hash", "await x.__hash__()"),
}


class AsyncRemoteObject(RemoteObject):
    """An object in a worker, whose attributes, methods and operators are awaitable.

    Objects of it are made from replies, each of a subclass that has just the operators of
    the remote type.
    """

    __slots__ = ()

    _envknit_context: AsyncWorkerContext  # type: ignore[assignment]

    def __getattribute__(self, name: str) -> Any:
        if not name.startswith("_"):
            return _attribute(self, name)
        if name in _AT_ONCE and (name == "__bool__" or name in dir_of(self)):
            module, function, _ = _AT_ONCE[name]
            return _Written(self, module, function)
        return object.__getattribute__(self, name)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_envknit_"):
            raise AttributeError(name)
        if name.startswith("__") and name.endswith("__") and name not in _FETCHED_DUNDERS:
            raise AttributeError(f"{self!r} has no attribute {name!r} here")
        return _attribute(self, name)

    def __str__(self) -> str:
        return repr(self)

    def __format__(self, spec: str) -> str:
        if spec:
            raise TypeError(f"can't format {self!r} without waiting: format what you awaited")
        return repr(self)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NoReturn:
        raise TypeError(f"can't read {self!r} without waiting: `await x.tolist()` copies it")

    async def __aenter__(self) -> Any:
        return await self._envknit_context.call_method(self._envknit_handle, "__enter__", ())

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> Any:
        context, handle = self._envknit_context, self._envknit_handle
        told: tuple[Any, ...] = (None, None, None)
        if error is not None:
            told = (*await _remote_copy(context, error), None)
        return await context.call_method(handle, "__exit__", told)


class AsyncRemoteTuple(AsyncRemoteObject):
    """An object of a subclass of tuple: unpacked at once if its elements came with it."""

    __slots__ = ("_envknit_items",)

    def __init__(
        self, handle: _core.Handle, context: AsyncWorkerContext, items: tuple[Any, ...] = ()
    ) -> None:
        super().__init__(handle, context)  # type: ignore[arg-type]
        _set_items(self, items)


_set_items = AsyncRemoteTuple.__dict__["_envknit_items"].__set__
_items_of = AsyncRemoteTuple.__dict__["_envknit_items"].__get__

_FETCHED_DUNDERS = frozenset(("__name__", "__qualname__"))


def dir_of(remote: RemoteObject) -> frozenset[str]:
    """The special methods that the remote type has."""
    kind = type(remote)._envknit_type
    return kind.special_methods if kind.known else frozenset(_AT_ONCE)


class _Written:
    """`x.__len__`: what was written out is awaitable."""

    __slots__ = ("_function", "_module", "_remote")

    def __init__(self, remote: AsyncRemoteObject, module: str, function: str) -> None:
        self._remote = remote
        self._module = module
        self._function = function

    def __call__(self, *args: Any) -> asyncio.Future[Any]:
        context = self._remote._envknit_context
        return context.call_function(self._module, self._function, (self._remote, *args))


_classes: dict[type[RemoteObject], type[AsyncRemoteObject]] = {}


def async_class(kind: type[RemoteObject]) -> type[AsyncRemoteObject]:
    """The awaitable form of a proxy class."""
    known = _classes.get(kind)
    if known is None:
        namespace = _namespace(kind._envknit_type)
        namespace |= {"__slots__": (), "__module__": "envknit.remote"}
        namespace["_envknit_type"] = kind._envknit_type
        base = AsyncRemoteTuple if kind._envknit_type.is_tuple else AsyncRemoteObject
        known = _classes[kind] = type(kind.__name__, (base,), namespace)
    return known


def _namespace(kind: RemoteType) -> dict[str, Any]:
    if kind.is_class:
        advertised: frozenset[str] = frozenset()
    elif kind.known:
        advertised = kind.special_methods
    else:
        names = [*_BINARY, *_COMPARISONS, *(f"r{name}" for name in _BINARY)]
        advertised = frozenset((*_AT_ONCE, *_UNARY, *(f"__{name}__" for name in names)))
    namespace: dict[str, Any] = {}
    for name, (module, function) in _BINARY.items():
        if f"__{name}__" in advertised:
            namespace[f"__{name}__"] = _operator(module, function)
        if f"__r{name}__" in advertised:
            namespace[f"__r{name}__"] = _reflected(module, function)
    for name in _COMPARISONS:
        if f"__{name}__" in advertised:
            namespace[f"__{name}__"] = _operator("operator", name)
    for name, (module, function) in _UNARY.items():
        if name in advertised:
            namespace[name] = _operator(module, function)
    for name, (_, _, instead) in _AT_ONCE.items():
        if name in advertised:
            namespace[name] = _refusal(name, instead)
    if kind.is_tuple:
        namespace["__iter__"] = _elements
    if "__len__" in advertised:
        namespace["__len__"] = _length
        namespace.setdefault("__bool__", _refusal("__bool__", _AT_ONCE["__bool__"][2]))
    if kind.iterator or "__next__" in advertised:
        namespace["__aiter__"] = _itself
        namespace["__anext__"] = _next
    elif "__iter__" in advertised or "__getitem__" in advertised:
        namespace["__aiter__"] = _iterate
    if kind.callable or not kind.known:
        namespace["__call__"] = _call
    if "__eq__" not in namespace:
        namespace["__eq__"] = same_object
        namespace["__hash__"] = hash_of_object
    else:
        namespace.setdefault("__hash__", None)
    return namespace


def _attribute(remote: AsyncRemoteObject, name: str) -> AsyncProxy:
    from envknit import _core

    if not can_be_asked_for(name):
        raise AttributeError(f"{remote!r} has no attribute {name!r} here")
    title = f"{type(remote)._envknit_type.full_name}.{name}"
    target = _core.Target.of_handle(remote._envknit_handle, name)
    return AsyncProxy(remote._envknit_context, target, title)


def _operator(module: str, function: str) -> Callable[..., Any]:
    def method(self: AsyncRemoteObject, /, *operands: Any) -> asyncio.Future[Any]:
        return self._envknit_context.call_function(module, function, (self, *operands))

    return method


def _reflected(module: str, function: str) -> Callable[..., Any]:
    def method(self: AsyncRemoteObject, other: Any, /, *rest: Any) -> asyncio.Future[Any]:
        return self._envknit_context.call_function(module, function, (other, self, *rest))

    return method


def _refusal(name: str, instead: str) -> Callable[..., Any]:
    def method(self: AsyncRemoteObject, /, *args: Any) -> NoReturn:
        raise TypeError(f"{name} of {self!r} can't be awaited here: write `{instead}`")

    return method


def _length(self: AsyncRemoteObject) -> int:
    # An object that grows has another length by now; arrays and frames have not.
    known = self._envknit_handle.length
    if known is None:
        raise TypeError(f"len() of {self!r} can't be awaited: write `await x.__len__()`")
    return known


def _elements(self: AsyncRemoteTuple) -> Any:
    items = _items_of(self)
    if not items:
        raise TypeError(f"elements of {self!r} can't be awaited here: write `async for item in x`")
    return iter(items)


def _call(self: AsyncRemoteObject, /, *args: Any, **kwargs: Any) -> asyncio.Future[Any]:
    from envknit import _core

    target = _core.Target.of_handle(self._envknit_handle, "")
    return self._envknit_context.call(target, args, kwargs or None)


def _itself(self: AsyncRemoteObject) -> AsyncRemoteObject:
    return self


async def _next(self: AsyncRemoteObject) -> Any:
    try:
        return await self._envknit_context.call_function("builtins", "next", (self,))
    except RemoteError as error:
        if "builtins.StopIteration" not in error.remote_mro:
            raise
    raise StopAsyncIteration


async def _iterate(self: AsyncRemoteObject) -> Any:
    iterator = await self._envknit_context.call_function("builtins", "iter", (self,))
    async for item in iterator:
        yield item


async def _remote_copy(context: AsyncWorkerContext, error: BaseException) -> tuple[Any, Any]:
    """Class and instance in the worker for an exception of here."""
    from envknit import _core

    for kind in type(error).__mro__:
        if kind.__module__ != "builtins":
            continue
        there = await context.resolved(_core.Target.of_module("builtins", kind.__name__))
        try:
            return there, await there(str(error))
        except RemoteError:
            # Its constructor wants something else: the next base's may not.
            continue
    raise AssertionError("every exception has BaseException")
