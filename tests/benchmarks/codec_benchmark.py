"""The value codec beside pickle and marshal: `parts.sh codec` builds and runs it.

One figure for writing an object and one for reading it back, medians over
repetitions in which the three take turns. The codec is called from C++ in a
loop (its module for the tests has one), the others from Python: their share of
the interpreter is under 0.1 µs a call.
"""

from __future__ import annotations

import importlib
import marshal
import pickle
import statistics
import sys
import time
from collections.abc import Callable
from itertools import repeat
from typing import Any

from figures import as_text
from report import table
from row_kinds import TIME

REPETITIONS = 9
SAMPLE_NS = 30_000_000


def objects() -> dict[str, object]:
    """What the rows are about; the names are the table's first column."""
    return {
        "two floats": (3.0, 4.0),
        "short text": ("name", "a line of text that is short"),
        "list of 100k floats": [i + 0.5 for i in range(100_000)],
        "list of 100k ints": list(range(100_000)),
        "20k dicts of 5 fields": [
            {"id": i, "name": f"row {i}", "price": i / 7, "ok": i % 2 == 0, "tag": "x"}
            for i in range(20_000)
        ],
        "1 MiB bytes": b"x" * (1 << 20),
    }


def _timed(function: Callable[[Any], object], argument: object, rounds: int) -> float:
    begin = time.perf_counter_ns()
    for _ in repeat(None, rounds):
        function(argument)
    return (time.perf_counter_ns() - begin) / rounds


def _with_python_module(
    write: Callable[[Any], bytes], read: Callable[[Any], object]
) -> Callable[[object, int], tuple[float, float]]:
    def measure(value: object, rounds: int) -> tuple[float, float]:
        message = write(value)
        return _timed(write, value, rounds), _timed(read, message, rounds)

    return measure


def main() -> None:
    """Prints the table."""
    sys.path.insert(0, sys.argv[1])
    codec = importlib.import_module("_pyvalue_test")
    measures: dict[str, Callable[[object, int], tuple[float, float]]] = {
        # An argument list is copied as its elements are; a tuple is one value here.
        "codec": codec.measure,
        "pickle 5": _with_python_module(lambda x: pickle.dumps(x, protocol=5), pickle.loads),
        "marshal": _with_python_module(marshal.dumps, marshal.loads),
    }
    lines = [["value", *(f"{name} {way}" for name in measures for way in ("writes", "reads"))]]
    for title, value in objects().items():
        rounds = {}
        for name, measure in measures.items():
            rounds[name] = max(1, int(SAMPLE_NS / max(sum(measure(value, 1)), 100.0)))
        samples: dict[str, list[tuple[float, float]]] = {name: [] for name in measures}
        for _ in range(REPETITIONS):
            for name, measure in measures.items():
                samples[name].append(measure(value, rounds[name]))
        cells = [
            as_text(TIME, statistics.median(sample[way] for sample in samples[name]))
            for name in measures
            for way in (0, 1)
        ]
        lines.append([title, *cells])
    print(table(lines))


if __name__ == "__main__":
    main()
