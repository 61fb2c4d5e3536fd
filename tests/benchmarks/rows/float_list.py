"""A list of 100,000 floats sent to a function that returns it: the codec and the pipes."""

from __future__ import annotations

from typing import Any

from row_kinds import Aim, Step, WarmRow
from worlds import CALLING
from worlds.envknit_world import EnvknitWorld
from worlds.in_process_world import InProcessWorld

_FLOATS = [i + 0.5 for i in range(100_000)]


def _envknit(world: EnvknitWorld) -> Step:
    same = world.worker("bench_target").same
    return lambda: same(_FLOATS)


def _calling(world: Any) -> Step:
    return lambda: world.call("bench_target", "same", (_FLOATS,))


def _in_process(world: InProcessWorld) -> Step:
    same = world.module("bench_target").same
    return lambda: same(_FLOATS)


ROW = WarmRow(
    title="list of 100k floats, there and back",
    order=40,
    aim=Aim(factor=0.5),
    steps={"envknit": _envknit, "in-process": _in_process, **dict.fromkeys(CALLING, _calling)},
    check=lambda result: result == _FLOATS,
    note="in process nothing is copied: the figure is the cost of a function call.",
)
