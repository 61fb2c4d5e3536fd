"""Names and modules of a worker, for event loops."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envknit.isolation.attribute_names import CALLABLE_DUNDERS, can_be_asked_for, is_dunder
from envknit.isolation.named_proxy import NamedProxy, initialize, refuse_pickling
from envknit.isolation.remote_object import RemoteObject, is_instance

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Generator, Mapping
    from typing import Any, NoReturn

    from envknit import _core
    from envknit.isolation.async_context import AsyncWorkerContext

__all__ = ["AsyncProxy"]

# What isinstance() and event loops look at.
_LOCAL_DUNDERS = frozenset(("__class__", "__await__"))
# Number of the enum NameKind for data; the others are modules and what can be called.
_KNOWN_KINDS = frozenset((1, 2, 3))


class AsyncProxy(NamedProxy):
    """A name in a worker: a module, or something that a dotted path leads to.

    Nothing is asked for it: `await np.pi` fetches what stands there, `await np.zeros(3)`
    calls it, `np.linalg.norm` goes on to a longer path; each await is one round trip.
    """

    __slots__ = ("__weakref__", "_found", "_kinds", "_path", "_submodules")

    _found: dict[str, AsyncProxy]
    _kinds: Mapping[str, int]
    _path: str
    _submodules: Mapping[str, Mapping[str, int]]

    def __init__(
        self, context: AsyncWorkerContext, target: _core.Target, title: str, path: str = ""
    ) -> None:
        """`path`: from the module to this name, which may be a submodule."""
        initialize(self, context, target, title)
        _set_path(self, path)
        _set_found(self, {})
        _set_kinds(self, {})
        _set_submodules(self, {})

    @classmethod
    def of_module(
        cls, context: AsyncWorkerContext, module: str, description: Mapping[str, Any]
    ) -> AsyncProxy:
        """A module, from its description."""
        from envknit import _core

        proxy = cls(context, _core.Target.of_module(module, ""), module)
        _set_kinds(proxy, description["names"])
        _set_submodules(proxy, description["submodules"])
        return proxy

    def __call__(self, /, *args: Any, **kwargs: Any) -> asyncio.Future[Any]:
        context: AsyncWorkerContext = _context_of(self)
        return context.call(_target_of(self), args, kwargs or None)

    def __await__(self) -> Generator[Any, None, Any]:
        context: AsyncWorkerContext = _context_of(self)
        return context.fetch(_target_of(self)).__await__()

    def __getattribute__(self, name: str) -> Any:
        found = _found_of(self).get(name)
        return found if found is not None else _look_up(self, name)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"can't set {name!r}: {self!r} lives in its worker")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"can't delete {name!r}: {self!r} lives in its worker")

    def __dir__(self) -> list[str]:
        return sorted(_kinds_of(self))

    def __repr__(self) -> str:
        return f"<awaitable remote {_title_of(self)} in {_context_of(self).title}>"

    def __iter__(self) -> NoReturn:
        raise TypeError(f"can't iterate over {self!r}: `async for x in await {_title_of(self)}`")

    def __instancecheck__(self, instance: object) -> bool:
        kind = _resolved_of(self)
        if kind is None:
            title = _title_of(self)
            raise TypeError(f"isinstance() can't wait: write isinstance(x, await {title})")
        return isinstance(instance, RemoteObject) and is_instance(instance, kind)

    async def _envknit_ask(self) -> None:
        """Resolves it, so that it can be an argument."""
        context: AsyncWorkerContext = _context_of(self)
        _set_resolved(self, await context.resolved(_target_of(self)))


_context_of = NamedProxy.__dict__["_envknit_context"].__get__
_target_of = NamedProxy.__dict__["_envknit_target"].__get__
_title_of = NamedProxy.__dict__["_envknit_title"].__get__
_resolved_of = NamedProxy.__dict__["_envknit_resolved"].__get__
_set_resolved = NamedProxy.__dict__["_envknit_resolved"].__set__
_found_of = AsyncProxy.__dict__["_found"].__get__
_kinds_of = AsyncProxy.__dict__["_kinds"].__get__
_path_of = AsyncProxy.__dict__["_path"].__get__
_submodules_of = AsyncProxy.__dict__["_submodules"].__get__
_set_found = AsyncProxy.__dict__["_found"].__set__
_set_kinds = AsyncProxy.__dict__["_kinds"].__set__
_set_path = AsyncProxy.__dict__["_path"].__set__
_set_submodules = AsyncProxy.__dict__["_submodules"].__set__

refuse_pickling(AsyncProxy)


def _look_up(proxy: AsyncProxy, name: str) -> Any:
    if name.startswith("_envknit_") or name in _LOCAL_DUNDERS:
        return object.__getattribute__(proxy, name)
    local = is_dunder(name) and name not in CALLABLE_DUNDERS
    if local or not can_be_asked_for(name):
        raise AttributeError(f"{proxy!r} has no attribute {name!r} here")
    path = _path_of(proxy)
    longer = f"{path}.{name}" if path else name
    target = _target_of(proxy).child(name)
    made = AsyncProxy(_context_of(proxy), target, f"{_title_of(proxy)}.{name}", longer)
    if _kinds_of(proxy).get(name) in _KNOWN_KINDS:
        submodules = _submodules_of(proxy)
        _set_kinds(made, submodules.get(longer, {}))
        _set_submodules(made, submodules)
        # Data may change: never resolved once for all.
        _found_of(proxy)[name] = made
    return made
