"""100 MiB of doubles that a function returns, as an array of the client's numpy."""

from __future__ import annotations

from typing import Any

from row_kinds import Aim, Step, WarmRow
from worlds.envknit_world import EnvknitWorld
from worlds.in_process_world import InProcessWorld

_COUNT = 100 * 1024 * 1024 // 8


def _envknit(world: EnvknitWorld) -> Step:
    import numpy

    array = world.worker("bench_target").array
    return lambda: numpy.asarray(array(_COUNT))


def _pickling(world: Any) -> Step:
    array = world.bind("bench_target", "array")
    return lambda: array(_COUNT)


def _bytes(world: Any) -> Step:
    import numpy

    array_bytes = world.bind("bench_target", "array_bytes")
    return lambda: numpy.frombuffer(array_bytes(_COUNT))


def _in_process(world: InProcessWorld) -> Step:
    array = world.module("bench_target").array
    return lambda: array(_COUNT).copy()


def _is_right(array: Any) -> bool:
    import numpy

    if not isinstance(array, numpy.ndarray) or array.shape != (_COUNT,):
        return False
    # In pieces: an array to compare with would be another 100 MiB.
    step = 1 << 20
    return all(
        numpy.array_equal(array[i : i + step], numpy.arange(i, min(i + step, _COUNT)))
        for i in range(0, _COUNT, step)
    )


ROW = WarmRow(
    title="100 MiB array out",
    order=60,
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
    check=_is_right,
    limit_s=15.0,
    needs_bytes=3 << 30,
    note="the array is there already; `numpy.asarray(result)`. In process: one copy.",
)
