"""The rows of the benchmark table, one module each.

A module of this package defines ``ROW``, one of the kinds in ``row_kinds.py``;
its file name is the row's name on the command line. A new file is a new row:
nothing else has to be told.

Both sides import this package, so a row module imports nothing outside the
standard library at its top level, and nothing that costs time.
"""

from __future__ import annotations

import importlib
import pkgutil

from row_kinds import AnyRow, ColdRow, TrialRow, WarmRow
from worlds import KINDS


def load_rows() -> dict[str, AnyRow]:
    """All rows of this package by name, in table order."""
    rows = {module.name: load_row(module.name) for module in pkgutil.iter_modules(__path__)}
    return dict(sorted(rows.items(), key=lambda item: (item[1].order, item[0])))


def load_row(name: str) -> AnyRow:
    """The row of the module ``name``."""
    row = importlib.import_module(f"{__name__}.{name}").ROW
    if not isinstance(row, WarmRow | ColdRow | TrialRow):
        raise TypeError(f"rows/{name}.py: ROW is none of the kinds of row_kinds.py")
    silent = set(KINDS) - row.kinds - set(row.absent)
    if silent:
        raise TypeError(f"rows/{name}.py: neither a step nor why not for {sorted(silent)}")
    return row
