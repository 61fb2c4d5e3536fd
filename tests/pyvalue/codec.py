"""Short names for the codec in the tests."""

from __future__ import annotations

from typing import Any

import _pyvalue_test as native
from protocol import message

LIMITS = native.Limits()
Limits = native.Limits


def unwrap(field: bytes) -> bytes:
    """The content of the one length-delimited field 1 the test module writes."""
    assert field[0] == 0x0A
    length = shift = 0
    at = 1
    while True:
        length |= (field[at] & 0x7F) << shift
        shift += 7
        at += 1
        if field[at - 1] < 0x80:
            break
    assert len(field) == at + length
    return field[at:]


def encode(value: Any, mode: str = "argument", handles: Any = None, limits: Any = LIMITS) -> bytes:
    return unwrap(native.encode(limits, value, mode, handles))


def decode(
    data: bytes,
    handles: Any = None,
    *,
    numpy: bool = False,
    callables: bool = False,
    limits: Any = LIMITS,
) -> Any:
    return native.decode(limits, data, handles, numpy, callables)


def parse(data: bytes) -> Any:
    """The Value that protobuf reads."""
    return message("Value").FromString(data)


def canonical(value: Any) -> str:
    """A text that is equal for values equal in type, content, order and sign."""
    name = type(value).__name__
    if isinstance(value, float):
        return f"{name} {value.hex()}"
    if isinstance(value, complex):
        return f"{name} {value.real.hex()} {value.imag.hex()}"
    if isinstance(value, (list, tuple)):
        return f"{name}({', '.join(map(canonical, value))})"
    if isinstance(value, (set, frozenset)):
        return f"{name}({', '.join(sorted(map(canonical, value)))})"
    if isinstance(value, dict):
        return f"{name}({', '.join(canonical(pair) for pair in value.items())})"
    if isinstance(value, slice):
        return f"{name}{canonical((value.start, value.stop, value.step))}"
    return f"{name} {value!r}"


def same(a: Any, b: Any) -> bool:
    return canonical(a) == canonical(b)
