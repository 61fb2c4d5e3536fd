"""Figures as people read them."""

from __future__ import annotations

from row_kinds import MEMORY, RATE, TIME, Unit

_STEPS = {
    TIME: ((1.0, "ns"), (1e3, "µs"), (1e6, "ms"), (1e9, "s")),
    RATE: ((1.0, "/s"), (1e3, "k/s"), (1e6, "M/s")),
    MEMORY: ((1.0, "B"), (2.0**10, "KiB"), (2.0**20, "MiB"), (2.0**30, "GiB")),
}


def as_text(unit: Unit, figure: float) -> str:
    """Three digits and a unit: ``104 µs``, ``55.6 k/s``, ``1.50 s``."""
    divisor, name = _STEPS[unit][0]
    for larger in _STEPS[unit][1:]:
        # By what it is rounded to: 999.7 µs is 1.00 ms.
        if abs(figure) >= larger[0] * 0.9995:
            divisor, name = larger
    value = figure / divisor
    return f"{value:.{0 if abs(value) >= 99.95 else 1 if abs(value) >= 9.995 else 2}f} {name}"


def ratio_text(ratio: float | None) -> str:
    """Three digits: ``0.482x``."""
    return "-" if ratio is None else f"{ratio:.3g}x"
