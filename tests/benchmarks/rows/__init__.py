"""The rows of the benchmark table, one module each.

A module of this package defines ``ROW``, a :class:`WarmRow` or a
:class:`ColdRow`; its file name is the row's name on the command line. A new
file is a new row: nothing else has to be told.

Both sides import this package: the driver for titles and aims, the contestant
processes for the steps. So a row module imports nothing outside the standard
library at its top level, and nothing that costs time.
"""

from __future__ import annotations

import importlib
import pkgutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import repeat
from typing import Any

Step = Callable[[], object]


@dataclass(frozen=True, kw_only=True)
class Row:
    """What every row says about itself.

    Attributes:
        title: The first column of the table.
        order: Place in the table; ties by name.
        aim: Ours is to take at most this many times the reference, None when
            there is nothing to compare with.
        floor: The contestant that the last column divides by.
        note: What a reader must know to read the figures rightly.
    """

    title: str
    order: int
    aim: float | None = None
    floor: str = "socketpair"
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class WarmRow(Row):
    """A step repeated in a contestant process that lives through the run.

    Attributes:
        steps: For a kind of contestant, a function that takes its world
            (``worlds/``) and returns the step. A kind that is absent is shown
            as not applicable.
        check: Whether the result of a step is right; asked before timing, so
            that no contestant is timed for a wrong answer.
        max_calls: Most calls in one sample.
    """

    steps: Mapping[str, Callable[[Any], Step]] = field(default_factory=dict)
    check: Callable[[Any], bool]
    max_calls: int = 200_000

    def measure(self, step: Step, calls: int) -> int:
        """Time of ``calls`` steps one after the other, in nanoseconds."""
        begin = time.perf_counter_ns()
        for _ in repeat(None, calls):
            step()
        return time.perf_counter_ns() - begin


@dataclass(frozen=True, kw_only=True)
class ColdRow(Row):
    """A script run by a fresh interpreter for every sample.

    The sample is the time from starting the interpreter to reading the
    script's first line; the time to the end of the process is kept beside it.

    Attributes:
        scripts: For a kind of contestant, the file under ``cold/``. It gets
            the settings file as its argument.
        expected: The first line the script must print.
    """

    scripts: Mapping[str, str]
    expected: str


def load_rows() -> dict[str, WarmRow | ColdRow]:
    """All rows of this package by name, in table order."""
    rows: dict[str, WarmRow | ColdRow] = {}
    for module in pkgutil.iter_modules(__path__):
        rows[module.name] = load_row(module.name)
    return dict(sorted(rows.items(), key=lambda item: (item[1].order, item[0])))


def load_row(name: str) -> WarmRow | ColdRow:
    """The row of the module ``name``."""
    row = importlib.import_module(f"{__name__}.{name}").ROW
    if not isinstance(row, WarmRow | ColdRow):
        raise TypeError(f"rows/{name}.py: ROW is neither a WarmRow nor a ColdRow")
    return row
