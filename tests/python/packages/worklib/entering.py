"""Context managers."""

import builtins
import contextlib
import os
import tempfile

__all__ = ["builtins", "contextlib", "os", "tempfile"]
