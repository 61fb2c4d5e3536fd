"""Calls that an event loop awaits: their futures, and the loop's part of the extension."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from envknit import _core
from envknit.errors import EnvknitError
from envknit.isolation import copying
from envknit.isolation.async_proxies import AsyncProxy
from envknit.isolation.named_proxy import Unresolved
from envknit.isolation.session import SLACK_S

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import NoReturn

    from envknit.isolation.async_context import AsyncWorkerContext

__all__ = ["CopiedCall", "LoopCalls", "RemoteCall", "of_running_loop"]

# How often calls are looked at whose timeout is long over: the server answers in time
# unless it hangs.
_CHECK_S = 0.5

_loops: dict[asyncio.AbstractEventLoop, LoopCalls] = {}


def of_running_loop(known: LoopCalls | None) -> LoopCalls:
    """The calls of the running loop; `known` may be them.

    Raises:
        RuntimeError: No loop runs in this thread.
    """
    loop = asyncio.get_running_loop()
    if known is not None and known.loop is loop and not known.closed:
        return known
    found = _loops.get(loop)
    if found is None:
        for other in [entry for entry in _loops if entry.is_closed()]:
            _loops.pop(other).close()
        found = _loops[loop] = LoopCalls(loop)
    return found


class LoopCalls:
    """What one loop has in flight. Belongs to the loop's thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.core = _core.AsyncCalls(_failed)
        self.call_class = RemoteCall
        self.copied_call_class = CopiedCall
        self.closed = False
        #: Open blocks; after the last one nothing of ours stays in the loop.
        self.users = 0
        #: Whether a check of overdue calls is due.
        self.watched = False
        self._tasks: set[asyncio.Task[None]] = set()
        loop.add_reader(self.core.fileno(), self.core.drain)

    def leave(self) -> None:
        """A block ended. Its calls and proxies go on working."""
        self.users -= 1
        self._close_if_idle()

    def watch(self) -> None:
        """Calls are in flight."""
        if not self.watched:
            self.watched = True
            self.loop.call_later(_CHECK_S, self._look)

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Runs what has to wait behind a call's future."""
        task = self.loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def close(self) -> None:
        """Cancels what is in flight and lets the loop go."""
        self.closed = True
        if not self.loop.is_closed():
            self.loop.remove_reader(self.core.fileno())
        self.core.close()

    def _look(self) -> None:
        self.watched = False
        if self.closed:
            return
        self.core.check()
        if self.core.waiting:
            self.watch()
        else:
            self._close_if_idle()

    def _close_if_idle(self) -> None:
        if self.users == 0 and not self.core.waiting and not self._tasks and not self.closed:
            _loops.pop(self.loop, None)
            self.close()


