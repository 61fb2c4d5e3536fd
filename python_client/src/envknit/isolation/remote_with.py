"""Remote context managers: the two ends of a `with` block run in the worker."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envknit.errors import StaleHandleError
from envknit.isolation.thrown_exceptions import rebuild

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Any

    from envknit.isolation.remote_object import RemoteObject

__all__ = ["enter", "leave"]


def enter(self: RemoteObject) -> Any:
    """`__enter__`: its result, which is this very proxy if the object gives itself."""
    result = self._envknit_context.call_method(self._envknit_handle, "__enter__", ())
    handle = getattr(result, "_envknit_handle", None)
    mine = self._envknit_handle
    if handle is not None and (handle.epoch, handle.object_id) == (mine.epoch, mine.object_id):
        return self
    return result


def leave(
    self: RemoteObject,
    kind: type[BaseException] | None,
    error: BaseException | None,
    traceback: TracebackType | None,
) -> bool:
    """`__exit__`, told of a like exception; whether it says that the exception is dealt with."""
    if error is None:
        return bool(
            self._envknit_context.call_method(self._envknit_handle, "__exit__", (None,) * 3)
        )
    try:
        like = rebuild(self._envknit_context, error)
        result = self._envknit_context.call_method(self._envknit_handle, "__exit__", (*like, None))
    except StaleHandleError:
        # The worker went, perhaps because of this very exception: nothing is left to be left.
        return False
    return bool(result)
