"""From starting an interpreter to the first numpy result: import, configure, worker, call."""

from __future__ import annotations

from row_kinds import Aim, ColdRow
from worlds import CALLING

ROW = ColdRow(
    title="cold start to first numpy result",
    order=80,
    aim=Aim(factor=0.55),
    floor="in-process",
    scripts={
        "envknit": "envknit_first_result.py",
        "in-process": "in_process_first_result.py",
        **dict.fromkeys(CALLING, "calling_first_result.py"),
    },
    expected="3",
    note="a fresh interpreter for every sample; the floor is `python` with `import numpy`.",
)
