"""``np.linalg.norm([3, 4])``: a function of a submodule, one round trip at best."""

from __future__ import annotations

from typing import Any

from row_kinds import Step, WarmRow
from worlds.envknit_world import EnvknitWorld


def _envknit(world: EnvknitWorld) -> Step:
    np = world.worker("numpy")
    return lambda: np.linalg.norm([3, 4])


def _module(world: Any) -> Step:
    np = world.module("numpy")
    return lambda: np.linalg.norm([3, 4])


def _calling(world: Any) -> Step:
    return lambda: world.call("numpy", "linalg.norm", ([3, 4],))


ROW = WarmRow(
    title="`np.linalg.norm([3, 4])`",
    order=30,
    steps={
        "envknit": _envknit,
        "rpyc": _module,
        "in-process": _module,
        "managers": _calling,
        "execnet": _calling,
        "socketpair": _calling,
    },
    check=lambda result: float(result) == 5.0,
    note="the aim is one round trip, which tests/python/test_round_trips.py asserts.",
)
