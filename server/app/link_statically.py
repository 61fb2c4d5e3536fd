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
from pathlib import Path

_SHARED = re.compile(r"(?P<stem>/.*/lib[^/]+)\.so(\.[0-9.]+)?$")
# Libraries that pkg-config names without a path.
_NAMED = {"-lre2": "-l:libre2.a"}


def _static(word: str) -> str:
    """The archive to link instead, or the word itself."""
    match = _SHARED.match(word)
    if match is None:
        return _NAMED.get(word, word)
    archive = Path(match["stem"] + ".a")
    return str(archive) if archive.exists() else word


def rewrite(command: list[str]) -> list[str]:
    """The command that links the same with archives."""
    rewritten = [_static(word) for word in command]
    # Archives need each other in both directions, which shared libraries forgive.
    group = ["-Wl,--start-group", *rewritten[1:], "-Wl,--end-group"]
    return [rewritten[0], "-no-pie", "-static-libstdc++", "-static-libgcc", *group]


if __name__ == "__main__":
    sys.exit(subprocess.call(rewrite(sys.argv[1:])))
