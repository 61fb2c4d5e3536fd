"""Exceptions of this process as exceptions of a worker."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from envknit.errors import RemoteError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from envknit.isolation.remote_object import RemoteObject
    from envknit.isolation.worker_context import WorkerContext

__all__ = ["rebuild"]

_BASE = "builtins.BaseException"
_STDLIB = sys.stdlib_module_names | {"builtins"}


def rebuild(context: WorkerContext, error: BaseException) -> tuple[RemoteObject, Any]:
    """A class and an instance of it in the worker that are as near to `error` as can be.

    A remote exception's own class, if the worker finds it under its name; a class of the
    standard library; the nearest base that is one; at last RuntimeError with the text. They
    are made from the arguments of `error` where these can cross.
    """
    text = (str(error),)
    for module, name in (*_names(error), ("builtins", "RuntimeError")):
        kind = _find(context, module, name)
        if kind is None:
            continue
        for args in (error.args, text):
            made = _make(context, kind, args)
            if made is not None:
                return kind, made
    raise AssertionError("RuntimeError takes a text")


def _find(context: WorkerContext, module: str, name: str) -> RemoteObject | None:
    """The exception class of that name, if the worker has one."""
    from envknit import _core

    try:
        kind = context.resolve(_core.Target.of_module(module, name))
    except RemoteError:
        return None
    is_exception = kind._envknit_type.is_class and _BASE in kind._envknit_type.mro
    return kind if is_exception else None


def _make(context: WorkerContext, kind: RemoteObject, args: tuple[Any, ...]) -> Any:
    """An exception of that class, or None if it can't be made from these arguments."""
    try:
        made = context.call_object(kind._envknit_handle, args, {})
    except RemoteError:
        # It takes others.
        return None
    except TypeError:
        # One of them can't cross.
        return None
    remote_type = getattr(type(made), "_envknit_type", None)
    return made if remote_type is not None and _BASE in remote_type.mro else None


def _names(error: BaseException) -> Iterator[tuple[str, str]]:
    """Where to look for a class, as module and qualified name, nearest first."""
    if isinstance(error, RemoteError) and error.remote_mro:
        description = error._description or {}
        yield description.get("module") or "builtins", description.get("type", "")
        for entry in error.remote_mro[1:]:
            module, _, name = entry.rpartition(".")
            if module == "builtins" and name != "object":
                yield module, name
        return
    for kind in type(error).__mro__[:-1]:
        if kind.__module__.partition(".")[0] in _STDLIB:
            yield kind.__module__, kind.__qualname__
