"""What one more worker with numpy adds to the memory of everything below the client."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from memory import descendants, proportional_bytes
from row_kinds import MEMORY, Trial, TrialRow, WrongAnswerError
from worlds import CALLING
from worlds.envknit_world import EnvknitWorld

_EXTRA = 3
_Hypot = Callable[[float, float], Any]


def _measured(first: _Hypot, make: Callable[[int], _Hypot]) -> Trial:
    first(3.0, 4.0)
    before = proportional_bytes(descendants(os.getpid()))
    for index in range(_EXTRA):
        result = make(index)(3.0, 4.0)
        if result != 5.0:
            raise WrongAnswerError(f"{result!s:.80}")
    after = proportional_bytes(descendants(os.getpid()))
    return Trial((after - before) / _EXTRA)


def _envknit(world: EnvknitWorld) -> Trial:
    return _measured(world.worker("numpy").hypot, lambda index: world.copy(index).hypot)


def _calling(world: Any) -> Trial:
    others = []

    def make(_: int) -> _Hypot:
        others.append(world.another())
        hypot: _Hypot = others[-1].bind("numpy", "hypot")
        return hypot

    try:
        return _measured(world.bind("numpy", "hypot"), make)
    finally:
        for other in others:
            other.close()


ROW = TrialRow(
    title="memory per extra numpy worker (PSS)",
    order=120,
    unit=MEMORY,
    trials={"envknit": _envknit, **dict.fromkeys(CALLING, _calling)},
    absent={"in-process": "there are no workers"},
    note="workers and the processes that serve them, client left out; no aim yet: it takes"
    " workers that are forked with their packages loaded.",
)
