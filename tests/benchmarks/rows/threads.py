"""Four threads that call one worker, each with arguments of its own."""

from __future__ import annotations

from typing import Any

from crew import Crew
from row_kinds import Aim, Batch, ThroughputRow
from worlds import CALLING
from worlds.envknit_world import EnvknitWorld

_THREADS = 4


def _envknit(world: EnvknitWorld) -> Batch:
    return Crew([world.worker("numpy").hypot] * _THREADS)


def _calling(world: Any) -> Batch:
    return Crew([lane.bind("numpy", "hypot") for lane in world.lanes(_THREADS)])


ROW = ThroughputRow(
    title="4 threads of small calls (more is better)",
    order=100,
    aim=Aim(factor=0.5, of="managers"),
    steps={"envknit": _envknit, **dict.fromkeys(CALLING, _calling)},
    absent={"in-process": "nothing to share"},
    multiple=_THREADS,
    limit_s=8.0,
    note="managers, rpyc, execnet and socketpair have a connection or a channel for each thread.",
)
