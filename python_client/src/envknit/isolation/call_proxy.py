"""Callables of a worker."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envknit.isolation.named_proxy import (
    METADATA_DUNDERS,
    NamedProxy,
    initialize,
    refuse_pickling,
)
from envknit.isolation.remote_object import RemoteObject, is_instance

if TYPE_CHECKING:
    from typing import Any, NoReturn

    from envknit import _core
    from envknit.isolation.worker_context import WorkerContext

__all__ = ["CallProxy"]

_FETCHED_DUNDERS = METADATA_DUNDERS | {"__qualname__", "__module__"}


class CallProxy(NamedProxy):
    """A callable attribute, such as `np.zeros`: calling it is the call, one round trip.

    Nothing is fetched for it. Its own attributes (`np.add.reduce`, `DataFrame.from_dict`)
    ask the worker once for what it is.
    """

    __slots__ = ("__weakref__",)

    def __init__(self, context: WorkerContext, target: _core.Target, title: str) -> None:
        initialize(self, context, target, title)

    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        return self._envknit_context.call(self._envknit_target, args, kwargs or None)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name.endswith("__") and name not in _FETCHED_DUNDERS:
            raise AttributeError(f"{self!r} has no attribute {name!r} here")
        remote = self._envknit_resolve()
        if name in remote._envknit_type.methods:
            return self._envknit_context.method(remote, name)
        return self._envknit_context.fetch_attribute(remote._envknit_handle, name)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"can't set {name!r}: {self!r} lives in its worker")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"can't delete {name!r}: {self!r} lives in its worker")

    def __dir__(self) -> list[str]:
        return sorted(self._envknit_resolve()._envknit_type.methods)

    def __repr__(self) -> str:
        return f"<remote callable {self._envknit_title} in {self._envknit_context.title}>"

    def __instancecheck__(self, instance: object) -> bool:
        kind = self._envknit_resolve()
        if not kind._envknit_type.is_class:
            raise TypeError(f"isinstance() needs a class, not {self!r}")
        return isinstance(instance, RemoteObject) and is_instance(instance, kind)


refuse_pickling(CallProxy)
