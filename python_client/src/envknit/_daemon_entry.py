"""The console script `envknitd`: becomes the daemon that is in this package."""

from __future__ import annotations

import os
import sys

__all__ = ["main"]


def main() -> None:
    """Replaces this process by the daemon, with the same arguments."""
    binary = os.path.join(os.path.dirname(os.path.abspath(__file__)), "_daemon", "envknitd")
    try:
        os.execv(binary, ["envknitd", *sys.argv[1:]])
    except OSError as error:
        sys.exit(f"envknitd: can't run {binary}: {error.strerror}")
