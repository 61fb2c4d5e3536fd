"""From a worker's sudden end in a call to the next right answer, numpy loaded again."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from row_kinds import Trial, TrialRow, WrongAnswerError
from worlds import CALLING
from worlds.envknit_world import EnvknitWorld

_GIVE_UP_S = 20.0
_Hypot = Callable[[float, float], Any]


def _trial(hypot: _Hypot, crash: Callable[[], object], reopen: Callable[[], _Hypot]) -> Trial:
    hypot(3.0, 4.0)
    begin = time.perf_counter_ns()
    try:
        crash()
        raise WrongAnswerError("the crash was not noticed")
    except WrongAnswerError:
        raise
    except Exception:
        pass
    how = "by itself"
    while True:
        try:
            if how == "by hand":
                hypot = reopen()
            result = hypot(3.0, 4.0)
            break
        except Exception:
            if time.perf_counter_ns() - begin > _GIVE_UP_S * 1e9:
                raise
            how = "by hand"
    elapsed = time.perf_counter_ns() - begin
    if result != 5.0:
        raise WrongAnswerError(f"{result!s:.80}")
    return Trial(elapsed, {"how": how})


def _envknit(world: EnvknitWorld) -> Trial:
    target = world.worker("bench_target")
    return _trial(target.hypot, target.end_process, lambda: world.reopened("bench_target").hypot)


def _calling(world: Any) -> Trial:
    others = []

    def reopen() -> _Hypot:
        others.append(world.another())
        hypot: _Hypot = others[-1].bind("bench_target", "hypot")
        return hypot

    try:
        return _trial(
            world.bind("bench_target", "hypot"),
            lambda: world.call("bench_target", "end_process", ()),
            reopen,
        )
    finally:
        for other in others:
            other.close()


ROW = TrialRow(
    title="crash to next good call",
    order=140,
    trials={"envknit": _envknit, **dict.fromkeys(CALLING, _calling)},
    absent={"in-process": "a crash is the end"},
    note="no aim yet: it takes workers that are forked with their packages loaded.",
)
