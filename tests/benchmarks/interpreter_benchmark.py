"""Sub-interpreters beside worker processes, and beside the reference's own: a table.

`run.sh` calls it after its rows. Each repetition is a fresh process for each column, in turn.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

from contestants import HERE, contestant_environment, end_process_group
from figures import as_text
from interpreter_steps import LIVE, LOOP_CODE
from report import table
from row_kinds import MEMORY, TIME
from workshop import Workshop, WorkshopError

_LIMIT_S = 120.0
_REPETITIONS = {"quick": 2, "full": 7}
_FIRST = (3, 12)
_TARGET = f"""import os, sys
{LOOP_CODE}
def answer():
    return 1

def pid():
    return os.getpid()

def python():
    return "%d.%d" % sys.version_info[:2]
"""
_ROWS = {
    "cold": "first one of a process, to its first answer",
    "warm": "one more, to its first answer",
    "answer": "eval_json() round trip",
    "call": "call",
    "Rss": f"RSS for each from the 2nd to the {LIVE}th",
    "Pss": f"PSS for each from the 2nd to the {LIVE}th",
    "efficiency": "two loops at once: time of one ÷ time of two",
}
_COLUMNS = {
    "ours": "interpreter",
    "ours, worker(subinterpreter)": "routed",
    "ours, worker(process)": "process",
    "reference": "interpreter",
}


def pythons() -> dict[tuple[int, int], str]:
    """The interpreters of this machine with headers, by version."""
    script = HERE.parent.parent / "server" / "cmake" / "find_pythons.py"
    done = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, check=True, timeout=120
    )
    found = {}
    for line in done.stdout.splitlines():
        tag, executable = line.split(";")[:2]
        found[int(tag[0]), int(tag[1:])] = executable
    return found


def _environment(found: dict[tuple[int, int], str]) -> dict[str, str]:
    """With the interpreters where a private daemon finds them."""
    prefixes = [str(Path(path).resolve().parent.parent) for path in found.values()]
    return {
        **contestant_environment(),
        "ENVKNITD_ENVIRONMENTS_PYTHON_PREFIXES": os.pathsep.join(prefixes),
    }


def _reference(found: dict[tuple[int, int], str], bench: Path, say: Callable[[str], None]) -> str:
    """The interpreter with the reference, of the newest Python that it can be tried on."""
    fit = [version for version in found if _FIRST <= version <= (3, 13)]
    if not fit:
        raise WorkshopError("no Python 3.12 or newer")
    return Workshop(bench, found[max(fit)], say).python_of("reference")


def _sample(command: list[str], environment: dict[str, str]) -> dict[str, Any]:
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
        start_new_session=True,
    )
    try:
        output, errors = process.communicate(timeout=_LIMIT_S)
    except subprocess.TimeoutExpired:
        return {"failed": f"no end within {_LIMIT_S:.0f} s"}
    finally:
        if process.returncode is None:
            end_process_group(process)
    if process.returncode != 0:
        said = errors.decode(errors="replace").strip().splitlines() or ["no output"]
        return {"failed": f"exit status {process.returncode}: {said[-1][:200]}"}
    answer: dict[str, Any] = json.loads(output)
    return answer


def measured(ours: str, bench: Path, say: Callable[[str], None], *, quick: bool) -> dict[str, Any]:
    """Samples by column and row, and notes; `failed` names columns of ours without figures."""
    effort = "quick" if quick else "full"
    found = pythons()
    result: dict[str, Any] = {"columns": {}, "notes": [], "failed": []}
    interpreters = dict.fromkeys(_COLUMNS, ours)
    try:
        interpreters["reference"] = _reference(found, bench, say)
    except WorkshopError as error:
        del interpreters["reference"]
        result["notes"].append(f"without reference: {str(error).splitlines()[0]}")
    result["load"] = os.getloadavg()[0]
    environment = _environment(found)
    columns: dict[str, dict[str, list[Any]]] = {name: defaultdict(list) for name in interpreters}
    given_up: set[str] = set()
    with tempfile.TemporaryDirectory() as folder:
        for index in range(24):
            path = Path(folder) / str(index)
            path.mkdir()
            (path / "interpreter_target.py").write_text(_TARGET, encoding="utf-8")
        for _ in range(_REPETITIONS[effort]):
            for name, python in interpreters.items():
                for step in ("times", "memory"):
                    if name in given_up:
                        continue
                    script = str(HERE / "interpreter_steps.py")
                    command = [python, script, _COLUMNS[name], step, effort, folder]
                    answer = _sample(command, environment)
                    for why in ("failed", "unsupported"):
                        if why in answer:
                            given_up.add(name)
                            columns[name].clear()
                            result["notes"].append(f"{name}: {why}: {answer[why]}")
                            if why == "failed" and name != "reference":
                                result["failed"].append(name)
                    if name not in given_up:
                        for row, value in answer.items():
                            columns[name][row] += value if isinstance(value, list) else [value]
    for name, samples in columns.items():
        result["columns"][name] = dict(samples)
        if samples:
            where = "one process" if all(samples["shares_process"]) else "processes of their own"
            result["notes"].append(f"{name}: Python {samples['python'][0]}, two in {where}")
    return result


def markdown(result: dict[str, Any]) -> str:
    """The table of medians, with notes."""
    lines = [["sub-interpreters", *_COLUMNS]]
    for row, title in _ROWS.items():
        cells = []
        for name in _COLUMNS:
            samples = result["columns"].get(name, {}).get(row)
            if not samples:
                cells.append("-")
                continue
            median = statistics.median(samples)
            unit = MEMORY if row in ("Rss", "Pss") else TIME
            cells.append(f"{median:.2f}" if row == "efficiency" else as_text(unit, median))
        lines.append([title, *cells])
    notes = "\n".join(f"- {note}" for note in result["notes"])
    return f"Load {result['load']:.1f}; medians.\n\n{table(lines)}\n\n{notes}\n"
