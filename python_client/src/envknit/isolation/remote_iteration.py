"""Iteration over remote objects, as a series of Next calls.

The worker is free between two of them. Iterators, and what has no length, are run one item
at a time and never ahead of the consumer; containers come in growing chunks.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, NoReturn

    from envknit.isolation.remote_object import RemoteObject
    from envknit.isolation.worker_context import WorkerContext

__all__ = [
    "contains",
    "iterate_container",
    "iterate_unsized",
    "itself",
    "next_item",
    "reverse_container",
]

_FIRST_CHUNK = 10
_LARGEST_CHUNK = 1000


class ChunkedIterator:
    """Iterates over a container in the worker; its iterator there is of no use to others.

    Dropping it releases the remote iterator.
    """

    __slots__ = ("_chunk", "_context", "_error", "_items", "_iterator")

    def __init__(
        self,
        context: WorkerContext,
        iterator: RemoteObject | None,
        items: Iterable[Any] = (),
        error: BaseException | None = None,
    ) -> None:
        self._context = context
        self._items = deque(items)
        # None when there is nothing more to ask for.
        self._iterator = iterator
        # What the iterator raised, for after the items.
        self._error = error
        self._chunk = 2 * _FIRST_CHUNK if items else _FIRST_CHUNK

    def __iter__(self) -> ChunkedIterator:
        return self

    def __next__(self) -> Any:
        while True:
            # In this order: another thread may be adding items.
            iterator = self._iterator
            if self._items:
                return self._items.popleft()
            if iterator is None:
                break
            self._fetch(iterator)
        error, self._error = self._error, None
        if error is not None:
            raise error
        raise StopIteration

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("can't pickle a remote iterator: it lives in a worker of this process")

    def _fetch(self, iterator: RemoteObject) -> None:
        items, done, _, _, error = self._context.next_items(
            iterator._envknit_handle, max_items=self._chunk
        )
        self._chunk = min(2 * self._chunk, _LARGEST_CHUNK)
        self._items.extend(items)
        if done or error is not None:
            self._error = error
            self._iterator = None


def iterate_container(self: RemoteObject) -> ChunkedIterator:
    """`__iter__` of what has a length: one call makes the iterator and takes the first items."""
    context = self._envknit_context
    items, _, iterator, _, error = context.next_items(
        self._envknit_handle, max_items=_FIRST_CHUNK, begin=True
    )
    if error is not None and not items:
        raise error
    return ChunkedIterator(context, iterator, items, error)


def iterate_unsized(self: RemoteObject) -> Any:
    """`__iter__` of what may never end: the remote iterator itself, nothing taken from it."""
    return self._envknit_context.call_function("builtins", "iter", (self,))


def reverse_container(self: RemoteObject) -> Any:
    """`__reversed__` of what has a length."""
    context = self._envknit_context
    iterator = context.call_function("builtins", "reversed", (self,))
    kind = getattr(type(iterator), "_envknit_type", None)
    return iterator if kind is None or not kind.iterator else ChunkedIterator(context, iterator)


def contains(self: RemoteObject, item: Any) -> Any:
    """`in` for what has no `__contains__`: the worker's Python iterates and compares."""
    return self._envknit_context.call_function("operator", "contains", (self, item))


def itself(self: RemoteObject) -> RemoteObject:
    """`__iter__` of iterators."""
    return self


def next_item(self: RemoteObject) -> Any:
    """`__next__` of iterators: one call, one item."""
    items, _, _, returned, error = self._envknit_context.next_items(
        self._envknit_handle, max_items=1
    )
    if items:
        return items[0]
    if error is not None:
        raise error
    # What a generator returned is the value of `yield from`.
    raise StopIteration(*(() if returned is None else (returned,)))
