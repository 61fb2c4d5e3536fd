"""`envknit.environment()`: several packages of one locked environment in one worker."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envknit._connection import uses_shared_server
from envknit._registry import registry
from envknit.errors import NotRegisteredError
from envknit.isolation.module_proxy import ModuleProxy
from envknit.isolation.process_pool import WorkerKey
from envknit.isolation.worker import check_isolation, check_results, check_timeout, session_of
from envknit.isolation.worker_context import WorkerContext

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Literal

    from envknit.isolation.worker import Isolation

__all__ = ["Environment", "EnvironmentContext", "environment"]


def environment(
    name: str,
    timeout: float = 30.0,
    *,
    isolation: Isolation = "process",
    results: Literal["auto", "copy"] = "auto",
) -> EnvironmentContext:
    """A locked environment in a worker process of its own, for several of its packages.

    Objects pass freely between modules of one environment::

        with envknit.environment("ml") as ml:
            np, pd = ml.import_module("numpy"), ml.import_module("pandas")
            frame = pd.DataFrame({"x": np.arange(3)})

    Blocks with the same name and isolation share one worker and its modules' state, as those of
    `worker()` do; it is another worker than those of `worker()`.

    Args:
        name: The environment, as the lock file calls it.
        timeout: Seconds for each call of this block.
        isolation: "process", "auto" or "subinterpreter", as for `worker()`.
        results: "auto" or "copy", as for `worker()`.

    Raises:
        NotRegisteredError: No such environment.
        TypeError: `timeout` is no number.
        ValueError: `timeout`, `isolation` or `results` makes no sense.

    Entering the block starts the worker if it has none; that may also raise
    WorkerStartError and ServerUnavailable.
    """
    timeout = check_timeout(timeout)
    check_results(results)
    check_isolation(isolation)
    try:
        selection = registry.find_environment(name)
    except NotRegisteredError:
        if not uses_shared_server():
            raise
        # The server has lock files of its own, and says so if it lacks it.
        selection = registry.assume("", "", name)
    session = session_of(WorkerKey("", "", None, name, isolation), selection)
    return EnvironmentContext(
        WorkerContext(session, selection.module, timeout, copy_results=results == "copy")
    )


class EnvironmentContext:
    """The value of `envknit.environment()`: a context manager."""

    def __init__(self, context: WorkerContext) -> None:
        self._context = context

    def __enter__(self) -> Environment:
        entered = Environment(self._context)
        # Starts the worker, so that what is wrong with the environment shows here.
        entered.import_module("sys")
        return entered

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        return None

    def __repr__(self) -> str:
        return f"<EnvironmentContext of {self._context.title}>"


class Environment:
    """What a block of `envknit.environment()` gives. Usable from any thread."""

    def __init__(self, context: WorkerContext) -> None:
        self._context = context

    def import_module(self, name: str) -> ModuleProxy:
        """Imports a module in the worker: of a package, a submodule, or the stdlib.

        Args:
            name: Absolute and dotted, such as "numpy.linalg".

        Raises:
            TypeError: The name is no str.
            ValueError: The name is empty or relative.
            RemoteError: What the import raised; a ModuleNotFoundError, for example.
        """
        if not isinstance(name, str):
            raise TypeError(f"import_module() takes a module's name, not {name!r}")
        if not name or name.startswith("."):
            raise ValueError(f'import_module() takes a name such as "numpy.linalg", not {name!r}')
        description = self._context.session.import_module(name, self._context)["module"]
        return ModuleProxy(self._context, name, "", description["names"], description["submodules"])

    def __repr__(self) -> str:
        return f"<Environment {self._context.title}>"
