"""One sample of a cold row: a script's life in a fresh interpreter."""

from __future__ import annotations

import subprocess
import threading
import time
from pathlib import Path

from contestants import (
    HERE,
    Contestant,
    ContestantError,
    contestant_environment,
    end_process_group,
)
from row_kinds import ColdRow

_LIMIT_S = 60.0


def run_script(contestant: Contestant, row: ColdRow, settings: Path, log: Path) -> tuple[int, int]:
    """Nanoseconds to the first line and to the end; ContestantError unless that was right."""
    script = HERE / "cold" / row.scripts[contestant.kind]
    with log.open("ab") as log_file:
        begin = time.perf_counter_ns()
        process = subprocess.Popen(
            [contestant.python, str(script), str(settings), contestant.kind],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log_file,
            env=contestant_environment(),
            start_new_session=True,
        )
    assert process.stdout is not None
    late = threading.Timer(_LIMIT_S, end_process_group, [process])
    late.start()
    try:
        first_line = process.stdout.readline()
        first_line_ns = time.perf_counter_ns() - begin
        process.wait()
        end_ns = time.perf_counter_ns() - begin
    finally:
        late.cancel()
        process.stdout.close()
        if process.returncode is None:
            end_process_group(process)
    if process.returncode != 0 or first_line.decode().strip() != row.expected:
        raise ContestantError(
            f"exit status {process.returncode}, first line {first_line!r} (log: {log})"
        )
    return first_line_ns, end_ns
