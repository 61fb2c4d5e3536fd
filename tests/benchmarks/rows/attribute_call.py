"""``np.add(1, 2)`` as people write it: the attribute is looked up every time."""

from __future__ import annotations

from rows import Step, WarmRow
from worlds.envknit_world import EnvknitWorld
from worlds.in_process_world import InProcessWorld
from worlds.socketpair_world import SocketpairWorld


def _envknit(world: EnvknitWorld) -> Step:
    np = world.worker("numpy")
    return lambda: np.add(1, 2)


def _socketpair(world: SocketpairWorld) -> Step:
    return lambda: world.call("numpy", "add", (1, 2))


def _in_process(world: InProcessWorld) -> Step:
    np = world.module("numpy")
    return lambda: np.add(1, 2)


ROW = WarmRow(
    title="`np.add(1, 2)` incl. attribute",
    order=20,
    aim=0.8,
    steps={"envknit": _envknit, "socketpair": _socketpair, "in-process": _in_process},
    check=lambda result: int(result) == 3,
)
