"""What one `async with envknit.aworker(...)` block and its proxies call through."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envknit._wire import ISOLATION_NAMES
from envknit.isolation.named_proxy import Unresolved
from envknit.isolation.session import START_TIMEOUT_S, warn_replaced

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Mapping
    from types import TracebackType
    from typing import Any, NoReturn

    from envknit import _core
    from envknit.isolation.async_proxies import AsyncProxy
    from envknit.isolation.loop_calls import LoopCalls
    from envknit.isolation.session import WorkerSession

__all__ = ["AsyncWorkerContext"]


class AsyncWorkerContext:
    """The value of `envknit.aworker()`: an asynchronous context manager, and its calls' settings.

    Calls are sent when they are made, and awaited when the caller likes. Like WorkerContext
    it holds no worker of its own. asyncio is imported at first use.
    """

    def __init__(
        self, session: WorkerSession, module: str, timeout: float, *, copy_results: bool
    ) -> None:
        self.session = session
        self.timeout = timeout
        self.title = session.title
        self._module = module
        self._copy_results = copy_results
        self._last: LoopCalls | None = None
        #: "process" or "subinterpreter": what it came to. Empty before the block is entered.
        self.isolation = ""
        #: Why, for people.
        self.isolation_reason = ""

    async def __aenter__(self) -> AsyncProxy:
        from envknit.isolation.async_proxies import AsyncProxy

        calls = self._calls()
        calls.users += 1
        try:
            params = (self._module, START_TIMEOUT_S)
            description = await self._send(calls, calls.core.import_module, params)
        except BaseException:
            calls.leave()
            raise
        worker = description["worker"]
        self.isolation = ISOLATION_NAMES.get(worker["isolation"], "")
        self.isolation_reason = worker["isolation_reason"]
        return AsyncProxy.of_module(self, self._module, description["module"])

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._calls().leave()

    def __enter__(self) -> NoReturn:
        raise TypeError(
            "envknit.aworker() is an asynchronous context manager: use `async with`, not `with`"
        )

    def __exit__(self, *exc_info: object) -> None:
        return None

    def __repr__(self) -> str:
        return f"<AsyncWorkerContext of {self.title}, timeout={self.timeout:g} s>"

    def call(
        self, target: _core.Target, args: tuple[Any, ...], kwargs: Mapping[str, Any] | None
    ) -> asyncio.Future[Any]:
        """One call, one round trip."""
        calls = self._calls()
        params = (target, args, kwargs, self.timeout)
        return self._send(calls, calls.core.call, params, copied=self._copy_results)

    def call_method(
        self, handle: _core.Handle, name: str, args: tuple[Any, ...]
    ) -> asyncio.Future[Any]:
        """Calls a method of a remote object."""
        from envknit import _core

        return self.call(_core.Target.of_handle(handle, name), args, None)

    def call_function(self, module: str, name: str, args: tuple[Any, ...]) -> asyncio.Future[Any]:
        """Calls a function of any module of the worker; operators come this way."""
        from envknit import _core

        return self.call(_core.Target.of_module(module, name), args, None)

    def fetch(self, target: _core.Target) -> asyncio.Future[Any]:
        """What stands at the target: data by value, everything else as a proxy."""
        calls = self._calls()
        return self._send(calls, calls.core.get_attr, (target, False, self.timeout))

    def resolved(self, target: _core.Target) -> asyncio.Future[Any]:
        """What stands at the target, always as a remote object."""
        calls = self._calls()
        return self._send(calls, calls.core.get_attr, (target, True, self.timeout))

    def resolve(self, target: _core.Target) -> NoReturn:
        """For the codec, which can't wait."""
        raise Unresolved

    def copy_of(self, handle: _core.Handle) -> Any:
        """A local copy of a remote object. Blocks: not for the loop's thread."""
        from envknit import _core

        return self.session.fetch(_core.Target.of_handle(handle, ""), self.timeout, self)

    def worker_replaced(self) -> None:
        """The reply that is being read came from a new worker."""
        warn_replaced(self.title)

    def _calls(self) -> LoopCalls:
        """Those of the running loop."""
        from envknit.isolation import loop_calls

        self._last = calls = loop_calls.of_running_loop(self._last)
        return calls

    def _send(
        self,
        calls: LoopCalls,
        send: Callable[..., Any],
        params: tuple[Any, ...],
        *,
        copied: bool = False,
    ) -> asyncio.Future[Any]:
        kind = calls.copied_call_class if copied else calls.call_class
        call = kind(loop=calls.loop)
        call._envknit_request = (calls, send, params, self)
        call.transmit(self.session.current)
        return call
