"""``np.add(1, 2)`` as people write it: the attribute is looked up every time."""

from __future__ import annotations

from typing import Any

from row_kinds import Aim, Step, WarmRow
from worlds.envknit_world import EnvknitWorld


def _envknit(world: EnvknitWorld) -> Step:
    np = world.worker("numpy")
    return lambda: np.add(1, 2)


def _module(world: Any) -> Step:
    np = world.module("numpy")
    return lambda: np.add(1, 2)


def _calling(world: Any) -> Step:
    return lambda: world.call("numpy", "add", (1, 2))


ROW = WarmRow(
    title="`np.add(1, 2)` incl. attribute",
    order=20,
    aim=Aim(factor=0.8),
    steps={
        "envknit": _envknit,
        "rpyc": _module,
        "in-process": _module,
        "managers": _calling,
        "execnet": _calling,
        "socketpair": _calling,
    },
    check=lambda result: int(result) == 3,
    note="managers, execnet and socketpair name the function in their call; they have no"
    " attributes to look up. rpyc's result is a reference, as of all that is no plain value.",
)
