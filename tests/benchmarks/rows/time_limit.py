"""A call that sleeps past its limit of 0.5 s: when the client hears, and what becomes of it."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from row_kinds import Aim, Trial, TrialRow
from worlds.envknit_world import EnvknitWorld

_LIMIT_S = 0.5
_SLEEP_S = 0.9
# When whoever sleeps on has made the file for certain.
_LOOK_S = _SLEEP_S + 0.6
_NUMBER = 42


def _trial(sleep: Callable[[float, str], object], next_call: Callable[[], object]) -> Trial:
    """``sleep`` has the limit; ``next_call`` is the call after it, ``same(42)``."""
    with tempfile.TemporaryDirectory() as folder:
        mark = Path(folder) / "slept"
        begin = time.perf_counter_ns()
        try:
            sleep(_SLEEP_S, str(mark))
        except Exception as error:
            # What a library raises for it differs; that it is a limit doesn't.
            if not isinstance(error, TimeoutError) and "imeout" not in type(error).__name__:
                raise
        late = time.perf_counter_ns() - begin - _LIMIT_S * 1e9
        following = _right_or_not(next_call)
        time.sleep(max(0.0, _LOOK_S - (time.perf_counter_ns() - begin) / 1e9))
        stopped = "no" if mark.exists() else "yes"
    return Trial(late, {"stopped": stopped, "next call": following})


def _right_or_not(next_call: Callable[[], object]) -> str:
    try:
        return "right" if next_call() == _NUMBER else "wrong"
    except Exception as error:
        return type(error).__name__


def _envknit(world: EnvknitWorld) -> Trial:
    target = world.limited("bench_target", _LIMIT_S)
    same = target.same
    same(0)
    return _trial(target.sleep_then_mark, lambda: same(_NUMBER))


def _rpyc(world: Any) -> Trial:
    world.call("bench_target", "same", (0,))
    sleep = world.bind_async("bench_target", "sleep_then_mark")

    def limited(seconds: float, path: str) -> object:
        result = sleep(seconds, path)
        result.set_expiry(_LIMIT_S)
        return result.value

    return _trial(limited, lambda: world.call("bench_target", "same", (_NUMBER,)))


def _execnet(world: Any) -> Trial:
    world.call("bench_target", "same", (0,))

    def limited(seconds: float, path: str) -> object:
        world.channel.send(("bench_target", "sleep_then_mark", (seconds, path)))
        return world.channel.receive(_LIMIT_S)

    # The old channel would give the old answer: a careful user opens another.
    return _trial(limited, lambda: world.lane().call("bench_target", "same", (_NUMBER,)))


ROW = TrialRow(
    title="time limit 0.5 s: late by / stopped / next call",
    order=130,
    aim=Aim(factor=5e6, of="", facts={"stopped": "yes", "next call": "right"}),
    floor="",
    trials={"envknit": _envknit, "rpyc": _rpyc, "execnet": _execnet},
    absent={
        "managers": "a call of a proxy has no time limit",
        "socketpair": "no time limits",
        "in-process": "no time limits",
    },
    note=f"the call sleeps {_SLEEP_S} s and would then make a file.",
)
