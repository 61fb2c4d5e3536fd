"""What one `with envknit.worker(...)` block and its proxies call through."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envknit._wire import ISOLATION_NAMES
from envknit.errors import NotByValueError
from envknit.isolation import copying
from envknit.isolation.call_proxy import CallProxy
from envknit.isolation.module_proxy import ModuleProxy
from envknit.isolation.remote_object import RemoteObject
from envknit.isolation.session import warn_replaced

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType
    from typing import Any, NoReturn

    from envknit import _core
    from envknit.isolation.session import WorkerSession

__all__ = ["WorkerContext"]

#: How long a worker may go on taking items for one reply.
LONGEST_STEP_S = 0.5


class WorkerContext:
    """The value of `envknit.worker()`: a context manager, and the settings of its calls.

    It holds no worker of its own: blocks with the same arguments share one, and what they
    made lives on after the block.
    """

    def __init__(
        self, session: WorkerSession, module: str, timeout: float, *, copy_results: bool
    ) -> None:
        self.session = session
        self.timeout = timeout
        self.title = session.title
        self._module = module
        self._copy_results = copy_results
        #: "process" or "subinterpreter": what it came to. Empty before the block is entered.
        self.isolation = ""
        #: Why, for people.
        self.isolation_reason = ""

    def __enter__(self) -> ModuleProxy:
        described = self.session.import_module(self._module, self)
        description, worker = described["module"], described["worker"]
        self.isolation = ISOLATION_NAMES.get(worker["isolation"], "")
        self.isolation_reason = worker["isolation_reason"]
        return ModuleProxy(
            self,
            self._module,
            "",
            description["names"],
            description["submodules"],
            truncated=description["truncated"],
        )

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        return None

    def __aenter__(self) -> NoReturn:
        raise TypeError(
            "envknit.worker() is a synchronous context manager: use `with`, not `async with`"
        )

    async def __aexit__(self, *exc_info: object) -> None:
        return None

    def __repr__(self) -> str:
        return f"<WorkerContext of {self.title}, timeout={self.timeout:g} s>"

    def call(
        self, target: _core.Target, args: tuple[Any, ...], kwargs: Mapping[str, Any] | None
    ) -> Any:
        """One call, one round trip."""
        result = self.session.call(target, args, kwargs, self.timeout, self)
        return copying.fetch(result) if self._copy_results else result

    def call_method(self, handle: _core.Handle, name: str, args: tuple[Any, ...]) -> Any:
        """Calls a method of a remote object; operators come this way."""
        from envknit import _core

        return self.call(_core.Target.of_handle(handle, name), args, None)

    def call_object(
        self, handle: _core.Handle, args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> Any:
        """Calls a remote object itself."""
        from envknit import _core

        return self.call(_core.Target.of_handle(handle, ""), args, kwargs or None)

    def call_function(self, module: str, name: str, args: tuple[Any, ...]) -> Any:
        """Calls a function of any module of the worker."""
        from envknit import _core

        return self.call(_core.Target.of_module(module, name), args, None)

    def next_items(
        self, handle: _core.Handle, max_items: int, *, begin: bool = False
    ) -> tuple[list[Any], bool, Any, Any, BaseException | None]:
        """Takes items from a remote iterator, as `WorkerSession.next_items`; one round trip."""
        from envknit import _core

        target = _core.Target.of_handle(handle, "")
        # Items may be slow to make: those that are there come before the timeout.
        max_time = min(LONGEST_STEP_S, self.timeout / 2)
        taken = self.session.next_items(
            target, max_items, self.timeout, self, begin=begin, max_time=max_time
        )
        if self._copy_results:
            return ([copying.fetch(item) for item in taken[0]], *taken[1:])
        return taken

    def method(self, remote: RemoteObject, name: str) -> CallProxy:
        """A method of a remote object, without asking the worker for it."""
        from envknit import _core

        title = f"{type(remote)._envknit_type.full_name}.{name}"
        return CallProxy(self, _core.Target.of_handle(remote._envknit_handle, name), title)

    def fetch_attribute(self, handle: _core.Handle, name: str) -> Any:
        """An attribute of a remote object: data by value, everything else as a proxy."""
        from envknit import _core

        return self.fetch(_core.Target.of_handle(handle, name))

    def fetch(self, target: _core.Target) -> Any:
        """What stands at the target."""
        found = self.session.get_attr(target, self.timeout, self)
        if not (self._copy_results and isinstance(found, RemoteObject) and copying.is_data(found)):
            return found
        try:
            return copying.fetch(found)
        except NotByValueError:
            # A list of what is no data may still be iterated over there.
            return found

    def copy_of(self, handle: _core.Handle) -> Any:
        """A local copy of a remote object, by value all the way down."""
        from envknit import _core

        return self.session.fetch(_core.Target.of_handle(handle, ""), self.timeout, self)

    def describe(self, target: _core.Target) -> Mapping[str, Any]:
        """Names, documentation and signature of what stands at the target."""
        return self.session.describe(target, self.timeout, self)

    def set_attribute(self, target: _core.Target, name: str, value: object) -> None:
        """Sets an attribute of what stands at the target."""
        self.session.set_attr(target, name, value, self.timeout, self)

    def delete_attribute(self, target: _core.Target, name: str) -> None:
        """Deletes an attribute of what stands at the target."""
        self.session.del_attr(target, name, self.timeout, self)

    def resolve(self, target: _core.Target) -> RemoteObject:
        """What stands at the target, always as a remote object."""
        resolved = self.session.get_attr(target, self.timeout, self, as_handle=True)
        assert isinstance(resolved, RemoteObject)
        return resolved

    def worker_replaced(self) -> None:
        """The reply that is being read came from a new worker."""
        warn_replaced(self.title)
