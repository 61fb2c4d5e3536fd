"""A list of 100,000 floats sent to a function that returns it: the codec and the pipes."""

from __future__ import annotations

from rows import Step, WarmRow
from worlds.envknit_world import EnvknitWorld
from worlds.in_process_world import InProcessWorld
from worlds.socketpair_world import SocketpairWorld

_FLOATS = [i + 0.5 for i in range(100_000)]


def _envknit(world: EnvknitWorld) -> Step:
    same = world.worker("bench_target").same
    return lambda: same(_FLOATS)


def _socketpair(world: SocketpairWorld) -> Step:
    same = world.bind("bench_target", "same")
    return lambda: same(_FLOATS)


def _in_process(world: InProcessWorld) -> Step:
    same = world.module("bench_target").same
    return lambda: same(_FLOATS)


ROW = WarmRow(
    title="list of 100k floats, there and back",
    order=40,
    aim=0.5,
    steps={"envknit": _envknit, "socketpair": _socketpair, "in-process": _in_process},
    check=lambda result: result == _FLOATS,
    note="in process nothing is copied: the figure is the cost of a function call.",
)
