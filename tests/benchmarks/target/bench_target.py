"""What benchmark rows call inside a worker when numpy has no such function."""

from __future__ import annotations

from typing import TypeVar

_T = TypeVar("_T")


def same(value: _T) -> _T:
    """Returns its argument: what is timed is the way there and back."""
    return value
