"""The environments of tests/README.md that a runtime of the build fits."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from worker_process import known_workers


def known_environments() -> dict[str, tuple[str, str]]:
    """name -> (tag, path)."""
    folder = os.environ.get("ENVKNIT_TEST_ENVIRONMENTS")
    found = {}
    for python in sorted(Path(folder).glob("*/.python")) if folder else []:
        code = "import sys; print('%d%d' % sys.version_info[:2])"
        interpreter = python.read_text().strip()
        tag = subprocess.run(
            [interpreter, "-I", "-S", "-c", code], capture_output=True, text=True, check=True
        ).stdout.strip()
        if tag in known_workers():
            found[python.parent.name] = (tag, str(python.parent))
    return found
