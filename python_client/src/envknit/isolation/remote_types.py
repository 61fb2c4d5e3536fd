"""What is known of a type in a worker, sent once with its first object."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

__all__ = ["RemoteType"]

# Numbers of the enum Capability.
_SIZED = 1
_SUBSCRIPT = 3
_ITERABLE = 4
_ITERATOR = 5
_CALLABLE = 6
_CONTEXT_MANAGER = 9
_BUFFER = 10


class RemoteType:
    """The fields of a TypeInfo message. Immutable."""

    __slots__ = (
        *("buffer", "callable", "capabilities", "context_manager", "full_name", "is_class"),
        *("is_tuple", "iterable", "iterator", "known", "methods", "module", "mro", "name"),
        *("sized", "special_methods", "subscriptable"),
    )

    def __init__(self, info: Mapping[str, Any]) -> None:
        #: False if the message that described the type was lost: then nothing else holds.
        self.known = "name" in info
        self.module: str = info.get("module", "")
        self.name: str = info.get("name", "object")
        #: "module.qualname" of the type and its bases, in method resolution order.
        self.mro: tuple[str, ...] = info.get("mro", ())
        self.methods: frozenset[str] = info.get("methods", frozenset())
        self.special_methods: frozenset[str] = info.get("special_methods", frozenset())
        #: The object is a class itself; then name and mro are its own.
        self.is_class: bool = info.get("is_class", False)
        self.capabilities = capabilities = frozenset(info.get("capabilities", ()))
        self.sized = _SIZED in capabilities
        self.subscriptable = _SUBSCRIPT in capabilities
        self.iterable = _ITERABLE in capabilities
        self.iterator = _ITERATOR in capabilities
        self.context_manager = _CONTEXT_MANAGER in capabilities
        self.buffer = _BUFFER in capabilities
        self.callable = _CALLABLE in capabilities or self.is_class
        #: Of tuple or a subclass, which may come with its elements.
        self.is_tuple = "builtins.tuple" in self.mro and not self.is_class
        self.full_name = f"{self.module}.{self.name}" if self.module else self.name

    @property
    def is_module(self) -> bool:
        return self.name == "module" and self.module in ("", "builtins")
