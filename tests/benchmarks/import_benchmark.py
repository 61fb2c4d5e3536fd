"""What the import hook costs: statements with it beside plain ones. Prints a JSON object.

Run by run.sh with the interpreter that has this project's package. The packages are synthetic,
in a temporary directory; the figures are nanoseconds of one statement whose modules are loaded.
"""

from __future__ import annotations

import builtins
import importlib
import json
import statistics
import sys
import tempfile
import timeit
from pathlib import Path
from types import ModuleType
from typing import Any

ROUNDS = {"quick": 7, "full": 21}
NUMBER = {"quick": 20_000, "full": 100_000}
STATEMENTS = {
    "import {0}": "import {0}",
    "from {0} import item": "from {0} import item",
    "import {0}.sub": "import {0}.sub",
}
_OWN = (
    "import timeit\ndef timer(statement):\n    return timeit.Timer(statement, globals=globals())\n"
)


def _package(folder: Path, name: str) -> Path:
    package = folder / name
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(f"item = 1\n{_OWN}", encoding="utf-8")
    (package / "sub.py").write_text("item = 2\n", encoding="utf-8")
    return folder


def _sample(timer: timeit.Timer, number: int) -> float:
    return timer.timeit(number) / number * 1e9


def _timer(statement: str, found_builtins: dict[str, Any] | None = None) -> timeit.Timer:
    """In a namespace as a module of the host has it; without the hook if given those before it."""
    namespace = vars(ModuleType("bench_host"))
    namespace["__builtins__"] = vars(builtins) if found_builtins is None else found_builtins
    return timeit.Timer(statement, globals=namespace)


def main() -> None:
    """Prints medians by statement and way."""
    import envknit

    effort = sys.argv[1]
    rounds, number = ROUNDS[effort], NUMBER[effort]
    samples: dict[str, dict[str, list[float]]] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sys.path.insert(0, str(_package(folder / "plain", "bench_plain")))
        lock = ["schema_version: '1.0'", "environments:", "  bench:"]
        for version in ("1.0", "2.0"):
            path = _package(folder / version, "bench_routed")
            lock.append("    - name: bench_routed")
            lock += [f"      version: '{version}'", f"      install_path: '{path}'"]
        (folder / "lock.yaml").write_text("\n".join(lock) + "\n", encoding="utf-8")
        importlib.import_module("bench_plain.sub")

        def take(title: str, way: str, timer: timeit.Timer) -> None:
            samples.setdefault(title, {}).setdefault(way, []).append(_sample(timer, number))

        plain_builtins = dict(vars(builtins))
        envknit.configure_from_lock(str(folder / "lock.yaml"))
        for version in ("1.0", "2.0"):
            with envknit.use("bench_routed", version):
                importlib.import_module("bench_routed.sub")
        own = envknit.import_version("bench_routed", "2.0")
        for _ in range(rounds):
            for title, text in STATEMENTS.items():
                plain, routed = text.format("bench_plain"), text.format("bench_routed")
                title = title.format("p")
                # Both in turn, so that other work on the machine hits both.
                take(title, "unrelated, no hook", _timer(plain, plain_builtins))
                take(title, "unrelated, hook", _timer(plain))
                take(title, "default", _timer(routed))
                with envknit.use("bench_routed", "2.0"):
                    take(title, "use() block", _timer(routed))
                take(title, "own module", own.timer(routed))
    medians = {
        title: {way: statistics.median(taken) for way, taken in ways.items()}
        for title, ways in samples.items()
    }
    print(json.dumps(medians))


if __name__ == "__main__":
    main()
