"""Remote context managers in `with` statements of this process."""

import contextlib
import sqlite3

import pytest

from envknit import DeadlineError, RemoteError, WorkerCrashed


@pytest.fixture
def managers(lib):
    return lib.managers


class OwnError(KeyError):
    """A class that no worker knows."""


def test_both_ends_run_in_the_worker(managers):
    watcher = managers.watcher()
    with watcher as entered:
        assert entered is watcher
        assert managers.recall() == ["enter"]
    assert managers.recall() == ["enter", None]


@pytest.mark.parametrize(
    ("error", "told", "text"),
    [
        (ValueError("bad", 3), "builtins.ValueError", "('bad', 3)"),
        (ValueError(object), "builtins.ValueError", "<class 'object'>"),
        (KeyError("k"), "builtins.KeyError", "'k'"),
        (FileNotFoundError(2, "gone"), "builtins.FileNotFoundError", "[Errno 2] gone"),
        (OwnError("mine"), "builtins.KeyError", "'mine'"),
        (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "why"), "builtins.UnicodeDecodeError", None),
        (sqlite3.IntegrityError("twice"), "sqlite3.IntegrityError", "twice"),
        (DeadlineError("late"), "builtins.TimeoutError", "late"),
        (KeyboardInterrupt(), "builtins.KeyboardInterrupt", ""),
        (SystemExit(3), "builtins.SystemExit", "3"),
        (GeneratorExit(), "builtins.GeneratorExit", ""),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else "",
)
def test_exit_is_told_of_the_exception(managers, error, told, text):
    with pytest.raises(type(error)) as raised, managers.watcher():
        raise error
    assert raised.value is error
    name, exact, is_exception, seen, no_traceback = managers.recall()[-1]
    assert (name, exact, is_exception, no_traceback) == (told, True, True, True)
    if text is not None:
        assert seen == text


@pytest.mark.parametrize(
    ("fail", "told", "text"),
    [
        ("fail_simply", "worklib.managers.SimpleError", "('a', 1)"),
        ("fail_strictly", "builtins.Exception", "7: x"),
        ("fail_locally", "builtins.ArithmeticError", "deep"),
    ],
)
def test_a_remote_exception_comes_back_as_its_own_class(managers, fail, told, text):
    with pytest.raises(RemoteError), managers.watcher():
        getattr(managers, fail)()
    name, _exact, _is_exception, seen, _no_traceback = managers.recall()[-1]
    assert (name, seen) == (told, text)


def test_the_truth_of_what_exit_returns_decides(managers):
    with managers.watcher("LookupError"):
        raise OwnError("suppressed")
    with managers.watcher_of_simple():
        managers.fail_simply()
    with managers.suppress_lookup():
        raise IndexError(1)
    with pytest.raises(ValueError, match="not suppressed"), managers.suppress_lookup():
        raise ValueError("not suppressed")


def test_generators_as_context_managers(managers):
    with managers.section("a") as name:
        assert name == "a"
        raise KeyError("k")
    with pytest.raises(ValueError, match="other"), managers.section("b"):
        raise ValueError("other")
    assert managers.recall() == [
        *("begin a", "dealt with KeyError('k')", "end a"),
        *("begin b", "end b"),
    ]


def test_what_exit_raises_replaces_the_exception(managers):
    with pytest.raises(OSError, match="can't close") as raised, managers.BadEnd():
        raise ValueError("first")
    assert isinstance(raised.value.__context__, ValueError)


def test_files_are_closed(lib, tmp_path):
    path = tmp_path / "file"
    with lib.iterables.open_file(str(path), "w") as file:
        file.write("text")
        assert file.closed is False
    assert file.closed is True
    assert path.read_text() == "text"


def test_locks(managers):
    lock = managers.lock()
    with lock as taken:
        assert taken is True
        assert lock.locked() is True
    assert lock.locked() is False


def test_a_transaction_is_committed_or_rolled_back(managers):
    database = managers.database()
    with database:
        database.execute("insert into t values (1)")
    with contextlib.suppress(ZeroDivisionError), database:
        database.execute("insert into t values (2)")
        raise ZeroDivisionError
    assert list(database.execute("select x from t")) == [(1,)]


def test_exit_stack(managers):
    with contextlib.ExitStack() as stack:
        stack.enter_context(managers.watcher("KeyError"))
        inner = stack.enter_context(managers.section("s"))
        assert inner == "s"
        raise LookupError("inner")
    assert managers.recall() == [
        *("enter", "begin s", "dealt with LookupError('inner')", "end s"),
        None,
    ]


def test_what_is_no_context_manager(lib):
    refusal = pytest.raises((TypeError, AttributeError), match=r"context manager|__enter__")
    with refusal, lib.make_thing():
        pass


def test_a_worker_that_died_in_the_block_hides_nothing(managers, lib):
    replaced = pytest.warns(RuntimeWarning, match="replaced")
    with replaced, pytest.raises(WorkerCrashed, match="exit code 3"), managers.watcher():
        lib.exit_at_once(3)
