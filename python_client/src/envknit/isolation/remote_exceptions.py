"""Exceptions of workers as exceptions of this process."""

from __future__ import annotations

import builtins
from typing import TYPE_CHECKING

from envknit.errors import RemoteError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

__all__ = ["make_remote_error"]

# RemoteError is these already.
_PLAIN = frozenset(("BaseException", "Exception", "RuntimeError"))
# Python gives these a meaning of their own where they are raised.
_OWN_MEANING = (
    "builtins.StopIteration",
    "builtins.StopAsyncIteration",
    "builtins.BaseExceptionGroup",
)
# Attributes that these builtins take from their arguments, in order.
_FIELDS: tuple[tuple[type[BaseException], tuple[str, ...]], ...] = (
    (OSError, ("errno", "strerror", "filename")),
    (UnicodeDecodeError, ("encoding", "object", "start", "end", "reason")),
    (UnicodeEncodeError, ("encoding", "object", "start", "end", "reason")),
)

_classes: dict[tuple[type[BaseException], ...], type[RemoteError]] = {}


def make_remote_error(description: Mapping[str, Any]) -> RemoteError:
    """The exception for a RemoteException message, given by its fields' names.

    No constructor but those of BaseException runs: `__init__` of a user's class is
    unknown here, and a builtin's may refuse the arguments.
    """
    error = _make(_class_for(description["mro"]))
    error.args = tuple(description["args"])
    _set_fields(error)
    module, name = description["module"], description["type"]
    error.remote_type = f"{module}.{name}" if module else name
    error.remote_mro = tuple(description["mro"])
    error.remote_message = description["message"]
    error.remote_traceback = description["traceback"]
    error.exceptions = tuple(make_remote_error(member) for member in description["group"])
    error._description = description
    if description["notes"]:
        _set_notes(error, list(description["notes"]))
    if "context" in description:
        error.__context__ = _chained(description["context"])
    if "cause" in description:
        error.__cause__ = _chained(description["cause"])
    error.__suppress_context__ = description["suppress_context"]
    return error


def _make(kind: type[RemoteError]) -> RemoteError:
    # The base that says how objects are laid out is the one to make them: OSError, say.
    bases: tuple[type[BaseException], ...] = kind.__bases__
    maker = max(bases, key=lambda base: base.__basicsize__)
    error = maker.__new__(kind)
    assert isinstance(error, RemoteError)
    return error


def _chained(description: Mapping[str, Any]) -> RemoteError:
    error = make_remote_error(description)
    # The traceback of the last one shows the whole chain.
    error.remote_traceback = ""
    return error


def _set_notes(error: RemoteError, notes: list[str]) -> None:
    # PEP 678's attribute; Python 3.10 merely keeps it.
    vars(error)["__notes__"] = notes


def _class_for(mro: Sequence[str]) -> type[RemoteError]:
    """RemoteError, with the builtin bases that the remote class has."""
    bases = _builtin_bases(mro)
    if not bases:
        return RemoteError
    known = _classes.get(bases)
    if known is not None:
        return known
    try:
        made = _make_class(bases)
    except TypeError:
        # The builtins' layouts in memory conflict: then only the nearest.
        made = _make_class(bases[:1])
    _classes[bases] = made
    return made


def _make_class(bases: tuple[type[BaseException], ...]) -> type[RemoteError]:
    name = "Remote" + bases[0].__name__
    made = type(name, (RemoteError, *bases), {"__module__": "envknit", "__doc__": None})
    assert issubclass(made, RemoteError)
    return made


def _builtin_bases(mro: Sequence[str]) -> tuple[type[BaseException], ...]:
    if "builtins.Exception" not in mro or any(name in mro for name in _OWN_MEANING):
        return ()
    found: list[type[BaseException]] = []
    for entry in mro:
        module, _, name = entry.rpartition(".")
        if module != "builtins" or name in _PLAIN:
            continue
        kind = getattr(builtins, name, None)
        if not (isinstance(kind, type) and issubclass(kind, Exception)):
            continue
        if not any(issubclass(taken, kind) for taken in found):
            found.append(kind)
    return tuple(found)


def _set_fields(error: RemoteError) -> None:
    for kind, names in _FIELDS:
        if isinstance(error, kind):
            for name, value in zip(names, error.args):  # noqa: B905 - strict is 3.10's, lengths differ
                try:
                    setattr(error, name, value)
                except (TypeError, AttributeError):
                    return
