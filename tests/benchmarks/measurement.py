"""Times the rows: all contestants of one row in turn, again and again.

On a machine with other work, two contestants timed one after the other differ
by what else ran meanwhile. So a repetition takes one short sample of each
contestant (A B C, A B C, …), the median over the repetitions is the figure,
and only ratios of figures of one row of one run mean anything.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cold_scripts import run_script
from contestants import Contestant, ContestantError, ContestantProcess, ContestantUnableError
from memory import available_bytes
from row_kinds import AnyRow, ColdRow, TrialRow, WarmRow

_START_TIMEOUT_S = 30.0
# A first step may have to start a worker.
_FIRST_EXTRA_S = 5.0
_TRIAL_TIMEOUT_S = 60.0
_QUICK_END_S = 1.0
_WARM_UP_CALLS = 20
_FEWEST = 3


@dataclass(frozen=True)
class Effort:
    """How long to measure.

    Attributes:
        warm_repetitions: Samples of a contestant in a warm row.
        heavy_repetitions: The same where a row takes much memory.
        cold_repetitions: Samples of a contestant in a cold row.
        trials: Samples of a contestant in a row of trials.
        sample_s: About how long one warm sample lasts, in seconds.
        enough_s: A contestant that took this long in a warm row, and has a few
            samples, takes no more: one slow peer would be most of the run.
    """

    warm_repetitions: int
    heavy_repetitions: int
    cold_repetitions: int
    trials: int
    sample_s: float
    enough_s: float


FULL = Effort(
    warm_repetitions=25,
    heavy_repetitions=9,
    cold_repetitions=15,
    trials=7,
    sample_s=0.1,
    enough_s=12.0,
)
QUICK = Effort(
    warm_repetitions=7,
    heavy_repetitions=3,
    cold_repetitions=4,
    trials=2,
    sample_s=0.04,
    enough_s=2.0,
)


@dataclass
class Result:
    """One cell: a contestant's samples in a row.

    Attributes:
        samples: One figure for each repetition, in the row's unit.
        facts: What a trial found out beside its figure, one for each repetition.
        until_end_ns: Of a cold row: the whole life of the process.
        calls_per_sample: Calls that one sample averages over.
        took_ns: All samples of a warm row together.
        no_figure: Why there is no figure.
    """

    samples: list[float] = field(default_factory=list)
    facts: list[dict[str, str]] = field(default_factory=list)
    until_end_ns: list[float] = field(default_factory=list)
    calls_per_sample: int = 1
    took_ns: int = 0
    no_figure: ContestantError | None = None

    @property
    def median(self) -> float | None:
        """The figure, None where there is none."""
        if self.no_figure is not None or not self.samples:
            return None
        return statistics.median(self.samples)

    @property
    def failed(self) -> bool:
        """Whether there should be a figure and is none."""
        return self.no_figure is not None and not isinstance(self.no_figure, ContestantUnableError)

    def facts_found(self) -> dict[str, str]:
        """The facts by name; where the repetitions differ, all of what was found."""
        names = self.facts[0] if self.facts else {}
        return {name: " or ".join(sorted({facts[name] for facts in self.facts})) for name in names}


class Stage:
    """Runs rows; owns the contestants' long-lived processes. Use in a ``with``."""

    def __init__(
        self,
        contestants: Iterable[Contestant],
        settings: Path,
        log_folder: Path,
        effort: Effort,
        progress: Callable[[str], None],
    ) -> None:
        self.contestants = list(contestants)
        self._settings = settings
        self._log_folder = log_folder
        self._effort = effort
        self._progress = progress
        self._processes: dict[str, ContestantProcess] = {}

    def __enter__(self) -> Stage:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self._end_processes()
        else:
            self._end_processes(timeout_s=_QUICK_END_S)

    def describe(self, contestant: Contestant) -> dict[str, str]:
        """What the contestant says it is; ContestantError when it can't start."""
        if contestant.missing:
            raise ContestantUnableError(contestant.missing)
        return self._process_of(contestant).ask(_START_TIMEOUT_S, do="hello")

    def run(self, name: str, row: AnyRow) -> dict[str, Result]:
        """The results of a row by contestant, of every one of them."""
        results = {contestant.name: Result() for contestant in self.contestants}
        for contestant in self.contestants:
            if contestant.missing:
                results[contestant.name].no_figure = ContestantUnableError(contestant.missing)
            elif contestant.kind in row.absent:
                reason = row.absent[contestant.kind]
                results[contestant.name].no_figure = ContestantUnableError(reason)
        if isinstance(row, WarmRow):
            self._run_warm(name, row, results)
        elif isinstance(row, ColdRow):
            self._run_cold(name, row, results)
        else:
            self._run_trials(name, row, results)
        return results

    def _run_warm(self, name: str, row: WarmRow, results: dict[str, Result]) -> None:
        heavy = row.needs_bytes > 0
        if heavy and available_bytes() < row.needs_bytes:
            too_little = ContestantUnableError(
                f"takes {row.needs_bytes >> 20} MiB of free memory,"
                f" there are {available_bytes() >> 20}"
            )
            for contestant in self._taking_part(results):
                results[contestant.name].no_figure = too_little
        for contestant in self._taking_part(results):
            result = results[contestant.name]
            self._try(result, self._prepare, contestant, name, row, result)
        effort = self._effort
        repetitions = effort.heavy_repetitions if heavy else effort.warm_repetitions
        for repetition in range(repetitions):
            self._progress(f"{name}: {repetition + 1}/{repetitions}")
            for contestant in self._taking_part(results):
                result = results[contestant.name]
                if result.took_ns > effort.enough_s * 1e9 and len(result.samples) >= _FEWEST:
                    continue
                calls = result.calls_per_sample
                total = self._try(result, self._sample, contestant, name, row, calls)
                if total is not None:
                    result.took_ns += total
                    result.samples.append(row.sample(total, calls))
        if heavy:
            self._end_processes()
        for contestant in self._taking_part(results):
            if contestant.name in self._processes:
                self._process_of(contestant).ask(_START_TIMEOUT_S, do="forget", row=name)

    def _run_cold(self, name: str, row: ColdRow, results: dict[str, Result]) -> None:
        """One run before the first sample fills the page cache."""
        for repetition in range(-1, self._effort.cold_repetitions):
            self._progress(f"{name}: {repetition + 1}/{self._effort.cold_repetitions}")
            for contestant in self._taking_part(results):
                result = results[contestant.name]
                log = self._log_of(contestant)
                times = self._try(result, run_script, contestant, row, self._settings, log)
                if times is not None and repetition >= 0:
                    result.samples.append(times[0])
                    result.until_end_ns.append(times[1])

    def _run_trials(self, name: str, row: TrialRow, results: dict[str, Result]) -> None:
        for repetition in range(self._effort.trials):
            self._progress(f"{name}: {repetition + 1}/{self._effort.trials}")
            for contestant in self._taking_part(results):
                result = results[contestant.name]
                answer = self._try(result, self._trial, contestant, name)
                if answer is not None:
                    result.samples.append(answer["value"])
                    result.facts.append(answer["facts"])

    @staticmethod
    def _try(result: Result, do: Callable[..., Any], *args: Any) -> Any:
        """What ``do`` gives, or None and the reason noted: there is no figure then."""
        try:
            return do(*args)
        except ContestantError as error:
            result.no_figure = error
            return None

    def _taking_part(self, results: dict[str, Result]) -> list[Contestant]:
        return [c for c in self.contestants if results[c.name].no_figure is None]

    def _process_of(self, contestant: Contestant) -> ContestantProcess:
        process = self._processes.get(contestant.name)
        if process is not None and not process.alive:
            process.close()
            process = None
        if process is None:
            process = ContestantProcess(contestant, self._settings, self._log_of(contestant))
            self._processes[contestant.name] = process
        return process

    def _end_processes(self, **options: float) -> None:
        for process in self._processes.values():
            process.close(**options)
        self._processes.clear()

    def _log_of(self, contestant: Contestant) -> Path:
        return self._log_folder / f"{contestant.name}.log"

    def _sample(self, contestant: Contestant, name: str, row: WarmRow, calls: int) -> int:
        process = self._process_of(contestant)
        total: int = process.ask(row.limit_s, do="run", row=name, calls=calls)["ns"]
        return total

    def _prepare(self, contestant: Contestant, name: str, row: WarmRow, result: Result) -> None:
        """Warms the contestant up and finds how many calls fill a sample."""
        target_ns = self._effort.sample_s * 1e9
        process = self._process_of(contestant)
        process.ask(row.limit_s + _FIRST_EXTRA_S, do="prepare", row=name)
        calls = row.whole(1)
        per_call = self._sample(contestant, name, row, calls) / calls
        calls = row.whole(_WARM_UP_CALLS)
        if per_call * calls < target_ns:
            per_call = self._sample(contestant, name, row, calls) / calls
        result.calls_per_sample = row.whole(int(target_ns / max(per_call, 1.0)))

    def _trial(self, contestant: Contestant, name: str) -> dict[str, Any]:
        """One trial in a process of its own."""
        process = ContestantProcess(contestant, self._settings, self._log_of(contestant))
        try:
            return process.ask(_TRIAL_TIMEOUT_S, do="trial", row=name)
        finally:
            process.close()