class RemoteCall(asyncio.Future[Any]):
    """A call in a worker. It was sent; awaiting it gives its result.

    Cancelling it, or the task that awaits it, cancels the call in the worker. It also passes
    as a coroutine, for `asyncio.create_task` and task groups.
    """

    __slots__ = ("_envknit_iterator", "_envknit_request", "_envknit_tried")

    #: Who sends it, and how: the calls of its loop, their method, its parameters, its context.
    #: Set once, right after it was made; the other two only when they are needed.
    _envknit_request: tuple[LoopCalls, Callable[..., Any], tuple[Any, ...], AsyncWorkerContext]
    _envknit_iterator: Any
    _envknit_tried: bool

    def transmit(self, core: _core.Session | None) -> None:
        """Sends the call, or sees to it that it will be, if there is no session yet."""
        calls, send, params, context = self._envknit_request
        if core is None:
            calls.spawn(self._open())
            return
        try:
            sent = send(core, *params, SLACK_S, context, self)
        except Exception as error:
            self.failed(error, core)
            return
        if sent is False:
            # Large arguments are copied first, by calls of their own.
            calls.spawn(self._call_in_thread(core))
        elif not calls.watched:
            calls.watch()

    def cancel(self, msg: Any = None) -> bool:
        """Cancels the call in the worker at once, too."""
        if not super().cancel(msg):
            return False
        self._envknit_request[0].core.cancel(self)
        return True

    def failed(self, error: BaseException, core: _core.Session) -> None:
        """It got no result on that session."""
        calls = self._envknit_request[0]
        if isinstance(error, Unresolved) and isinstance(error.proxy, AsyncProxy):
            calls.spawn(self._resolve(error.proxy))
        elif isinstance(error, EnvknitError) and not getattr(self, "_envknit_tried", False):
            calls.spawn(self._recover(error, core))
        else:
            self.set_exception(error)

    async def _open(self) -> None:
        """Another thread starts what has to be started: that blocks."""
        await self._again(self._envknit_request[3].session.opened, None)

    async def _recover(self, error: EnvknitError, core: _core.Session) -> None:
        self._envknit_tried = True
        await self._again(self._envknit_request[3].session.after, error, core)

    async def _call_in_thread(self, core: _core.Session) -> None:
        calls, _, params, context = self._envknit_request
        target, args, kwargs, timeout = params
        try:
            result = await calls.loop.run_in_executor(
                None, core.call, target, args, kwargs, timeout, SLACK_S, context
            )
        except asyncio.CancelledError:
            self.cancel()
            raise
        except Exception as error:
            if not self.done():
                self.failed(error, core)
            return
        if not self.done():
            self.set_result(result)

    async def _again(self, find: Callable[..., _core.Session | None], *args: Any) -> None:
        try:
            core = await self._envknit_request[0].loop.run_in_executor(None, find, *args)
        except asyncio.CancelledError:
            self.cancel()
            raise
        except BaseException as error:
            if not self.done():
                self.set_exception(error)
            return
        if self.done():
            return
        if core is None:
            self.set_exception(args[0])
        else:
            self.transmit(core)

    async def _resolve(self, argument: AsyncProxy) -> None:
        """An argument names something in the worker: asks for it first."""
        try:
            await argument._envknit_ask()
        except asyncio.CancelledError:
            self.cancel()
            raise
        except BaseException as error:
            if not self.done():
                self.set_exception(error)
            return
        if not self.done():
            self.transmit(self._envknit_request[3].session.current)

    # As a coroutine.

    def send(self, value: None) -> Any:
        return self._envknit_steps().send(value)

    def throw(self, *error: Any) -> Any:
        return self._envknit_steps().throw(*error)

    def close(self) -> None:
        self.cancel()

    def _envknit_steps(self) -> Any:
        iterator = getattr(self, "_envknit_iterator", None)
        if iterator is None:
            iterator = self._envknit_iterator = self.__await__()
        return iterator

    # Forgotten awaits.

    def __bool__(self) -> NoReturn:
        raise TypeError(f"{_FORGOTTEN}: its truth is known only then")

    def __iter__(self) -> NoReturn:
        raise TypeError(f"{_FORGOTTEN} before iterating or unpacking")

    def __index__(self) -> NoReturn:
        raise TypeError(f"{_FORGOTTEN} for its number")

    def __getattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"{_FORGOTTEN}: `(await ...).{name}`")


_FORGOTTEN = "a call in a worker has no value before it is awaited: write `await ...`"


class CopiedCall(RemoteCall):
    """With `results="copy"`."""

    __slots__ = ()

    def set_result(self, result: Any) -> None:
        if not copying.is_left_behind(result):
            super().set_result(result)
            return
        # A copy is calls of its own, which a thread waits for.
        copied = self.get_loop().run_in_executor(None, copying.fetch, result)
        copied.add_done_callback(self._copied)

    def _copied(self, copied: asyncio.Future[Any]) -> None:
        if self.done() or copied.cancelled():
            return
        error = copied.exception()
        if error is None:
            super().set_result(copied.result())
        else:
            self.set_exception(error)


def _failed(call: RemoteCall, error: BaseException, core: _core.Session) -> None:
    """The extension's way to `RemoteCall.failed`."""
    call.failed(error, core)
