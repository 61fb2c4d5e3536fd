"""Who takes part, and the driver's end of each one's process."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
_END_TIMEOUT_S = 10.0


class ContestantError(Exception):
    """A contestant failed, hung or died; the text fits in a table's note."""

    #: What the cell of the table says.
    cell = "fails"


class ContestantWrongError(ContestantError):
    """A contestant gave a wrong answer."""

    cell = "wrong"


class ContestantUnableError(ContestantError):
    """A contestant has no way to do this, which is no failure."""

    cell = "-"


_ERRORS = {
    "failed": ContestantError,
    "wrong": ContestantWrongError,
    "unable": ContestantUnableError,
}


@dataclass(frozen=True)
class Contestant:
    """One column of the table.

    Attributes:
        name: Its name on the command line and in the table.
        kind: Which world and which steps it uses; ours and the reference are
            both ``envknit``.
        python: Its interpreter.
        missing: Why it can't take part; empty when it does.
    """

    name: str
    kind: str
    python: str
    missing: str = ""


def contestant_environment() -> dict[str, str]:
    """The environment of every process that is measured.

    Without what would point a contestant at another server, other packages or
    another way of carrying calls than the run says.
    """
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("ENVKNIT", "PYTHON")) and name != "VIRTUAL_ENV"
    }


def end_process_group(process: subprocess.Popen[bytes]) -> None:
    """Kills the process group that ``process`` leads, and waits for the process."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


class ContestantProcess:
    """A running ``contestant_main.py``; commands and answers by line.

    Not thread-safe; the driver has one thread. After a ContestantError of a
    hang or a death the process is gone, and :attr:`alive` says so.
    """

    def __init__(self, contestant: Contestant, settings: Path, log: Path) -> None:
        self.contestant = contestant
        self._log = log
        self._received = b""
        with log.open("ab") as log_file:
            self._process = subprocess.Popen(
                [contestant.python, str(HERE / "contestant_main.py"), contestant.kind, settings],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log_file,
                env=contestant_environment(),
                start_new_session=True,
            )
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._pipe_out(), selectors.EVENT_READ)

    @property
    def alive(self) -> bool:
        """Whether the process can take another command."""
        return self._process.poll() is None

    def ask(self, timeout_s: float, **command: object) -> dict[str, Any]:
        """The answer to ``command``; ContestantError when it failed or took too long."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(command).encode() + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise self._died() from None
        answer: dict[str, Any] = json.loads(self._read_line(timeout_s))
        for name, error in _ERRORS.items():
            if name in answer:
                raise error(answer[name])
        return answer

    def close(self, timeout_s: float = _END_TIMEOUT_S) -> None:
        """Ends the process: politely, then with its whole group."""
        assert self._process.stdin is not None
        self._selector.close()
        try:
            self._process.stdin.close()
            self._process.wait(timeout_s)
        except (BrokenPipeError, subprocess.TimeoutExpired):
            pass
        self._pipe_out().close()
        end_process_group(self._process)

    def _pipe_out(self) -> Any:
        return self._process.stdout

    def _read_line(self, timeout_s: float) -> bytes:
        deadline = time.monotonic() + timeout_s
        while b"\n" not in self._received:
            if not self._selector.select(max(0.0, deadline - time.monotonic())):
                end_process_group(self._process)
                raise ContestantError(f"hangs: no answer within {timeout_s:.0f} s")
            chunk = os.read(self._pipe_out().fileno(), 1 << 16)
            if not chunk:
                raise self._died()
            self._received += chunk
        line, self._received = self._received.split(b"\n", 1)
        return line

    def _died(self) -> ContestantError:
        end_process_group(self._process)
        lines = self._log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        last = f": {lines[-1]:.120}" if lines else ""
        return ContestantError(f"process ended{last} (log: {self._log})")
