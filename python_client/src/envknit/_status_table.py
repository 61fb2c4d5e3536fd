"""A Status as text for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from envknit._status import SessionStatus, Status, WorkerStatus

__all__ = ["render"]

_WIDEST_CELL = 40
_NAME_DIGITS = 8

_WORKER_HEAD = (
    *("pid", "environment", "kind", "python"),
    *("state", "handles", "calls", "rss", "running"),
)
_SESSION_HEAD = ("session", "environment", "pid", "handles", "calls", "opened by", "lives")


def render(status: Status) -> str:
    """Some lines, the last one without its end."""
    if not status:
        return "nothing is running"
    server = "shared server" if status.daemon is None else f"private daemon {status.daemon}"
    lines = [
        f"envknitd {_plain(status.version)} ({server}) at {_plain(status.address or '')}, "
        f"up {_duration(status.uptime)}"
    ]
    lines += _table(_WORKER_HEAD, map(_worker_row, status.workers), "no workers")
    lines += _table(_SESSION_HEAD, map(_session_row, status.sessions), "no sessions")
    return "\n".join(lines)


def _worker_row(worker: WorkerStatus) -> Sequence[str]:
    rss = "" if worker.rss_bytes is None else f"{worker.rss_bytes / (1 << 20):.0f} MiB"
    head = (str(worker.pid), worker.environment, worker.isolation, worker.python, worker.state)
    return (*head, str(worker.handles), str(worker.calls), rss, worker.running)


def _session_row(session: SessionStatus) -> Sequence[str]:
    calls = str(session.calls)
    if session.calls_in_flight:
        calls += f" + {session.calls_in_flight} in flight"
    lives = "while it is called"
    if session.attached:
        lives = "with its client"
    elif session.expires is not None:
        lives = f"{_duration(session.expires - session.last_call)} after its last call"
    name = session.session[:_NAME_DIGITS] + (" (implicit)" if session.implicit else "")
    head = (name, session.environment, str(session.pid or ""), str(session.handles))
    return (*head, calls, session.identity, lives)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]], empty: str) -> list[str]:
    cells = [head, *([_shortened(_plain(cell)) for cell in row] for row in rows)]
    if len(cells) == 1:
        return [f"  {empty}"]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = []
    for row in cells:
        padded = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        lines.append(("  " + "  ".join(padded)).rstrip())
    return lines


def _plain(text: str) -> str:
    """What others wrote, without what a terminal would obey."""
    return "".join(char if char.isprintable() else "?" for char in text)


def _shortened(text: str) -> str:
    return text if len(text) <= _WIDEST_CELL else text[: _WIDEST_CELL - 1] + "…"


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    if seconds < 7200:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.0f} h"
