"""Benchmarks of the Python API, end to end: contestants side by side in one run.

Contestants: "ours" (this project over gRPC), "reference" (envknit 0.2.0, a pure
Python implementation of the same API), the peers "managers" (of multiprocessing),
"rpyc" and "execnet", and the floors "socketpair" (two Pythons, marshal) and
"in-process" (no boundary).
"""

from __future__ import annotations

import argparse
import fcntl
import json
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, NoReturn

from contestants import HERE, Contestant, ContestantError
from further_tables import further_tables
from measurement import FULL, QUICK, Stage
from report import OURS, PEERS, REFERENCE, Machine, Report
from rows import load_rows
from workshop import Workshop, WorkshopError, base_interpreter, find_ours

CHECKOUT = HERE.parent.parent
# Not a row: the tables after them.
FURTHER = ["further-tables"]
KINDS = {
    OURS: "envknit",
    REFERENCE: "envknit",
    **{peer: peer for peer in PEERS},
    "socketpair": "socketpair",
    "in-process": "in-process",
}


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


class _Progress:
    """One line that changes on a terminal; elsewhere a line for each row."""

    def __init__(self) -> None:
        self._terminal = sys.stderr.isatty()
        self._row = ""

    def __call__(self, text: str) -> None:
        if self._terminal:
            print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)
        elif text.split(":", 1)[0] != self._row:
            self._row = text.split(":", 1)[0]
            _say(self._row)

    def end(self) -> None:
        if self._terminal:
            print("\r\033[K", end="", file=sys.stderr, flush=True)


def _parse(rows: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="run.sh",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="rows: " + ", ".join(rows) + "\nexit status: 0, 1 when ours has no figure in a row"
        " or something is missing, 2 for wrong usage",
    )

    def names_of(known: list[str]) -> Callable[[str], list[str]]:
        def parse(text: str) -> list[str]:
            chosen = [name for name in text.split(",") if name]
            unknown = [name for name in chosen if name not in known]
            if unknown or not chosen:
                raise argparse.ArgumentTypeError(
                    f"no such name: {', '.join(unknown) or text!r} (known: {', '.join(known)})"
                )
            return [name for name in known if name in chosen]

        return parse

    parser.add_argument("--quick", action="store_true", help="fewer and shorter samples (< 2 min)")
    parser.add_argument(
        "--rows",
        type=names_of([*rows, *FURTHER]),
        default=[*rows, *FURTHER],
        metavar="A,B",
        help=f"only these rows; {FURTHER[0]}: the tables of sub-interpreters and imports",
    )
    parser.add_argument(
        "--contestants",
        type=names_of(list(KINDS)),
        default=list(KINDS),
        metavar="A,B",
        help=f"only these of {', '.join(KINDS)}",
    )
    parser.add_argument(
        "--ours",
        metavar="PYTHON",
        help="interpreter that has this project's envknit (default: .venv/bin/python, which"
        " deploy/quickstart.sh makes); the other contestants run on the interpreter below it",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all samples here")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the table here too")
    return parser.parse_args()


def _only_run(folder: Path) -> IO[str]:
    """A lock held to the end of the process: two runs at once measure each other."""
    folder.mkdir(parents=True, exist_ok=True)
    lock = (folder / "run.lock").open("w", encoding="utf-8")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise WorkshopError("another run of the benchmarks is under way in this checkout") from None
    return lock


def _contestants(names: list[str], ours: str, workshop: Workshop) -> list[Contestant]:
    """Those that take part; one that can't be prepared keeps its column and says why."""
    contestants = []
    for name in names:
        try:
            python = ours if name == OURS else workshop.python_of(name)
            contestants.append(Contestant(name, KINDS[name], python))
        except WorkshopError as error:
            _say(f"without {name}: {error}")
            reason = str(error).split("\n", 1)[0]
            contestants.append(
                Contestant(name, KINDS[name], "", f"could not be prepared: {reason}")
            )
    return contestants


def _run(options: argparse.Namespace) -> Report:
    ours = find_ours(options.ours, CHECKOUT) if OURS in options.contestants else ""
    base = base_interpreter(ours or sys.executable)
    workshop = Workshop(CHECKOUT / "build" / "bench", base, _say)
    settings = workshop.settings()
    contestants = _contestants(options.contestants, ours, workshop)
    for log in workshop.logs.glob("*.log"):
        log.unlink()

    effort = QUICK if options.quick else FULL
    report = Report(Machine.here(), effort, contestants, {}, {})
    progress = _Progress()
    with Stage(contestants, settings, workshop.logs, effort, progress) as stage:
        for contestant in contestants:
            try:
                report.described[contestant.name] = stage.describe(contestant)
            except ContestantError as error:
                report.described[contestant.name] = {"description": f"doesn't take part: {error}"}
        rows = load_rows()
        for name in [name for name in options.rows if name not in FURTHER]:
            report.rows[name] = (rows[name], stage.run(name, rows[name]))
    progress.end()
    return report


def _further(options: argparse.Namespace) -> tuple[str, dict[str, Any], bool]:
    """The tables after the rows, if they are asked for and ours takes part."""
    if OURS not in options.contestants or not set(FURTHER) & set(options.rows):
        return "", {}, True
    ours = find_ours(options.ours, CHECKOUT)
    return further_tables(ours, CHECKOUT / "build" / "bench", _say, quick=options.quick)


def _write(
    report: Report, further: tuple[str, dict[str, Any], bool], options: argparse.Namespace
) -> None:
    text, found, _ = further
    table = report.markdown() + (f"\n{text}" if text else "")
    print(table, end="")
    if options.markdown:
        options.markdown.write_text(table, encoding="utf-8")
    if options.json:
        options.json.write_text(
            json.dumps({**report.as_json(), **found}, indent=1) + "\n", encoding="utf-8"
        )


def _stop(number: int, _: object) -> NoReturn:
    """As Ctrl-C: what was started is ended on the way out."""
    raise SystemExit(128 + number)


def main() -> int:
    """Runs what the command line asks for; the exit status."""
    options = _parse(list(load_rows()))
    signal.signal(signal.SIGTERM, _stop)
    begin = time.monotonic()
    try:
        lock = _only_run(CHECKOUT / "build" / "bench")
        with lock:
            report = _run(options)
            further = _further(options)
    except WorkshopError as error:
        _say(f"run.sh: {error}")
        return 1
    except KeyboardInterrupt:
        _say("stopped")
        return 130
    _write(report, further, options)
    _say(f"took {time.monotonic() - begin:.0f} s")
    ours_failed = any(
        OURS in results and results[OURS].failed for _, results in report.rows.values()
    )
    return 0 if further[2] and not ours_failed else 1


if __name__ == "__main__":
    sys.exit(main())
