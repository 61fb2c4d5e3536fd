"""100 MiB of doubles passed to a function that looks at both ends of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from row_kinds import Aim, Step, WarmRow
from worlds.envknit_world import EnvknitWorld
from worlds.in_process_world import InProcessWorld

_COUNT = 100 * 1024 * 1024 // 8


def _with_array(ends: Callable[[Any], object]) -> Step:
    import numpy

    array = numpy.arange(_COUNT, dtype=numpy.float64)
    return lambda: ends(array)


def _envknit(world: EnvknitWorld) -> Step:
    return _with_array(world.worker("bench_target").ends)


def _pickling(world: Any) -> Step:
    return _with_array(world.bind("bench_target", "ends"))


def _bytes(world: Any) -> Step:
    ends = world.bind("bench_target", "ends_of_bytes")
    return _with_array(lambda array: ends(array.tobytes()))


def _in_process(world: InProcessWorld) -> Step:
    ends = world.module("bench_target").ends
    return _with_array(lambda array: ends(array.copy()))


ROW = WarmRow(
    title="100 MiB array in",
    order=70,
    aim=Aim(factor=0.5),
    floor="in-process",
    steps={
        "envknit": _envknit,
        "managers": _pickling,
        "rpyc": _bytes,
        "execnet": _bytes,
        "in-process": _in_process,
    },
    absent={"socketpair": "the floor is a copy of the memory, in process"},
    check=lambda ends: tuple(ends) == (_COUNT * 8, 0.0, _COUNT - 1.0),
    limit_s=15.0,
    needs_bytes=3 << 30,
    note="the array is there already, passed as an argument. In process: one copy.",
)
