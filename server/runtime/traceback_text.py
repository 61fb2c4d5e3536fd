"""Tracebacks as text, and their frames with source lines, for the worker's replies.

Loaded by the runtime with the first exception, never imported by name.
"""

import linecache
import traceback
from types import TracebackType

# Of a deep recursion: so many frames from the outside, so many from the inside.
OUTER_FRAMES = 64
INNER_FRAMES = 192


def describe_frames(tb: TracebackType) -> list[tuple[str, int, str, str]]:
    """(file, line, function, source) of the frames of a traceback, outermost first."""
    entries = list(traceback.walk_tb(tb))
    if len(entries) > OUTER_FRAMES + INNER_FRAMES:
        entries = entries[:OUTER_FRAMES] + entries[-INNER_FRAMES:]
    frames = []
    for frame, line in entries:
        code = frame.f_code
        linecache.lazycache(code.co_filename, frame.f_globals)
        source = linecache.getline(code.co_filename, line or 0).strip()
        frames.append((code.co_filename, line or 0, code.co_name, source))
    return frames


def format_exception(exception: BaseException, max_bytes: int) -> str:
    """The traceback as Python prints it; the middle of a longer one is left out."""
    text = "".join(traceback.format_exception(type(exception), exception, exception.__traceback__))
    data = text.encode("utf-8", "backslashreplace")
    if len(data) > max_bytes:
        half = max_bytes // 2 - 8
        data = data[:half] + b"\n[...]\n" + data[-half:]
    return data.decode("utf-8", "ignore")
