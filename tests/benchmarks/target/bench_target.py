"""What benchmark rows call inside a worker when numpy has no such function.

numpy stands beside it, and is loaded by those functions that use it.
"""

from __future__ import annotations

import functools
import os
import time
from typing import Any, TypeVar

_T = TypeVar("_T")


def same(value: _T) -> _T:
    """Returns its argument: what is timed is the way there and back."""
    return value


def records(count: int) -> list[dict[str, Any]]:
    """``count`` dicts of five fields, made anew as a query would."""
    return [
        {
            "id": i,
            "name": f"name {i}",
            "score": i * 0.5,
            "active": i % 3 == 0,
            "group": f"group {i % 16}",
        }
        for i in range(count)
    ]


@functools.cache
def array(count: int) -> Any:
    """The numbers below ``count`` as an array of doubles, the same one each time."""
    import numpy

    return numpy.arange(count, dtype=numpy.float64)


def array_bytes(count: int) -> bytes:
    """What :func:`array` holds, for those that carry bytes and no arrays."""
    data: bytes = array(count).tobytes()
    return data


def ends(values: Any) -> tuple[int, float, float]:
    """Size, first and last of an array: reads next to nothing of it."""
    return (values.nbytes, float(values[0]), float(values[-1]))


def ends_of_bytes(data: bytes) -> tuple[int, float, float]:
    """:func:`ends` for those that carry bytes and no arrays."""
    import numpy

    return ends(numpy.frombuffer(data))


def hypot(a: float, b: float) -> float:
    """numpy's, where more than numpy is needed in the worker."""
    import numpy

    return float(numpy.hypot(a, b))


def sleep_then_mark(seconds: float, path: str) -> str:
    """Sleeps, then makes the file: it is there if nobody stopped the work."""
    time.sleep(seconds)
    with open(path, "w", encoding="utf-8"):
        return "slept"


def end_process() -> None:
    """A crash."""
    os._exit(3)
