"""Reads protobuf messages that are not on the hot path, from a server that is not trusted."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Message"]

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


class Message:
    """A message's fields by number.

    Fields that are missing, or have another type than the one asked for, read as protobuf's
    defaults; those nobody asks for don't matter. Of several the last one counts.

    Raises:
        ValueError: the bytes are no message.
    """

    def __init__(self, data: bytes) -> None:
        self._fields: dict[int, list[int | bytes]] = {}
        for number, value in _fields(data):
            self._fields.setdefault(number, []).append(value)

    def number(self, field: int) -> int:
        """An unsigned integer, a bool, or an enum."""
        return next((v for v in reversed(self._all(field)) if isinstance(v, int)), 0)

    def signed(self, field: int) -> int:
        """An int32 or int64."""
        value = self.number(field)
        return value - (1 << 64) if value >= 1 << 63 else value

    def text(self, field: int) -> str:
        """A string; what is not UTF-8 in it is replaced."""
        return self._bytes(field).decode("utf-8", "replace")

    def message(self, field: int) -> Message | None:
        """A message, None if it is absent."""
        return next(reversed(self.messages(field)), None)

    def messages(self, field: int) -> list[Message]:
        """All elements of a repeated message."""
        return [Message(value) for value in self._all(field) if isinstance(value, bytes)]

    def numbers_by_name(self, field: int) -> dict[str, int]:
        """A map from strings to integers."""
        return {entry.text(1): entry.number(2) for entry in self.messages(field)}

    def texts_by_name(self, field: int) -> dict[str, str]:
        """A map from strings to strings."""
        return {entry.text(1): entry.text(2) for entry in self.messages(field)}

    def seconds(self, field: int) -> float | None:
        """A google.protobuf.Timestamp or Duration in seconds, None if it is absent."""
        time = self.message(field)
        return None if time is None else time.signed(1) + time.signed(2) / 1e9

    def _all(self, field: int) -> list[int | bytes]:
        return self._fields.get(field, [])

    def _bytes(self, field: int) -> bytes:
        return next((v for v in reversed(self._all(field)) if isinstance(v, bytes)), b"")


def _fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    at = 0
    while at < len(data):
        tag, at = _read_varint(data, at)
        number, wire = tag >> 3, tag & 7
        if number == 0:
            raise ValueError("malformed message: field 0")
        if wire == _VARINT:
            value, at = _read_varint(data, at)
            yield number, value
            continue
        if wire == _BYTES:
            length, at = _read_varint(data, at)
        elif wire in (_FIXED64, _FIXED32):
            length = 8 if wire == _FIXED64 else 4
        else:
            raise ValueError(f"malformed message: wire type {wire}")
        if length > len(data) - at:
            raise ValueError("malformed message: it is cut off")
        if wire == _BYTES:
            yield number, data[at : at + length]
        at += length


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    """The number at `at`, and where it ends."""
    value = 0
    for index, byte in enumerate(data[at : at + 10]):
        value |= (byte & 0x7F) << 7 * index
        if byte < 0x80:
            return value & (1 << 64) - 1, at + index + 1
    raise ValueError("malformed message: a number has no end")
