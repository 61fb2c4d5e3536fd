"""A contestant's process: answers the driver's commands, one JSON object per line.

Started as ``PYTHON contestant_main.py KIND SETTINGS``. Both implementations of
the API are called ``envknit``, so each contestant has an interpreter and a
process of its own, and what the driver compares are numbers on a pipe.

Commands, each answered by one line:
    {"do": "hello"}                             {"python", "description"}
    {"do": "prepare", "row": NAME}              {} after the step gave the right answer
    {"do": "run", "row": NAME, "calls": N}      {"ns": total}
    {"do": "forget", "row": NAME}               {}
A command that failed is answered by {"failed": text}; end of input ends the
process.
"""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Callable
from typing import Any

from rows import Step, WarmRow, load_row
from settings import Settings

_Answer = dict[str, Any]


def _make_world(kind: str, settings: Settings) -> Any:
    if kind == "envknit":
        from worlds.envknit_world import EnvknitWorld

        return EnvknitWorld(settings)
    if kind == "socketpair":
        from worlds.socketpair_world import SocketpairWorld

        return SocketpairWorld(settings)
    if kind == "in-process":
        from worlds.in_process_world import InProcessWorld

        return InProcessWorld(settings)
    raise ValueError(f"no such kind of contestant: {kind}")


class _Contestant:
    """The rows prepared so far, and the world they work in."""

    def __init__(self, kind: str, settings: Settings) -> None:
        self._kind = kind
        self._world = _make_world(kind, settings)
        self._prepared: dict[str, tuple[WarmRow, Step]] = {}
        self._commands: dict[str, Callable[[_Answer], _Answer]] = {
            "hello": self._hello,
            "prepare": self._prepare,
            "run": self._run,
            "forget": self._forget,
        }

    def answer(self, command: _Answer) -> _Answer:
        try:
            return self._commands[command["do"]](command)
        except Exception as error:
            text = str(error).strip().split("\n", 1)[0]
            return {"failed": f"{type(error).__name__}: {text}"}

    def close(self) -> None:
        self._prepared.clear()
        self._world.close()

    def _hello(self, _: _Answer) -> _Answer:
        return {"python": platform.python_version(), "description": self._world.description}

    def _prepare(self, command: _Answer) -> _Answer:
        row = load_row(command["row"])
        if not isinstance(row, WarmRow):
            raise TypeError(f"{command['row']} is not run in a contestant's process")
        step = row.steps[self._kind](self._world)
        result = step()
        if not row.check(result):
            raise ValueError(f"wrong result: {result!s:.80}")
        self._prepared[command["row"]] = (row, step)
        return {}

    def _run(self, command: _Answer) -> _Answer:
        row, step = self._prepared[command["row"]]
        return {"ns": row.measure(step, command["calls"])}

    def _forget(self, command: _Answer) -> _Answer:
        self._prepared.pop(command["row"], None)
        return {}


def main() -> None:
    kind, settings_path = sys.argv[1:]
    # Only this file writes to the driver's pipe: what a worker or a library
    # prints goes to the log.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    contestant = _Contestant(kind, Settings.read(settings_path))
    for line in sys.stdin:
        answers.write(json.dumps(contestant.answer(json.loads(line))) + "\n")
        answers.flush()
    contestant.close()


if __name__ == "__main__":
    main()
