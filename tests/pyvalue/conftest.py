"""The codec under test, for the Python that runs the tests."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from protocol import build_directory  # noqa: E402

sys.path.insert(0, str(build_directory() / "tests" / "pyvalue"))
try:
    importlib.import_module("_pyvalue_test")
except ImportError:
    collect_ignore_glob = ["test_*.py"]


def pytest_report_header() -> str:
    built = "_pyvalue_test" in sys.modules
    return f"codec: {build_directory() if built else 'not built for this Python, tests left out'}"


@pytest.fixture
def pool() -> dict:
    """Objects by handle id, for tests that pass handles."""
    return {}
