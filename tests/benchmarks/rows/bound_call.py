"""A function bound once, called with two floats: a round trip and nothing else."""

from __future__ import annotations

from rows import Step, WarmRow
from worlds.envknit_world import EnvknitWorld
from worlds.in_process_world import InProcessWorld
from worlds.socketpair_world import SocketpairWorld


def _envknit(world: EnvknitWorld) -> Step:
    hypot = world.worker("numpy").hypot
    return lambda: hypot(3.0, 4.0)


def _socketpair(world: SocketpairWorld) -> Step:
    call = world.bind("numpy", "hypot")
    return lambda: call(3.0, 4.0)


def _in_process(world: InProcessWorld) -> Step:
    hypot = world.module("numpy").hypot
    return lambda: hypot(3.0, 4.0)


ROW = WarmRow(
    title="bound call, 2 floats → float",
    order=10,
    aim=2.0,
    steps={"envknit": _envknit, "socketpair": _socketpair, "in-process": _in_process},
    check=lambda result: float(result) == 5.0,
)
