"""Exceptions of this process as exceptions of a worker."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from envknit.errors import RemoteError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from envknit.isolation.worker_context import WorkerContext

__all__ = ["rebuild"]


def rebuild(context: WorkerContext, error: BaseException) -> tuple[Any, Any]:
    """A class and an instance of it in the worker that are as near to `error` as can be.

    A remote exception's own class, if the worker finds it under its name; a class of the
    standard library; the nearest base that is one; at last RuntimeError with the text. They
    are made from the arguments of `error` where these can cross.
    """
    text = (str(error),)
    for module, name in _names(error):
        for args in (error.args, text):
            try:
                return _make(context, module, name, args)
            except RemoteError:
                # Not there, or it takes other arguments.
                continue
            except TypeError:
                # An argument that can't cross.
                continue
    return _make(context, "builtins", "RuntimeError", text)


def _make(context: WorkerContext, module: str, name: str, args: tuple[Any, ...]) -> tuple[Any, Any]:
    from envknit import _core

    kind = context.resolve(_core.Target.of_module(module, name))
    if "builtins.BaseException" not in kind._envknit_type.mro:
        raise TypeError(f"{module}.{name} is no exception")
    made = context.call_object(kind._envknit_handle, args, {})
    remote_type = getattr(type(made), "_envknit_type", None)
    if remote_type is None or "builtins.BaseException" not in remote_type.mro:
        raise TypeError(f"{module}.{name} makes no exception")
    return kind, made


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


_STDLIB = sys.stdlib_module_names | {"builtins"}
