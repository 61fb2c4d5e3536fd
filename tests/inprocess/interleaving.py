"""Points at which code of a package of the tests waits for its test: interleavings, by hand."""

import contextlib
import sys
import threading
import types

__all__ = ["Gate", "finished", "gates_of", "in_thread"]

#: Seconds; for what must not hang.
PATIENCE = 20


class Gate:
    """Code comes to it, and goes on when it is opened."""

    def __init__(self):
        self._reached = threading.Event()
        self._opened = threading.Event()

    def pass_through(self):
        """For the code of the package."""
        self._reached.set()
        assert self._opened.wait(PATIENCE), "nobody opened the gate"

    def wait_until_reached(self):
        assert self._reached.wait(PATIENCE), "nobody came to the gate"

    def open(self):
        self._opened.set()


@contextlib.contextmanager
def gates_of(**values):
    """A module `gates` of the host with these names, for the code of packages."""
    module = types.ModuleType("gates")
    vars(module).update(values)
    sys.modules["gates"] = module
    try:
        yield module
    finally:
        del sys.modules["gates"]


class in_thread:  # noqa: N801  (reads as a function)
    """Runs a function in a thread of its own; result() gives what it returned, or raises."""

    def __init__(self, function, *args):
        self._outcome = None

        def run():
            try:
                self._outcome = (function(*args), None)
            except BaseException as error:
                self._outcome = (None, error)

        self._thread = threading.Thread(target=run, daemon=True)
        self._thread.start()

    def is_waiting(self, seconds=0.1):
        """Whether it goes on after a moment: what waits for another thread does."""
        self._thread.join(seconds)
        return self._thread.is_alive()

    def result(self):
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive(), "a thread hangs"
        value, error = self._outcome
        if error is not None:
            raise error
        return value


def finished(*threads):
    """What they returned."""
    return [thread.result() for thread in threads]
