"""20,000 dicts of five fields, as a query returns them, and a loop over them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from row_kinds import Aim, Step, WarmRow
from worlds.envknit_world import EnvknitWorld
from worlds.in_process_world import InProcessWorld

_COUNT = 20_000


def _iterating(records: Callable[[int], Iterable[dict[str, Any]]]) -> Step:
    def step() -> tuple[int, float]:
        ids, scores = 0, 0.0
        for record in records(_COUNT):
            ids += record["id"]
            scores += record["score"]
        return ids, scores

    return step


def _envknit(world: EnvknitWorld) -> Step:
    return _iterating(world.worker("bench_target").records)


def _calling(world: Any) -> Step:
    return _iterating(world.bind("bench_target", "records"))


def _rpyc(world: Any) -> Step:
    return _iterating(lambda count: world.copy_of("bench_target", "records", (count,)))


def _in_process(world: InProcessWorld) -> Step:
    return _iterating(world.module("bench_target").records)


ROW = WarmRow(
    title="20k dicts of 5 fields, returned and iterated",
    order=50,
    aim=Aim(factor=0.8),
    steps={
        "envknit": _envknit,
        "managers": _calling,
        "rpyc": _rpyc,
        "execnet": _calling,
        "socketpair": _calling,
        "in-process": _in_process,
    },
    check=lambda sums: sums == (_COUNT * (_COUNT - 1) // 2, _COUNT * (_COUNT - 1) / 4),
    note="making the dicts is part of every figure: in process it is all of it.",
)
