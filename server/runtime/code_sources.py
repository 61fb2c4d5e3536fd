"""Source text that requests bring, kept where tracebacks look for the lines of a file.

Loaded by the runtime with the first Execute, never imported by name.
"""

import linecache

# Functions that the code left somewhere may fail later: the last few texts are kept.
MAX_KEPT = 16
MAX_CHARACTERS = 1 << 20

_kept: dict[str, int] = {}
_count = 0


def add(text: str) -> str:
    """The file name to compile `text` under; older texts make room."""
    global _count
    _count += 1
    name = f"<execute-{_count}>"
    lines = [line + "\n" for line in text.split("\n")]
    # Without a time of change, linecache looks for no file.
    linecache.cache[name] = (len(text), None, lines, name)
    _kept[name] = len(text)
    total = sum(_kept.values())
    for old in list(_kept)[:-1]:
        if len(_kept) <= MAX_KEPT and total <= MAX_CHARACTERS:
            break
        total -= _kept.pop(old)
        linecache.cache.pop(old, None)
    return name
