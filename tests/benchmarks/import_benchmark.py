"""What an import statement costs with versions in use: `import_benchmark.py [--quick]`.

A row is a form of import of a module that is loaded already; the columns are a plain
interpreter's (a process without the hook) and this process's, first for an import that
the hook has nothing to do with, then for one that it routes: of a default version, in a
block of use(), and by code of a version after its block. Medians over repetitions in
which all of them take turns. Needs the package `envknit` on the path, and nothing else.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import CodeType
from typing import Any

from figures import as_text
from report import table
from row_kinds import TIME

REPETITIONS, QUICK_REPETITIONS = 15, 3
ROUNDS, QUICK_ROUNDS = 20_000, 2_000
#: Of {0} there is a plain module and package, with a part, for each column.
FORMS = {
    "import a": "import {0}",
    "import a.b": "import {0}.part",
    "import a.b as c": "import {0}.part as c",
    "from a import name": "from {0} import name",
    "from a.b import name": "from {0}.part import name",
    "from a import b": "from {0} import part",
    "import_module('a.b')": "import_module('{0}.part')",
}
COLUMNS = ("plain", "unrelated", "default", "in a block", "after a block")
LOOP = "from importlib import import_module\ndef run(rounds):\n    for _ in rounds:\n        {}\n"


def _write_package(folder: Path, name: str) -> None:
    package = folder / name
    package.mkdir(parents=True)
    (package / "part.py").write_text("name = 1\n", encoding="utf-8")
    loops = [LOOP.format(form.format(name)).replace("run", f"run_{i}") for i, form in _numbered()]
    text = "name = 1\n" + "\n".join(loops)
    (package / "__init__.py").write_text(text, encoding="utf-8")


def _numbered() -> list[tuple[int, str]]:
    return list(enumerate(FORMS.values()))


def _loop(form: str) -> Callable[[Any], None]:
    """The loop as a function of this module, which is the host's code."""
    code: CodeType = compile(LOOP.format(form), "loop", "exec")
    space: dict[str, Any] = {"__name__": __name__, "__spec__": __spec__}
    exec(code, space)
    run: Callable[[Any], None] = space["run"]
    return run


def _timed(run: Callable[[Any], None], rounds: int) -> float:
    """Nanoseconds for each import."""
    begin = time.perf_counter_ns()
    run(range(rounds))
    return (time.perf_counter_ns() - begin) / rounds


def _sample_plain(rounds: int) -> list[float]:
    """For each form, in a process of its own: `--plain` below."""
    command = [sys.executable, __file__, "--plain", str(rounds)]
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    samples: list[float] = json.loads(out)
    return samples


def _plain(rounds: int) -> list[float]:
    with tempfile.TemporaryDirectory() as folder:
        _write_package(Path(folder), "unrelated")
        sys.path.insert(0, folder)
        loops = [_loop(form.format("unrelated")) for form in FORMS.values()]
        for run in loops:
            run(range(10))
        return [_timed(run, rounds) for run in loops]


class _Routed:
    """The host and its versions: one package of each kind."""

    def __init__(self, folder: Path) -> None:
        import envknit

        self._use = envknit.use
        _write_package(folder / "host", "unrelated")
        sys.path.insert(0, str(folder / "host"))
        packages = []
        for name, version in (("given", "1.0"), ("chosen", "1.0"), ("chosen", "2.0")):
            path = folder / name / version
            _write_package(path, name)
            packages.append({"name": name, "version": version, "install_path": str(path)})
        lock = folder / "envknit.lock.yaml"
        environments = {"one": packages[:2], "two": packages[2:]}
        # JSON is YAML.
        lock.write_text(
            json.dumps({"schema_version": "1.0", "environments": environments}), encoding="utf-8"
        )
        envknit.configure_from_lock(lock)
        self._own: Any = envknit.import_version("chosen", "2.0")

    def sample(self, number: int, form: str, rounds: int) -> list[float]:
        """Of the columns from "unrelated" on."""
        host = [_timed(_warm(_loop(form.format(name))), rounds) for name in ("unrelated", "given")]
        with self._use("chosen", "2.0"):
            routed = _timed(_warm(_loop(form.format("chosen"))), rounds)
        own = _timed(_warm(getattr(self._own, f"run_{number}")), rounds)
        return [*host, routed, own]


def _warm(run: Callable[[Any], None]) -> Callable[[Any], None]:
    run(range(10))
    return run


def main() -> None:
    """Prints the table."""
    if sys.argv[1:2] == ["--plain"]:
        print(json.dumps(_plain(int(sys.argv[2]))))
        return
    quick = "--quick" in sys.argv[1:]
    rounds = QUICK_ROUNDS if quick else ROUNDS
    samples: list[list[list[float]]] = [[] for _ in FORMS]
    with tempfile.TemporaryDirectory() as folder:
        routed = _Routed(Path(folder))
        for _ in range(QUICK_REPETITIONS if quick else REPETITIONS):
            plain = _sample_plain(rounds)
            for number, form in _numbered():
                samples[number].append([plain[number], *routed.sample(number, form, rounds)])
    lines = [["statement", *COLUMNS, *(f"{column} / plain" for column in COLUMNS[1:])]]
    for title, rows in zip(FORMS, samples, strict=True):
        medians = [statistics.median(column) for column in zip(*rows, strict=True)]
        ratios = [f"{median / medians[0]:.2f}" for median in medians[1:]]
        lines.append([title, *(as_text(TIME, median) for median in medians), *ratios])
    print(table(lines))


if __name__ == "__main__":
    main()
