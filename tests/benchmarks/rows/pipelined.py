"""Small calls of one client that don't wait for each other, in windows of a fixed size."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from crew import Crew
from row_kinds import Aim, Batch, ThroughputRow, UnableError, WrongAnswerError
from worlds.envknit_world import EnvknitWorld

_WINDOW = 128
_THREADS = 8
# Answers that got out of order show: neighbours differ.
_ARGUMENTS = [(3.0 * (i % 7 + 1), 4.0 * (i % 7 + 1)) for i in range(_WINDOW)]
_EXPECTED = [5.0 * (i % 7 + 1) for i in range(_WINDOW)]


def _windows(one_window: Callable[[], Iterable[Any]]) -> Batch:
    def batch(calls: int) -> None:
        for _ in range(calls // _WINDOW):
            results = list(one_window())
            if results != _EXPECTED:
                raise WrongAnswerError(f"{results!s:.80}")

    return batch


def _envknit(world: EnvknitWorld) -> Batch:
    if world.is_async:
        gather = world.gathering("numpy", "hypot")
        return _windows(lambda: gather(_ARGUMENTS))
    if not world.is_ours:
        raise UnableError("no asynchronous calls, and a worker can't be shared by threads")
    return Crew([world.worker("numpy").hypot] * _THREADS)


def _rpyc(world: Any) -> Batch:
    hypot = world.bind_async("numpy", "hypot")

    def window() -> Iterable[Any]:
        waiting = [hypot(*args) for args in _ARGUMENTS]
        return [result.value for result in waiting]

    return _windows(window)


def _execnet(world: Any) -> Batch:
    send, receive = world.channel.send, world.channel.receive

    def window() -> Iterable[Any]:
        for args in _ARGUMENTS:
            send(("numpy", "hypot", args))
        return [receive(60) for _ in _ARGUMENTS]

    return _windows(window)


def _socketpair(world: Any) -> Batch:
    lane = world.lanes(1)[0]
    requests = [("numpy", "hypot", args) for args in _ARGUMENTS]

    def window() -> Iterable[Any]:
        lane.send(*requests)
        return [lane.answer() for _ in requests]

    return _windows(window)


ROW = ThroughputRow(
    title="pipelined small calls (more is better)",
    order=110,
    aim=Aim(factor=1.0, of="execnet"),
    steps={
        "envknit": _envknit,
        "rpyc": _rpyc,
        "execnet": _execnet,
        "socketpair": _socketpair,
    },
    absent={
        "managers": "a proxy waits for the reply of each call",
        "in-process": "nothing to wait for",
    },
    multiple=_WINDOW,
    limit_s=20.0,
    note=f"{_WINDOW} calls are under way; ours by `asyncio.gather` on `aworker`, by {_THREADS}"
    " threads where the package has none.",
)
