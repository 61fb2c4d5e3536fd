"""The tables that run.sh prints after its rows: sub-interpreters, and imports."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import interpreter_benchmark
from contestants import HERE, contestant_environment
from figures import as_text, ratio_text
from report import table
from row_kinds import TIME

_IMPORTS_LIMIT_S = 120.0
_PLAIN = "unrelated, no hook"
_MOST_ADDED_NS = 1000.0


def _imports(ours: str, *, quick: bool) -> tuple[str, dict[str, Any], bool]:
    script = str(HERE / "import_benchmark.py")
    load = os.getloadavg()[0]
    try:
        done = subprocess.run(
            [ours, script, "quick" if quick else "full"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            env=contestant_environment(),
            timeout=_IMPORTS_LIMIT_S,
        )
    except subprocess.TimeoutExpired:
        return f"imports: no end within {_IMPORTS_LIMIT_S:.0f} s\n", {"failed": "hangs"}, False
    if done.returncode != 0:
        reason = (done.stderr.strip().splitlines() or ["no output"])[-1]
        return f"imports: failed: {reason}\n", {"failed": reason}, False
    medians: dict[str, dict[str, float]] = json.loads(done.stdout)
    ways = list(next(iter(medians.values())))
    lines = [["imports of loaded modules", *ways]]
    added = 0.0
    for title, figures in medians.items():
        plain = figures[_PLAIN]
        added = max(added, figures["unrelated, hook"] - plain)
        cells = [f"{as_text(TIME, ns)} ({ratio_text(ns / plain)})" for ns in figures.values()]
        lines.append([title, *cells])
    verdict = "met" if added < _MOST_ADDED_NS else "missed"
    aim = f"added to an unrelated import: {as_text(TIME, added)} at most (aim: < 1 µs: {verdict})"
    found = {"load": load, "medians_ns": medians, "most_added_ns": added}
    head = f"Load {load:.1f}; medians; in parentheses, by the first column."
    return f"{head}\n\n{table(lines)}\n\n- {aim}\n", found, True


def further_tables(
    ours: str, bench: Path, say: Callable[[str], None], *, quick: bool
) -> tuple[str, dict[str, Any], bool]:
    """The text of both, what they are made from, and whether ours has all its figures.

    A machine without Python 3.12 has no sub-interpreters; the table says so, and that is fine.
    """
    say("sub-interpreters")
    interpreters = interpreter_benchmark.measured(ours, bench, say, quick=quick)
    say("imports")
    text, imports, are_complete = _imports(ours, quick=quick)
    parts = [interpreter_benchmark.markdown(interpreters), text]
    found = {"interpreters": interpreters, "imports": imports}
    return "\n".join(parts), found, are_complete and not interpreters["failed"]
