"""What an import that failed says about sub-interpreters.

Loaded by the runtime with the first import that fails in TryImport, never imported by name.
"""

import os
import sys

MAX_LINKS = 32
MAX_CHARACTERS = 4096

# How CPython, and extension modules that keep state for the whole process, say that they can't
# load in a second interpreter. Seen with CPython 3.12 and 3.13 unless named otherwise.
_SIGNS = (
    # CPython ("module _regex does not support loading in subinterpreters"), PyO3.
    "subinterpreter",
    "sub-interpreter",
    # numpy.
    "cannot load module more than once per process",
    "CPU dispatcher tracer already initialized",
    # Cython.
    "can only be loaded into one interpreter per process",
    # PyO3.
    "may only be initialized once per interpreter process",
    # Python 3.12's own _datetime does not load, and what is built on it fails so.
    "datetime_CAPI",
)


def incompatibility(exception: BaseException) -> str:
    """What it, or what it was raised for, says of that; packages wrap such errors. "" if none."""
    waiting = [exception]
    seen: set[int] = set()
    while waiting and len(seen) < MAX_LINKS:
        error = waiting.pop()
        if id(error) in seen:
            continue
        seen.add(id(error))
        # PyO3's PanicException is no Exception.
        if not issubclass(type(error), (KeyboardInterrupt, SystemExit, GeneratorExit)):
            text = _text(error)
            if any(sign in text for sign in _SIGNS):
                return f"{type(error).__name__}: {text}"
            foreign = _compiled_for_another(error)
            if foreign:
                return f"{text} ({foreign} is compiled for another Python)"
        waiting += [link for link in (error.__context__, error.__cause__) if link is not None]
    return ""


def _compiled_for_another(error: BaseException) -> str:
    """The compiled file of a module that was not found: this Python passes it over."""
    name = getattr(error, "name", None)
    if not isinstance(error, ModuleNotFoundError) or type(name) is not str:
        return ""
    *packages, module = name.split(".")
    for root in sys.path:
        folder = "/".join([root, *packages])
        try:
            files = os.listdir(folder)
        except (OSError, ValueError):
            continue
        for file in files:
            if file.startswith(module + ".") and file.endswith((".so", ".pyd")):
                return f"{folder}/{file}"
    return ""


def _text(error: BaseException) -> str:
    try:
        return str(error)[:MAX_CHARACTERS]
    except Exception:
        return ""
