"""Tuples of a worker with a class of their own (named tuples), which come with their elements."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from envknit.isolation.remote_object import RemoteTuple

__all__ = ["item", "iterate", "length"]


def iterate(remote: RemoteTuple) -> Iterator[Any]:
    """Over the elements, without asking the worker where they are known."""
    if remote._envknit_items:
        return iter(remote._envknit_items)
    # All in one reply, so that unpacking is not a call for each.
    return iter(remote._envknit_context.call_function("builtins", "tuple", (remote,)))


def length(remote: RemoteTuple) -> Any:
    """How many elements."""
    known = len(remote._envknit_items)
    return known or remote._envknit_context.call_method(remote._envknit_handle, "__len__", ())


def item(remote: RemoteTuple, index: Any) -> Any:
    """An element, or a slice."""
    if remote._envknit_items:
        return remote._envknit_items[index]
    return remote._envknit_context.call_method(remote._envknit_handle, "__getitem__", (index,))
