"""One more worker beside a first one, until it gave its first numpy result."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from row_kinds import Trial, TrialRow, WrongAnswerError
from worlds import CALLING
from worlds.envknit_world import EnvknitWorld

_Hypot = Callable[[float, float], Any]


def _timed(first: _Hypot, make: Callable[[], _Hypot]) -> Trial:
    first(3.0, 4.0)
    begin = time.perf_counter_ns()
    result = make()(3.0, 4.0)
    elapsed = time.perf_counter_ns() - begin
    if result != 5.0:
        raise WrongAnswerError(f"{result!s:.80}")
    return Trial(elapsed)


def _envknit(world: EnvknitWorld) -> Trial:
    return _timed(world.worker("numpy").hypot, lambda: world.copy(0).hypot)


def _calling(world: Any) -> Trial:
    others = []

    def make() -> _Hypot:
        others.append(world.another())
        hypot: _Hypot = others[-1].bind("numpy", "hypot")
        return hypot

    try:
        return _timed(world.bind("numpy", "hypot"), make)
    finally:
        for other in others:
            other.close()


ROW = TrialRow(
    title="second worker, numpy loaded",
    order=90,
    trials={"envknit": _envknit, **dict.fromkeys(CALLING, _calling)},
    absent={"in-process": "there are no workers"},
    note="no aim yet: it takes workers that are forked with their packages loaded.",
)
