"""Threads that share a batch of calls."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from row_kinds import WrongAnswerError

Call = Callable[[float, float], Any]


class Crew:
    """One thread for each of ``calls``; each makes its share, one call after the other.

    The threads live on: some libraries give each a connection of its own.
    Every thread has arguments of its own, so that an answer which went to the
    wrong one shows.
    """

    def __init__(self, calls: Sequence[Call]) -> None:
        self._calls = [
            (call, 3.0 * (index + 1), 4.0 * (index + 1), 5.0 * (index + 1))
            for index, call in enumerate(calls)
        ]
        # One executor a thread: so each call stays with its thread.
        self._threads = [ThreadPoolExecutor(1) for _ in calls]

    def __call__(self, total: int) -> None:
        """A batch of ``total`` calls of hypot; WrongAnswerError if one was not right."""
        share = total // len(self._calls)
        running = [
            thread.submit(_repeat, share, *call)
            for thread, call in zip(self._threads, self._calls, strict=True)
        ]
        for future in running:
            future.result()


def _repeat(count: int, call: Call, a: float, b: float, expected: float) -> None:
    for _ in range(count):
        result = call(a, b)
        if result != expected:
            raise WrongAnswerError(f"hypot({a}, {b}) gave {result!s:.60}")
