"""Proxies that stand for a name in a worker, before anything was asked for."""

from __future__ import annotations

import copyreg
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any, NoReturn

    from envknit import _core
    from envknit.isolation.async_context import AsyncWorkerContext
    from envknit.isolation.remote_object import RemoteObject
    from envknit.isolation.worker_context import WorkerContext

__all__ = ["NamedProxy", "Unresolved", "equals", "hash_of", "refuse_pickling"]


class Unresolved(TypeError):  # noqa: N818 - reads as a state
    """A proxy that must be awaited stands where its object is needed.

    Who can await catches it, and resolves `proxy` first.
    """

    def __init__(self) -> None:
        super().__init__("a name of envknit.aworker() was not awaited: pass `await ...`")
        self.proxy: NamedProxy | None = None


class NamedProxy:
    """A target in a worker; passed as an argument it becomes the object that stands there."""

    __slots__ = (
        *("_envknit_context", "_envknit_hash", "_envknit_resolved", "_envknit_target"),
        "_envknit_title",
    )

    _envknit_context: WorkerContext
    _envknit_hash: tuple[RemoteObject, int] | None
    _envknit_target: _core.Target
    _envknit_title: str
    _envknit_resolved: RemoteObject | None

    def _envknit_resolve(self) -> RemoteObject:
        """The object itself; asked for once per worker."""
        context: WorkerContext = _context_of(self)
        known: RemoteObject | None = _resolved_of(self)
        current = context.session.current
        if known is not None and current is not None and known._envknit_handle.is_of(current):
            epoch = current.epoch
            if epoch in (0, known._envknit_handle.epoch):
                return known
        resolved = context.resolve(_target_of(self))
        _set_resolved(self, resolved)
        return resolved


_resolve = NamedProxy._envknit_resolve
_context_of = NamedProxy.__dict__["_envknit_context"].__get__
_title_of = NamedProxy.__dict__["_envknit_title"].__get__
_target_of = NamedProxy.__dict__["_envknit_target"].__get__
_hash_of = NamedProxy.__dict__["_envknit_hash"].__get__
_resolved_of = NamedProxy.__dict__["_envknit_resolved"].__get__
_set_hash = NamedProxy.__dict__["_envknit_hash"].__set__
_set_resolved = NamedProxy.__dict__["_envknit_resolved"].__set__
_set_context = NamedProxy.__dict__["_envknit_context"].__set__
_set_target = NamedProxy.__dict__["_envknit_target"].__set__
_set_title = NamedProxy.__dict__["_envknit_title"].__set__


def initialize(
    proxy: NamedProxy, context: WorkerContext | AsyncWorkerContext, target: _core.Target, title: str
) -> None:
    """Fills a proxy whose own attribute access leads to the worker."""
    _set_context(proxy, context)
    _set_target(proxy, target)
    _set_title(proxy, title)
    _set_resolved(proxy, None)
    _set_hash(proxy, None)


def place_of(proxy: NamedProxy) -> str:
    """Its name and where it lives, for its repr."""
    try:
        return f"{_title_of(proxy)} in {_context_of(proxy).title}"
    except AttributeError:
        return "name, half made"


def equals(proxy: Any, other: Any) -> Any:
    """`__eq__` of synchronous proxies: as the objects that they stand for compare.

    The same name of the same worker is equal without a call.
    """
    compare: Any = type(other).__eq__
    if compare is equals:
        if _context_of(proxy).session is not _context_of(other).session:
            return NotImplemented
        if _target_of(proxy).encoded == _target_of(other).encoded:
            return True
        return _resolve(proxy) == _resolve(other)
    # No name, or one that must be awaited.
    if not hasattr(type(other), "_envknit_type"):
        return NotImplemented
    if _context_of(proxy).session is not other._envknit_context.session:
        return NotImplemented
    return _resolve(proxy) == other


def hash_of(proxy: Any) -> int:
    """Fits `equals`: the hash of the object; asked for once per worker."""
    resolved = _resolve(proxy)
    known: tuple[RemoteObject, int] | None = _hash_of(proxy)
    if known is None or known[0] is not resolved:
        known = (resolved, hash(resolved))
        _set_hash(proxy, known)
    return known[1]


def handle_of(proxy: NamedProxy) -> _core.Handle:
    """For the codec: the handle of what a proxy stands for."""
    try:
        return _resolve(proxy)._envknit_handle
    except Unresolved as unresolved:
        unresolved.proxy = proxy
        raise


def refuse_pickling(kind: type) -> None:
    """Makes pickling objects of this class an error that says why."""

    def refuse(proxy: Any) -> NoReturn:
        raise TypeError(f"can't pickle {proxy!r}: it lives in a worker of this process")

    copyreg.pickle(kind, refuse)
