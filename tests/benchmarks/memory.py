"""Memory of processes, as the kernel accounts for it."""

from __future__ import annotations

import contextlib
import os
from collections import defaultdict
from pathlib import Path


def descendants(pid: int) -> list[int]:
    """All processes below ``pid``, without it."""
    children: defaultdict[int, list[int]] = defaultdict(list)
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            with contextlib.suppress(OSError):
                # The name in parentheses may hold anything, parentheses too.
                fields = Path(f"/proc/{entry}/stat").read_text().rpartition(")")[2].split()
                children[int(fields[1])].append(int(entry))
    found: list[int] = []
    waiting = [pid]
    while waiting:
        below = children[waiting.pop()]
        found += below
        waiting += below
    return found


def proportional_bytes(pids: list[int]) -> int:
    """Their memory, pages shared by n processes counted as a nth each."""
    total = 0
    for pid in pids:
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1]) * 1024
    return total


def available_bytes() -> int:
    """What the machine could give to new processes without swapping."""
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    raise OSError("/proc/meminfo has no MemAvailable")
