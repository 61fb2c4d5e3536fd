"""What interpreter_benchmark.py times, in a fresh process each: prints samples as a JSON object.

Arguments: "interpreter", "routed" or "process"; "times" or "memory"; "quick" or "full"; a folder
with an install path of `interpreter_target` for each worker. Only the public API is used, so that
this project and the reference run the same lines.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from pathlib import Path
from typing import Any

LIVE = 8
WARM = {"quick": 3, "full": 5}
CALLS = {"quick": 300, "full": 2000}
LOOP = 2_000_000
LOOP_CODE = """
def loop(count):
    total = 0
    for number in range(count):
        total += number
    return total
"""


class Evaluated:
    """A SubInterpreterEnv."""

    def __init__(self, _folder: Path, index: int) -> None:
        from envknit.isolation import SubInterpreterEnv

        self._env: Any = SubInterpreterEnv(f"bench{index}").__enter__()

    def answer(self) -> object:
        """One round trip; 1."""
        return self._env.eval_json("result = 1")

    def pid(self) -> int:
        """Of the process that it lives in."""
        return int(self._env.eval_json("import os; result = os.getpid()"))

    def python(self) -> str:
        """Its minor version."""
        return str(self._env.eval_json("import sys; result = '%d.%d' % sys.version_info[:2]"))

    def loop(self) -> None:
        """Runs pure Python code."""
        self._env.eval_json(f"{LOOP_CODE}\nresult = loop({LOOP})")

    def close(self) -> None:
        """Ends it."""
        self._env.__exit__(None, None, None)


class Called:
    """A worker; an install path of its own makes it another one than the others."""

    def __init__(self, folder: Path, index: int, isolation: str) -> None:
        import envknit

        context = envknit.worker(
            "interpreter_target", "1.0", install_path=folder / str(index), isolation=isolation
        )
        self._module: Any = context.__enter__()

    def answer(self) -> object:
        """One call; 1."""
        return self._module.answer()

    def pid(self) -> int:
        """Of the process that it lives in."""
        return int(self._module.pid())

    def python(self) -> str:
        """Its minor version."""
        return str(self._module.python())

    def loop(self) -> None:
        """Runs pure Python code."""
        self._module.loop(LOOP)

    def close(self) -> None:
        """Nothing: a worker lives as long as this process."""


def opened(kind: str, folder: Path, index: int) -> Evaluated | Called:
    """A new one of a kind."""
    if kind == "interpreter":
        return Evaluated(folder, index)
    return Called(folder, index, "subinterpreter" if kind == "routed" else "process")


def _memory(pids: set[int], field: str) -> int:
    """Bytes of processes, by a field of smaps_rollup."""
    total = 0
    for pid in pids:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith(field + ":"):
                total += int(line.split()[1]) * 1024
    return total


def _timed_loops(targets: list[Evaluated | Called]) -> float:
    threads = [threading.Thread(target=target.loop) for target in targets]
    begin = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - begin


def times(kind: str, folder: Path, effort: str) -> dict[str, Any]:
    """Nanoseconds; the efficiency is 1 if two loops take as long as one."""
    created = []
    for index in range(WARM[effort] + 1):
        begin = time.perf_counter_ns()
        target = opened(kind, folder, index)
        if target.answer() != 1:
            raise RuntimeError("a wrong answer")
        created.append(time.perf_counter_ns() - begin)
        target.close()
    first, second = (opened(kind, folder, WARM[effort] + 1 + index) for index in range(2))
    first.answer()
    begin = time.perf_counter_ns()
    for _ in range(CALLS[effort]):
        first.answer()
    called = (time.perf_counter_ns() - begin) / CALLS[effort]
    pairs = [(_timed_loops([first]), _timed_loops([first, second])) for _ in range(3)]
    found = {
        "python": first.python(),
        "shares_process": first.pid() == second.pid(),
        "cold": created[:1],
        "warm": created[1:],
        "answer" if kind == "interpreter" else "call": [called],
        "efficiency": [alone / both for alone, both in pairs],
    }
    first.close()
    second.close()
    return found


def memory(kind: str, folder: Path, _effort: str) -> dict[str, Any]:
    """Bytes for each further one after the first."""
    targets = [opened(kind, folder, 0)]
    pids = [targets[0].pid()]
    before = {field: _memory(set(pids), field) for field in ("Rss", "Pss")}
    for index in range(1, LIVE):
        targets.append(opened(kind, folder, index))
        pids.append(targets[-1].pid())
    found: dict[str, Any] = {"host_processes": len(set(pids))}
    for field, start in before.items():
        found[field] = [(_memory(set(pids), field) - start) / (LIVE - 1)]
    for target in targets:
        target.close()
    return found


def main() -> None:
    """Prints what one process found, or why there is nothing to find."""
    kind, step, effort, folder = sys.argv[1:]
    # Importing is not what is timed.
    import envknit.isolation

    try:
        found = {"times": times, "memory": memory}[step](kind, Path(folder), effort)
    except envknit.isolation.UnsupportedPlatformError as error:
        found = {"unsupported": str(error).split("\n", 1)[0]}
    print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main()
