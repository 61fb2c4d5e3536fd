"""A contestant's process: answers the driver's commands, one JSON object per line.

Started as ``PYTHON contestant_main.py KIND SETTINGS``. Both implementations of
the API are called ``envknit``, so each contestant has an interpreter and a
process of its own, and what the driver compares are numbers on a pipe.

Commands, each answered by one line:
    {"do": "hello"}                             {"python", "description"}
    {"do": "prepare", "row": NAME}              {} after the step gave the right answer
    {"do": "run", "row": NAME, "calls": N}      {"ns": total}
    {"do": "forget", "row": NAME}               {}
    {"do": "trial", "row": NAME}                {"value", "facts"}
A command that failed is answered by {"failed": text}, one that had a wrong
answer by {"wrong": text}, one that this contestant has no way to do by
{"unable": text}; end of input ends the process.
"""

from __future__ import annotations

import json
import os
import platform
import sys
import warnings
from collections.abc import Callable
from typing import Any

from row_kinds import TrialRow, UnableError, WarmRow, WrongAnswerError
from rows import load_row
from settings import Settings
from worlds import make_world
from worlds.serving import end_with_parent

_Answer = dict[str, Any]


class _Contestant:
    """The rows prepared so far, and the world they work in."""

    def __init__(self, kind: str, settings: Settings) -> None:
        self._kind = kind
        self._world = make_world(kind, settings)
        self._prepared: dict[str, tuple[WarmRow, Any]] = {}
        self._commands: dict[str, Callable[[_Answer], _Answer]] = {
            "hello": self._hello,
            "prepare": self._prepare,
            "run": self._run,
            "forget": self._forget,
            "trial": self._trial,
        }

    def answer(self, command: _Answer) -> _Answer:
        try:
            return self._commands[command["do"]](command)
        except WrongAnswerError as error:
            return {"wrong": str(error)}
        except UnableError as error:
            return {"unable": str(error)}
        except Exception as error:
            text = str(error).strip().split("\n", 1)[0]
            return {"failed": f"{type(error).__name__}: {text:.300}"}

    def close(self) -> None:
        self._prepared.clear()
        self._world.close()

    def _hello(self, _: _Answer) -> _Answer:
        return {"python": platform.python_version(), "description": self._world.description}

    def _prepare(self, command: _Answer) -> _Answer:
        row = load_row(command["row"])
        if not isinstance(row, WarmRow):
            raise TypeError(f"{command['row']} has no step to repeat")
        step = row.steps[self._kind](self._world)
        row.try_once(step)
        self._prepared[command["row"]] = (row, step)
        return {}

    def _run(self, command: _Answer) -> _Answer:
        row, step = self._prepared[command["row"]]
        return {"ns": row.measure(step, command["calls"])}

    def _forget(self, command: _Answer) -> _Answer:
        self._prepared.pop(command["row"], None)
        return {}

    def _trial(self, command: _Answer) -> _Answer:
        row = load_row(command["row"])
        if not isinstance(row, TrialRow):
            raise TypeError(f"{command['row']} has no trial")
        trial = row.trials[self._kind](self._world)
        return {"value": trial.value, "facts": dict(trial.facts)}


def main() -> None:
    kind, settings_path = sys.argv[1:]
    end_with_parent()
    # Only this file writes to the driver's pipe: what a worker or a library
    # prints goes to the log.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    settings = Settings.read(settings_path)
    # Every client's own numpy is the same, and that of the workers too.
    sys.path.insert(1, settings.packages["numpy"].path)
    # A worker's crash is what one row is about.
    warnings.simplefilter("ignore")
    contestant = _Contestant(kind, settings)
    for line in sys.stdin:
        answers.write(json.dumps(contestant.answer(json.loads(line))) + "\n")
        answers.flush()
    contestant.close()


if __name__ == "__main__":
    main()
