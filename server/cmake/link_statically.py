"""Runs a link command with archives in the place of shared libraries.

The shared libraries below envknitd are 55, and loading them takes 27 ms of its 36 ms
start. Debian has archives of all of them, but its CMake packages name only the shared
ones; so the command is rewritten here, where it is complete. What has no archive (the
C library) stays shared. Archives that are not position independent allow no PIE.

Usage: link_statically.py COMMAND WORD… (CMake's RULE_LAUNCH_LINK)
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

_SHARED = re.compile(r"(?P<stem>/.*/lib[^/]+)\.so(\.[0-9.]+)?")
# Those that pkg-config names without a path, and that are ours to choose.
_NAMED = {"-lre2"}


def _archive(word: str, folders: Iterable[Path]) -> str:
    """The archive to link instead, or the word itself."""
    if match := _SHARED.fullmatch(word):
        candidates = [Path(match["stem"] + ".a")]
    elif word in _NAMED:
        candidates = [folder / f"lib{word.removeprefix('-l')}.a" for folder in folders]
    else:
        candidates = []
    return next((str(path) for path in candidates if path.exists()), word)


def rewrite(command: list[str]) -> list[str]:
    """The command that links the same with archives."""
    compiler, *words = command
    folders = [Path(word.removeprefix("-L")) for word in words if word.startswith("-L")]
    # Archives need each other in both directions, which shared libraries forgive.
    return [
        *(compiler, "-no-pie", "-static-libstdc++", "-static-libgcc", "-Wl,--start-group"),
        *(_archive(word, folders) for word in words),
        "-Wl,--end-group",
    ]


if __name__ == "__main__":
    sys.exit(subprocess.call(rewrite(sys.argv[1:])))
