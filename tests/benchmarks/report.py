"""What a run found, as a Markdown table and as JSON."""

from __future__ import annotations

import os
import platform
import statistics
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from contestants import Contestant
from figures import as_text, ratio_text
from measurement import Effort, Result
from row_kinds import AnyRow

OURS = "ours"
REFERENCE = "reference"
PEERS = ("managers", "rpyc", "execnet")
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
    rows: dict[str, tuple[AnyRow, dict[str, Result]]]

    def ratio(self, name: str, to: str) -> float | None:
        """Ours divided by contestant ``to`` in row ``name``; None when one has no figure."""
        _, results = self.rows[name]
        ours, other = (_median(results, who) for who in (OURS, to))
        return ours / other if ours is not None and other else None

    def best_peer(self, name: str) -> str | None:
        """The peer with the best figure in row ``name``; None when none has one."""
        row, results = self.rows[name]
        figures = {who: _median(results, who) for who in PEERS}
        known = {who: figure for who, figure in figures.items() if figure is not None}
        choose = max if row.unit.more_is_better else min
        return choose(known, key=lambda who: known[who]) if known else None

    def is_met(self, name: str) -> bool | None:
        """Whether ours reached the row's aim; None when that can't be said."""
        row, results = self.rows[name]
        if row.aim is None or OURS not in results:
            return None
        figure = self.ratio(name, row.aim.of) if row.aim.of else _median(results, OURS)
        if figure is None:
            return None
        factor = row.aim.factor
        reached = figure >= factor if row.unit.more_is_better else figure <= factor
        return reached and results[OURS].facts_found() == dict(row.aim.facts)

    def failures(self) -> list[str]:
        """Why cells have no figure where one should be, one line for each."""
        return [
            f"{row.title}: {who} {result.no_figure.cell}: {result.no_figure}"
            for row, results in self.rows.values()
            for who, result in results.items()
            if result.no_figure is not None and result.failed
        ]

    def markdown(self) -> str:
        """The table, with the machine above it and the notes below."""
        names = [contestant.name for contestant in self.contestants]
        quotients = [f"{OURS} ÷ {what}" for what in (REFERENCE, "best peer", "floor")]
        lines = [["workload", *names, *quotients, "aim"]]
        for name, (row, results) in self.rows.items():
            cells = [_cell(row, results.get(who)) for who in names]
            ratios = [ratio_text(self.ratio(name, REFERENCE))]
            for other in (self.best_peer(name), row.floor):
                ratio = self.ratio(name, other) if other else None
                ratios.append(ratio_text(ratio) + (f" ({other})" if ratio is not None else ""))
            lines.append([row.title, *cells, *ratios, self._aim(name)])
        notes = [f"- {row.title}: {row.note}" for row, _ in self.rows.values() if row.note]
        notes += [f"- {text}" for text in self._until_end()]
        notes += [f"- {failure}" for failure in self.failures()]
        parts = [self._machine_line(), self._who(), table(lines)]
        return "\n\n".join([*parts, "\n".join(notes)] if notes else parts) + "\n"

    def as_json(self) -> dict[str, Any]:
        """Everything that was measured, samples included; figures in each row's unit."""
        return {
            "taken": datetime.now(timezone.utc).isoformat(timespec="seconds"),
            "machine": vars(self.machine),
            "effort": vars(self.effort),
            "contestants": {
                contestant.name: {"kind": contestant.kind, **self.described[contestant.name]}
                for contestant in self.contestants
            },
            "rows": {name: self._row_json(name) for name in self.rows},
        }

    def _row_json(self, name: str) -> dict[str, Any]:
        row, results = self.rows[name]
        names = [contestant.name for contestant in self.contestants]
        return {
            "title": row.title,
            "unit": row.unit.name,
            "more_is_better": row.unit.more_is_better,
            "aim": None if row.aim is None else vars(row.aim),
            "aim_is_met": self.is_met(name),
            "floor": row.floor or None,
            "best_peer": self.best_peer(name),
            "ours_divided_by": {who: self.ratio(name, who) for who in names if who != OURS},
            "note": row.note,
            "results": {who: _result_json(result) for who, result in results.items()},
        }

    def _aim(self, name: str) -> str:
        row, _ = self.rows[name]
        if row.aim is None:
            return _NOTHING
        aim = row.aim
        sign = "≥" if row.unit.more_is_better else "≤"
        if aim.of:
            text = f"{sign} {aim.factor:g}x" + ("" if aim.of == REFERENCE else f" {aim.of}")
        else:
            text = f"{sign} {as_text(row.unit, aim.factor)}"
        text = " / ".join([text, *aim.facts.values()])
        return text + {True: ": met", False: ": missed", None: ""}[self.is_met(name)]

    def _machine_line(self) -> str:
        machine = self.machine
        return (
            f"{machine.cores} cores ({machine.cpu}), Linux {machine.kernel}, load"
            f" {machine.load:.1f} at the start; medians of {self.effort.warm_repetitions}"
            f" interleaved samples ({self.effort.heavy_repetitions} of 100 MiB,"
            f" {self.effort.cold_repetitions} cold starts, {self.effort.trials} where each takes a"
            f" process). Quotients are of the figures shown: where more is better, above 1x is."
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
                figures = [
                    f"{who} {as_text(row.unit, statistics.median(t))}" for who, t in ends.items()
                ]
                lines.append(f"{row.title}, until the process has ended: {', '.join(figures)}")
        return lines


def _median(results: dict[str, Result], who: str) -> float | None:
    result = results.get(who)
    return result.median if result is not None else None


def _cell(row: AnyRow, result: Result | None) -> str:
    if result is None:
        return _NOTHING
    if result.no_figure is not None:
        return result.no_figure.cell
    if result.median is None:
        return _NOTHING
    return " / ".join([as_text(row.unit, result.median), *result.facts_found().values()])


def _result_json(result: Result) -> dict[str, Any]:
    found: dict[str, Any] = {"median": result.median}
    if result.no_figure is not None:
        return {**found, "cell": result.no_figure.cell, "reason": str(result.no_figure)}
    found["samples"] = result.samples
    found["calls_per_sample"] = result.calls_per_sample
    if len(result.samples) > 1:
        deciles = statistics.quantiles(result.samples, n=10, method="inclusive")
        found["p10"], found["p90"] = deciles[0], deciles[-1]
    if result.until_end_ns:
        found["until_end_ns"] = result.until_end_ns
    if result.facts:
        found["facts"] = result.facts
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
