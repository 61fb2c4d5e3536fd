"""What a row of the table can be: kinds of rows, their units and aims.

Both sides import this module: the driver for titles and aims, the contestants'
processes for the steps.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import repeat
from typing import Any

Step = Callable[[], object]
Batch = Callable[[int], None]


class UnableError(Exception):
    """This contestant has nothing that could do this row; the text says why. No failure."""


class WrongAnswerError(Exception):
    """What came back is not the result; the text says what it was."""


@dataclass(frozen=True)
class Unit:
    """What a figure counts, and which way is better."""

    name: str
    more_is_better: bool = False


TIME = Unit("ns")
RATE = Unit("calls/s", more_is_better=True)
MEMORY = Unit("bytes")


@dataclass(frozen=True, kw_only=True)
class Aim:
    """What ours is to reach.

    Attributes:
        factor: Of the contestant ``of``'s figure; at most, or at least where
            more is better.
        of: A contestant's name; empty when ``factor`` is a figure itself, in
            the row's unit.
        facts: What a trial must find out, by name.
    """

    factor: float
    of: str = "reference"
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Row:
    """What every row says about itself.

    Attributes:
        title: The first column of the table.
        order: Place in the table; ties by name.
        unit: What its figures count.
        aim: What ours is to reach, None when the row is for information.
        floor: The contestant that the floor's column divides by; empty for none.
        note: What a reader must know to read the figures rightly.
        absent: For a kind of contestant that can't do this row, why.
    """

    title: str
    order: int
    unit: Unit = TIME
    aim: Aim | None = None
    floor: str = "socketpair"
    note: str = ""
    absent: Mapping[str, str] = field(default_factory=dict)

    @property
    def kinds(self) -> set[str]:
        """The kinds of contestants that can do this row."""
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class WarmRow(Row):
    """A step repeated in a contestant process that lives through the run.

    Attributes:
        steps: For a kind of contestant, a function that takes its world
            (``worlds/``) and returns the step.
        check: Whether the result of a step is right; asked before timing and
            after every sample, so that no wrong answer is timed as a right one.
        max_calls: Most calls in one sample.
        limit_s: A sample that takes longer hangs.
        needs_bytes: Free memory it takes; the processes end after such a row,
            so that what they keep is not there in the next one.
    """

    steps: Mapping[str, Callable[[Any], Step]]
    check: Callable[[Any], bool]
    max_calls: int = 200_000
    limit_s: float = 60.0
    needs_bytes: int = 0

    @property
    def kinds(self) -> set[str]:
        return set(self.steps)

    def whole(self, calls: int) -> int:
        """A number of calls near ``calls`` that a sample can have."""
        return min(max(calls, 1), self.max_calls)

    def sample(self, total_ns: int, calls: int) -> float:
        """The figure of a sample, in the row's unit."""
        return total_ns / calls

    def try_once(self, step: Any) -> None:
        """One step; WrongAnswerError unless its result is right."""
        self._check(step())

    def measure(self, step: Any, calls: int) -> int:
        """Time of ``calls`` steps one after the other, in nanoseconds."""
        begin = time.perf_counter_ns()
        for _ in repeat(None, calls - 1):
            step()
        last = step()
        total = time.perf_counter_ns() - begin
        self._check(last)
        return total

    def _check(self, result: object) -> None:
        if not self.check(result):
            raise WrongAnswerError(f"{result!s:.80}")


@dataclass(frozen=True, kw_only=True)
class ThroughputRow(WarmRow):
    """Calls that overlap: a step is a batch, which takes how many and checks each answer.

    Attributes:
        multiple: A batch is a multiple of this.
    """

    steps: Mapping[str, Callable[[Any], Batch]]  # type: ignore[assignment]
    check: Callable[[Any], bool] = bool
    unit: Unit = RATE
    multiple: int

    def whole(self, calls: int) -> int:
        whole = min(calls, self.max_calls) // self.multiple * self.multiple
        return max(whole, self.multiple)

    def sample(self, total_ns: int, calls: int) -> float:
        return calls * 1e9 / total_ns

    def try_once(self, step: Any) -> None:
        step(self.multiple)

    def measure(self, step: Any, calls: int) -> int:
        begin = time.perf_counter_ns()
        step(calls)
        return time.perf_counter_ns() - begin


@dataclass(frozen=True, kw_only=True)
class ColdRow(Row):
    """A script run by a fresh interpreter for every sample.

    The sample is the time from starting the interpreter to reading the
    script's first line; the time to the end of the process is kept beside it.

    Attributes:
        scripts: For a kind of contestant, the file under ``cold/``. It gets
            the settings file and the kind as its arguments.
        expected: The first line the script must print.
    """

    scripts: Mapping[str, str]
    expected: str

    @property
    def kinds(self) -> set[str]:
        return set(self.scripts)


@dataclass(frozen=True)
class Trial:
    """What one trial found.

    Attributes:
        value: In the row's unit.
        facts: What else it found out, by name, shown after the value.
    """

    value: float
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class TrialRow(Row):
    """Something that can be done once in a process: each sample gets a contestant's fresh one.

    Attributes:
        trials: For a kind of contestant, a function that takes its world.
    """

    trials: Mapping[str, Callable[[Any], Trial]]

    @property
    def kinds(self) -> set[str]:
        return set(self.trials)


AnyRow = WarmRow | ColdRow | TrialRow
