"""Times the rows: all contestants of one row in turn, again and again.

On a machine with other work, two contestants timed one after the other differ
by what else ran meanwhile. So a repetition takes one short sample of each
contestant (A B C, A B C, …), the median over the repetitions is the figure,
and only ratios of figures of one row of one run mean anything.
"""

from __future__ import annotations

import statistics
import subprocess
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from contestants import (
    HERE,
    Contestant,
    ContestantError,
    ContestantProcess,
    contestant_environment,
    end_process_group,
)
from rows import ColdRow, WarmRow

_PREPARE_TIMEOUT_S = 90.0
_SAMPLE_TIMEOUT_S = 60.0
_WARM_UP_CALLS = 20


@dataclass(frozen=True)
class Effort:
    """How long to measure.

    Attributes:
        warm_repetitions: Samples of a contestant in a warm row.
        cold_repetitions: Samples of a contestant in a cold row.
        sample_s: About how long one warm sample lasts, in seconds.
    """

    warm_repetitions: int
    cold_repetitions: int
    sample_s: float


FULL = Effort(warm_repetitions=25, cold_repetitions=15, sample_s=0.1)
QUICK = Effort(warm_repetitions=7, cold_repetitions=4, sample_s=0.04)


@dataclass
class Result:
    """One cell: a contestant's samples in a row, nanoseconds for each call.

    Attributes:
        samples_ns: One figure for each repetition.
        until_end_ns: Of a cold row: the whole life of the process.
        calls_per_sample: Calls that one sample averages over.
        failure: Why there is no figure.
    """

    samples_ns: list[float] = field(default_factory=list)
    until_end_ns: list[float] = field(default_factory=list)
    calls_per_sample: int = 1
    failure: str = ""

    @property
    def median_ns(self) -> float | None:
        """The figure, None for a contestant that failed."""
        if self.failure or not self.samples_ns:
            return None
        return statistics.median(self.samples_ns)

    def fail(self, error: ContestantError) -> None:
        """Notes the failure; a contestant that failed once has no figure."""
        self.failure = str(error)


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

    def __exit__(self, *_: object) -> None:
        for process in self._processes.values():
            process.close()
        self._processes.clear()

    def describe(self, contestant: Contestant) -> dict[str, str]:
        """What the contestant says it is; ContestantError when it can't start."""
        return self._process_of(contestant).ask(_PREPARE_TIMEOUT_S, do="hello")

    def run_warm(self, name: str, row: WarmRow) -> dict[str, Result]:
        """Measures a warm row in every contestant that has a step for it."""
        results: dict[str, Result] = {}
        for contestant in self.contestants:
            if contestant.kind in row.steps:
                results[contestant.name] = self._prepare(contestant, name, row)
        for repetition in range(self._effort.warm_repetitions):
            self._progress(f"{name}: {repetition + 1}/{self._effort.warm_repetitions}")
            for contestant in self._still_running(results):
                result = results[contestant.name]
                try:
                    total = self._sample(contestant, name, result.calls_per_sample)
                    result.samples_ns.append(total / result.calls_per_sample)
                except ContestantError as error:
                    result.fail(error)
        for contestant in self._still_running(results):
            self._process_of(contestant).ask(_SAMPLE_TIMEOUT_S, do="forget", row=name)
        return results

    def run_cold(self, name: str, row: ColdRow) -> dict[str, Result]:
        """Measures a cold row; one run before the first sample fills the page cache."""
        results = {c.name: Result() for c in self.contestants if c.kind in row.scripts}
        for repetition in range(-1, self._effort.cold_repetitions):
            self._progress(f"{name}: {repetition + 1}/{self._effort.cold_repetitions}")
            for contestant in self._still_running(results):
                result = results[contestant.name]
                try:
                    first_line_ns, end_ns = self._run_script(contestant, row)
                except ContestantError as error:
                    result.fail(error)
                    continue
                if repetition >= 0:
                    result.samples_ns.append(first_line_ns)
                    result.until_end_ns.append(end_ns)
        return results

    def _still_running(self, results: dict[str, Result]) -> list[Contestant]:
        return [c for c in self.contestants if c.name in results and not results[c.name].failure]

    def _process_of(self, contestant: Contestant) -> ContestantProcess:
        process = self._processes.get(contestant.name)
        if process is not None and not process.alive:
            process.close()
            process = None
        if process is None:
            process = ContestantProcess(contestant, self._settings, self._log_of(contestant))
            self._processes[contestant.name] = process
        return process

    def _log_of(self, contestant: Contestant) -> Path:
        return self._log_folder / f"{contestant.name}.log"

    def _sample(self, contestant: Contestant, name: str, calls: int) -> int:
        process = self._process_of(contestant)
        total: int = process.ask(_SAMPLE_TIMEOUT_S, do="run", row=name, calls=calls)["ns"]
        return total

    def _prepare(self, contestant: Contestant, name: str, row: WarmRow) -> Result:
        """Warms the contestant up and finds how many calls fill a sample."""
        result = Result()
        target_ns = self._effort.sample_s * 1e9
        try:
            self._process_of(contestant).ask(_PREPARE_TIMEOUT_S, do="prepare", row=name)
            per_call = self._sample(contestant, name, 1)
            if per_call * _WARM_UP_CALLS < target_ns:
                per_call = self._sample(contestant, name, _WARM_UP_CALLS) // _WARM_UP_CALLS
            calls = int(target_ns / max(per_call, 1))
            result.calls_per_sample = min(max(calls, 1), row.max_calls)
        except ContestantError as error:
            result.fail(error)
        return result

    def _run_script(self, contestant: Contestant, row: ColdRow) -> tuple[int, int]:
        script = HERE / "cold" / row.scripts[contestant.kind]
        with self._log_of(contestant).open("ab") as log_file:
            begin = time.perf_counter_ns()
            process = subprocess.Popen(
                [contestant.python, str(script), str(self._settings)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log_file,
                env=contestant_environment(),
                start_new_session=True,
            )
        assert process.stdout is not None
        late = threading.Timer(_SAMPLE_TIMEOUT_S, end_process_group, [process])
        late.start()
        try:
            first_line = process.stdout.readline()
            first_line_ns = time.perf_counter_ns() - begin
            process.wait()
            end_ns = time.perf_counter_ns() - begin
        finally:
            late.cancel()
            process.stdout.close()
        if process.returncode != 0 or first_line.decode().strip() != row.expected:
            raise ContestantError(
                f"exit status {process.returncode}, first line {first_line!r}"
                f" (log: {self._log_of(contestant)})"
            )
        return first_line_ns, end_ns
