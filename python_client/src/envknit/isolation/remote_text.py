"""Texts that a proxy class has itself, and that its objects ask their worker for."""

from __future__ import annotations

from typing import TYPE_CHECKING, overload

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

__all__ = ["RemoteText"]


class RemoteText(str):
    """The value of `__doc__` or `__module__` in a proxy class's own dict.

    A class must have these as texts, and what stands in its dict is what a lookup on its
    objects finds, before any `__getattr__`; pydoc even looks with object.__getattribute__.
    """

    __slots__ = ("_fetch",)

    _fetch: Callable[[Any], Any]

    def __new__(cls, text: str | None, fetch: Callable[[Any], Any]) -> RemoteText:
        """The class's own text; `fetch(proxy)` answers for its objects."""
        self = super().__new__(cls, text or "")
        self._fetch = fetch
        return self

    @overload
    def __get__(self, instance: None, owner: type) -> RemoteText: ...
    @overload
    def __get__(self, instance: object, owner: type) -> Any: ...
    def __get__(self, instance: object, owner: type) -> Any:
        return self if instance is None else self._fetch(instance)
