"""What a run found, as a Markdown table and as JSON."""

from __future__ import annotations

import os
import platform
import statistics
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from contestants import Contestant
from measurement import Effort, Result
from rows import ColdRow, Row, WarmRow

OURS = "ours"
REFERENCE = "reference"
_NOTHING = "-"


@dataclass(frozen=True)
class Machine:
    """What the figures were taken on."""

    cores: int
    cpu: str
    kernel: str
    load: float

    @staticmethod
    def here() -> Machine:
        """This machine, now."""
        cpu = platform.machine()
        try:
            with open("/proc/cpuinfo", encoding="utf-8") as file:
                for line in file:
                    if line.startswith("model name"):
                        cpu = line.split(":", 1)[1].strip()
                        break
        except OSError:
            pass
        cores = len(os.sched_getaffinity(0))
        return Machine(cores, cpu, platform.release(), os.getloadavg()[0])


@dataclass
class Report:
    """A run's rows and who took part; filled by the driver, row by row.

    Attributes:
        machine: Where and with which load it ran.
        effort: How long was measured.
        contestants: The columns.
        described: What each contestant said it is.
        rows: Row and results by row name, in table order.
    """

    machine: Machine
    effort: Effort
    contestants: list[Contestant]
    described: dict[str, dict[str, str]]
    rows: dict[str, tuple[WarmRow | ColdRow, dict[str, Result]]]

    def ratio(self, name: str, to: str) -> float | None:
        """Ours divided by contestant ``to`` in row ``name``; None when one has no figure."""
        _, results = self.rows[name]
        ours, other = (_median(results, who) for who in (OURS, to))
        return ours / other if ours is not None and other else None

    def failures(self) -> list[str]:
        """Why cells have no figure, one line for each."""
        return [
            f"{row.title}: {who} fails: {result.failure}"
            for row, results in self.rows.values()
            for who, result in results.items()
            if result.failure
        ]

    def markdown(self) -> str:
        """The table, with the machine above it and the notes below."""
        names = [contestant.name for contestant in self.contestants]
        header = ["workload", *names, f"{OURS} ÷ {REFERENCE}", "aim", f"{OURS} ÷ floor"]
        lines = [header]
        for name, (row, results) in self.rows.items():
            cells = [_cell(results.get(who)) for who in names]
            lines.append(
                [
                    row.title,
                    *cells,
                    _times(self.ratio(name, REFERENCE)),
                    self._aim(name, row),
                    f"{_times(self.ratio(name, row.floor))} ({row.floor})",
                ]
            )
        notes = [f"- {row.title}: {row.note}" for row, _ in self.rows.values() if row.note]
        notes += [f"- {text}" for text in self._until_end()]
        notes += [f"- {failure}" for failure in self.failures()]
        parts = [self._machine_line(), self._who(), table(lines)]
        return "\n\n".join([*parts, "\n".join(notes)] if notes else parts) + "\n"

    def as_json(self) -> dict[str, Any]:
        """Everything that was measured, samples included; times in nanoseconds."""
        return {
            "taken": datetime.now(timezone.utc).isoformat(timespec="seconds"),
            "machine": vars(self.machine),
            "effort": vars(self.effort),
            "contestants": {
                contestant.name: {"kind": contestant.kind, **self.described[contestant.name]}
                for contestant in self.contestants
            },
            "rows": {
                name: {
                    "title": row.title,
                    "aim": row.aim,
                    "floor": row.floor,
                    "ratio_to_reference": self.ratio(name, REFERENCE),
                    "ratio_to_floor": self.ratio(name, row.floor),
                    "results": {who: _result_json(result) for who, result in results.items()},
                }
                for name, (row, results) in self.rows.items()
            },
        }

    def _aim(self, name: str, row: Row) -> str:
        if row.aim is None:
            return _NOTHING
        ratio = self.ratio(name, REFERENCE)
        verdict = "" if ratio is None else (" met" if ratio <= row.aim else " missed")
        return f"≤ {row.aim:g}x{verdict}"

    def _machine_line(self) -> str:
        machine = self.machine
        return (
            f"{machine.cores} cores ({machine.cpu}), Linux {machine.kernel}, load"
            f" {machine.load:.1f} at the start; medians of {self.effort.warm_repetitions}"
            f" interleaved samples ({self.effort.cold_repetitions} for cold starts)."
        )

    def _who(self) -> str:
        return "\n".join(
            f"- {contestant.name}: {said['description']}"
            + (f", Python {said['python']}" if "python" in said else "")
            for contestant in self.contestants
            for said in [self.described[contestant.name]]
        )

    def _until_end(self) -> list[str]:
        """Of cold rows, what the table leaves out: the ending of the process."""
        lines = []
        for row, results in self.rows.values():
            ends = {who: r.until_end_ns for who, r in results.items() if r.until_end_ns}
            if ends:
                figures = [f"{who} {duration(statistics.median(t))}" for who, t in ends.items()]
                lines.append(f"{row.title}, until the process has ended: {', '.join(figures)}")
        return lines


def _median(results: dict[str, Result], who: str) -> float | None:
    result = results.get(who)
    return result.median_ns if result is not None else None


def _cell(result: Result | None) -> str:
    if result is None:
        return _NOTHING
    median = result.median_ns
    return "fails" if median is None else duration(median)


def _times(ratio: float | None) -> str:
    return _NOTHING if ratio is None else f"{ratio:.3g}x"


def duration(nanoseconds: float) -> str:
    """Three digits and a unit: ``104 µs``, ``12.9 ms``."""
    for limit, divisor, unit in ((1e3, 1, "ns"), (1e6, 1e3, "µs"), (1e9, 1e6, "ms")):
        if nanoseconds < limit:
            value = nanoseconds / divisor
            return f"{value:.{0 if value >= 99.95 else 1 if value >= 9.995 else 2}f} {unit}"
    return f"{nanoseconds / 1e9:.2f} s"


def _result_json(result: Result) -> dict[str, Any]:
    found: dict[str, Any] = {"median_ns": result.median_ns}
    if result.failure:
        return {**found, "failure": result.failure}
    found["samples_ns"] = result.samples_ns
    found["calls_per_sample"] = result.calls_per_sample
    if len(result.samples_ns) > 1:
        deciles = statistics.quantiles(result.samples_ns, n=10, method="inclusive")
        found["p10_ns"], found["p90_ns"] = deciles[0], deciles[-1]
    if result.until_end_ns:
        found["until_end_ns"] = result.until_end_ns
    return found


def table(lines: list[list[str]]) -> str:
    """A Markdown table with padded columns, readable as it stands."""
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]

    def text(cells: list[str]) -> str:
        first = cells[0].ljust(widths[0])
        rest = [cell.rjust(width) for cell, width in zip(cells[1:], widths[1:], strict=True)]
        return "| " + " | ".join([first, *rest]) + " |"

    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    return "\n".join([text(lines[0]), text(rule), *(text(line) for line in lines[1:])])
