"""Tracebacks of failed imports, without the steps of the import itself.

CPython leaves the frames of importlib out of what it shows; so do we with ours: what is left is
the import statement and the package's own code.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["without_import_steps"]

_FOLDER = os.path.dirname(__file__)
_STEPS = frozenset(
    [
        "<frozen importlib._bootstrap>",
        "<frozen importlib._bootstrap_external>",
        *(
            os.path.join(_FOLDER, f"{name}.py")
            for name in (
                "import_router",
                "module_loading",
                "module_search",
                "standard_library",
                "versioned_finder",
                "versioned_loader",
            )
        ),
    ]
)


def without_import_steps(error: BaseException) -> BaseException:
    """The exception of an import that failed, to be raised again."""
    entries = []
    entry: TracebackType | None = error.__traceback__
    while entry is not None:
        entries.append(entry)
        entry = entry.tb_next
    # What a step itself raises is a fault of ours, but for these, which say what they are about.
    is_fault = bool(entries) and _is_step(entries[-1])
    if not entries or (is_fault and not isinstance(error, (ImportError, SyntaxError))):
        return error
    kept = [entry for entry in entries if not _is_step(entry)]
    for entry, following in zip(kept, [*kept[1:], None], strict=False):
        entry.tb_next = following
    return error.with_traceback(kept[0] if kept else None)


def _is_step(entry: TracebackType) -> bool:
    return entry.tb_frame.f_code.co_filename in _STEPS
