"""``np.linalg.norm([3, 4])``: a function of a submodule, one round trip at best."""

from __future__ import annotations

from rows import Step, WarmRow
from worlds.envknit_world import EnvknitWorld
from worlds.in_process_world import InProcessWorld
from worlds.socketpair_world import SocketpairWorld


def _envknit(world: EnvknitWorld) -> Step:
    np = world.worker("numpy")
    return lambda: np.linalg.norm([3, 4])


def _socketpair(world: SocketpairWorld) -> Step:
    return lambda: world.call("numpy", "linalg.norm", ([3, 4],))


def _in_process(world: InProcessWorld) -> Step:
    np = world.module("numpy")
    return lambda: np.linalg.norm([3, 4])


ROW = WarmRow(
    title="`np.linalg.norm([3, 4])`",
    order=30,
    steps={"envknit": _envknit, "socketpair": _socketpair, "in-process": _in_process},
    check=lambda result: float(result) == 5.0,
)
