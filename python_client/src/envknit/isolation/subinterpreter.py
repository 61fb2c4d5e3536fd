"""`SubInterpreterEnv`: source text in an interpreter with a GIL and modules of its own."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any

from envknit import _lock_files
from envknit._connection import uses_shared_server
from envknit._registry import Selection
from envknit.errors import (
    CExtIncompatibleError,
    NotByValueError,
    RemoteError,
    UnsupportedPlatformError,
)
from envknit.isolation.process_pool import WorkerKey
from envknit.isolation.worker import check_timeout, unshared_session

if TYPE_CHECKING:
    from types import TracebackType

    from envknit.isolation.session import WorkerSession

__all__ = ["CExtIncompatibleError", "SubInterpreterEnv", "UnsupportedPlatformError"]

# ImportVerdict of execute.proto.
_LOADED = 1
_CEXT_INCOMPATIBLE = 2

# Whether this process had a sub-interpreter before.
_supported = False


class SubInterpreterEnv:
    """A sub-interpreter (PEP 684) for the packages of one environment.

    ::

        with SubInterpreterEnv("ml") as interp:
            interp.configure_from_lock("envknit.lock.yaml", env_name="ml")
            version = interp.eval_json("import some_lib; result = some_lib.__version__")

    It lives in a host process of the daemon that runs Python 3.12 or newer, so this process may
    run any Python. It shares nothing with this process, nor with other sub-interpreters: its
    `sys.path` is the environment's install paths and the standard library. Several of them may
    share a host: what ends that process (a crash, a C loop that outlives its timeout) ends them
    all, and the next call of each finds a new interpreter, without the modules and state of the
    old one; a RuntimeWarning says so.

    Thread-safe; calls run one at a time. In asyncio use `asyncio.to_thread`.

    Args:
        name: For texts, such as the environment's.
        timeout: Seconds for each call. It really stops the work.
    """

    def __init__(self, name: str = "default", *, timeout: float = 30.0) -> None:
        self.name = name
        self.timeout = check_timeout(timeout)
        self.title = f"sub-interpreter {name}"
        self._lock = threading.Lock()
        self._closed = False
        self._configured = False
        self._session = self._new_session(Selection("", "", "", "", (), (), ""), None)

    def __enter__(self) -> SubInterpreterEnv:
        # A machine without a Python for it shows here, once: after that the first use starts it.
        if not _supported and not uses_shared_server():
            self._opened()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __del__(self) -> None:
        if not getattr(self, "_closed", True):
            self._session.close()

    def __repr__(self) -> str:
        core = self._session.current
        state = "closed" if self._closed else "open" if core is not None else "not started"
        return f"<SubInterpreterEnv {self.name!r}, {state}>"

    @property
    def interp_id(self) -> int:
        """A number that no other interpreter of the same daemon has; starts it if need be."""
        worker = self._current().import_module("sys", self)["worker"]
        # The daemon's own tag is in the upper half.
        return int(worker["epoch"]) & 0xFFFFFFFF

    def configure_from_lock(
        self, lock_path: str | os.PathLike[str], env_name: str = "default"
    ) -> None:
        """Makes the packages of a locked environment what the interpreter can import.

        It is a new interpreter from here on: modules and state of the one before are gone.

        Args:
            lock_path: The lock file.
            env_name: One of its environments.

        Raises:
            ValueError: It has no such environment, or is no lock file.
            FileNotFoundError: There is no such file.
            SchemaVersionError: The file's schema is newer than this package.
        """
        path = os.path.abspath(os.path.expanduser(os.fspath(lock_path)))
        environments = {entry.name: entry for entry in _lock_files.read_lock_file(path)}
        environment = environments.get(env_name)
        if environment is None:
            names = ", ".join(environments) or "none"
            raise ValueError(
                f"environment {env_name!r} not found in lock file {path}; it has: {names}"
            )
        paths = dict.fromkeys(package.install_path for package in environment.packages)
        selection = Selection(
            "",
            "",
            "",
            env_name,
            tuple(paths),
            tuple((package.name, package.version) for package in environment.packages),
            environment.python,
        )
        with self._lock:
            self._check_open()
            self._configured = True
            replaced, self._session = self._session, self._new_session(selection, env_name)
        replaced.close()

    def eval_json(self, code: str) -> Any:
        """Runs source text and returns what it assigns to `result`, as JSON has it.

        Each call has a namespace of its own; imported modules stay. Tuples become lists, keys
        of dicts strings.

        Returns:
            The dict, list or scalar; {} if nothing is assigned.

        Raises:
            RuntimeError: The code raised (the text has the traceback, `__cause__` is the
                RemoteError), or `result` isn't JSON (the text names the place).
            DeadlineError: It did not end in time, and is stopped.
            WorkerCrashed: The process ended.
        """
        return self._execute(code, with_result=True)

    def run_string(self, code: str) -> None:
        """Runs source text for what it does; raises as eval_json()."""
        self._execute(code, with_result=False)

    def try_import(self, name: str, raise_on_cext: bool = False) -> bool:
        """Whether a module loads here; then it is loaded.

        It is tried in a process of its own first: a C extension that would crash the
        interpreter doesn't. The name crosses as data and is never run.

        Args:
            name: Absolute and dotted.
            raise_on_cext: Whether a C extension that can't load raises.

        Returns:
            False if it, or something it imports, is a C extension that can't load in a
            sub-interpreter.

        Raises:
            CExtIncompatibleError: So with `raise_on_cext`.
            ImportError: There is no such module, or its import failed otherwise.
            TypeError, ValueError: The name is none.
        """
        if not isinstance(name, str):
            raise TypeError(f"try_import() takes a module's name, not {name!r}")
        if not name or name.startswith("."):
            raise ValueError(f'try_import() takes a name such as "xml.dom", not {name!r}')
        verdict, reason, raised = self._current().try_import(name, self.timeout, self)
        if verdict == _LOADED:
            return True
        if verdict == _CEXT_INCOMPATIBLE:
            if not raise_on_cext:
                return False
            error = CExtIncompatibleError(
                f"{name} can't load in a sub-interpreter: {reason}. "
                "Use envknit.worker(), which gives it a process"
            )
            error.reason = "CEXT_INCOMPATIBLE"
            error.metadata = {"module": name, "why": reason}
            raise error from raised
        if isinstance(raised, ImportError):
            raise raised
        raise ImportError(f"importing {name} failed: {reason}", name=name) from raised

    def close(self) -> None:
        """Ends the interpreter; again does nothing."""
        with self._lock:
            closed, self._closed = self._closed, True
        if not closed:
            self._session.close()

    def worker_replaced(self) -> None:
        """The reply that is being read came from a new interpreter."""
        from envknit.isolation.session import warn_replaced

        warn_replaced(self.title)

    def _execute(self, code: str, *, with_result: bool) -> Any:
        if not isinstance(code, str):
            raise TypeError(f"code is a str, not {type(code).__name__}")
        session = self._current()
        try:
            return session.execute(code, self.timeout, self, with_result=with_result)
        except RemoteError as error:
            kind = error.remote_type.removeprefix("builtins.")
            text = f"Sub-interpreter execution failed: {kind}: {error.remote_message}".rstrip(": ")
            if error.remote_traceback:
                text += f"\n\n{error.remote_traceback.rstrip()}"
            raise RuntimeError(text) from error
        except NotByValueError as error:
            raise RuntimeError(f"Sub-interpreter execution failed: not JSON: {error}") from error

    def _opened(self) -> WorkerSession:
        """The session, whose interpreter has started."""
        global _supported
        session = self._current()
        if session.current is None or not session.current.answered:
            session.execute("", self.timeout, self, with_result=False)
            _supported = True
        return session

    def _current(self) -> WorkerSession:
        with self._lock:
            self._check_open()
            if not self._configured and uses_shared_server():
                raise RuntimeError(
                    "the server of ENVKNIT_ADDRESS runs environments of its lock files: call "
                    "configure_from_lock() first"
                )
            return self._session

    def _check_open(self) -> None:
        if self._closed:
            raise RuntimeError(f"the sub-interpreter {self.name!r} is closed")

    def _new_session(self, selection: Selection, environment: str | None) -> WorkerSession:
        key = WorkerKey("", "", None, environment, "subinterpreter")
        return unshared_session(self.title, key, selection)
