"""A function bound once, called with two floats: a round trip and nothing else."""

from __future__ import annotations

from typing import Any

from row_kinds import Aim, Step, WarmRow
from worlds import CALLING
from worlds.envknit_world import EnvknitWorld
from worlds.in_process_world import InProcessWorld


def _envknit(world: EnvknitWorld) -> Step:
    hypot = world.worker("numpy").hypot
    return lambda: hypot(3.0, 4.0)


def _calling(world: Any) -> Step:
    hypot = world.bind("numpy", "hypot")
    return lambda: hypot(3.0, 4.0)


def _in_process(world: InProcessWorld) -> Step:
    hypot = world.module("numpy").hypot
    return lambda: hypot(3.0, 4.0)


ROW = WarmRow(
    title="bound call, 2 floats → float",
    order=10,
    aim=Aim(factor=2.0),
    steps={"envknit": _envknit, "in-process": _in_process, **dict.fromkeys(CALLING, _calling)},
    check=lambda result: float(result) == 5.0,
)
