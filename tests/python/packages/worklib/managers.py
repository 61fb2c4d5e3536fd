"""Context managers, and what they were told."""

import builtins
import contextlib
import sqlite3
import threading

log = []


class Watcher:
    """Notes what it is told; suppresses the types it was given."""

    def __init__(self, *suppressed):
        self.suppressed = suppressed

    def __enter__(self):
        log.append("enter")
        return self

    def __exit__(self, kind, error, traceback):
        if kind is None:
            log.append(None)
            return None
        told = [f"{kind.__module__}.{kind.__qualname__}", type(error) is kind]
        told += [isinstance(error, BaseException), str(error), traceback is None]
        log.append(told)
        return issubclass(kind, self.suppressed)


class StrictError(Exception):
    """Its constructor takes other arguments than it passes on."""

    def __init__(self, code, *, detail):
        super().__init__(f"{code}: {detail}")


class SimpleError(Exception):
    pass


class BadEnd:
    def __enter__(self):
        return [1, 2]

    def __exit__(self, *exc_info):
        raise OSError(5, "can't close")


def watcher(*names):
    return Watcher(*(getattr(builtins, name) for name in names))


def watcher_of_simple():
    return Watcher(SimpleError)


def fail_simply():
    raise SimpleError("a", 1)


def fail_strictly():
    raise StrictError(7, detail="x")


def fail_locally():
    class LocalError(ArithmeticError):
        pass

    raise LocalError("deep")


def recall():
    return list(log)


def lock():
    return threading.Lock()


def database():
    connection = sqlite3.connect(":memory:")
    connection.execute("create table t (x)")
    return connection


def suppress_lookup():
    return contextlib.suppress(LookupError)


@contextlib.contextmanager
def section(name):
    log.append(f"begin {name}")
    try:
        yield name
    except LookupError as error:
        log.append(f"dealt with {error!r}")
    finally:
        log.append(f"end {name}")
