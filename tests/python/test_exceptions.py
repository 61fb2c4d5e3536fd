"""What code in a worker raised, as exceptions of the client."""

import builtins
import pickle
import sys
import traceback

import pytest

import envknit


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("KeyError", ("k",)),
        ("ValueError", ("v", 2)),
        ("ZeroDivisionError", ()),
        ("AttributeError", ("a",)),
        ("NotImplementedError", ("n",)),
        ("RecursionError", ("r",)),
        ("FileNotFoundError", (2, "No such file")),
        ("TimeoutError", ("t",)),
        ("UnicodeDecodeError", ("utf-8", b"\xff", 0, 1, "bad")),
        ("SyntaxError", ("s",)),
    ],
)
def test_is_also_the_matching_builtin(lib, name, args):
    builtin = getattr(builtins, name)
    with pytest.raises(builtin) as raised:
        lib.raise_named(name, *args)
    error = raised.value
    assert isinstance(error, envknit.RemoteError)
    assert isinstance(error, RuntimeError)
    assert error.args == args
    assert str(error).startswith(f"[Worker {name}]")
    assert error.remote_type == f"builtins.{name}"


def test_keeps_the_fields_of_an_os_error(lib):
    with pytest.raises(FileNotFoundError) as raised:
        lib.raise_named("OSError", 2, "No such file", "name")
    assert (raised.value.errno, raised.value.strerror) == (2, "No such file")


@pytest.mark.parametrize("name", ["StopIteration", "StopAsyncIteration", "GeneratorExit"])
def test_what_has_a_meaning_of_its_own_is_a_plain_remote_error(lib, name):
    with pytest.raises(envknit.RemoteError) as raised:
        lib.raise_named(name)
    assert type(raised.value) is envknit.RemoteError
    assert raised.value.remote_type == f"builtins.{name}"


def test_system_exit_and_interrupts_stay_in_the_worker(lib):
    before = lib.pid()
    with pytest.raises(envknit.RemoteError, match="Worker SystemExit"):
        lib.raise_system_exit(3)
    with pytest.raises(envknit.RemoteError, match="Worker KeyboardInterrupt"):
        lib.raise_interrupt()
    assert lib.pid() == before


def test_a_class_of_the_user_is_its_nearest_builtin(lib):
    with pytest.raises(ValueError, match="Worker Boom") as raised:
        lib.raise_boom()
    error = raised.value
    assert error.remote_type == "worklib.failures.Boom"
    assert error.remote_mro[:2] == ("worklib.failures.Boom", "builtins.ValueError")
    assert error.args == ("first", 2)
    assert error.__notes__ == ["a note"]


def test_shows_the_traceback_of_the_worker(lib):
    with pytest.raises(envknit.RemoteError) as raised:
        lib.raise_boom()
    assert "raise_boom" in raised.value.remote_traceback
    assert "failures.py" in str(raised.value)


def test_keeps_the_chain(lib):
    with pytest.raises(ValueError, match="Boom") as raised:
        lib.raise_chain()
    cause = raised.value.__cause__
    assert isinstance(cause, KeyError)
    assert cause.args == ("missing",)
    text = "".join(traceback.format_exception(raised.value))
    assert "direct cause" in text


@pytest.mark.skipif(sys.version_info < (3, 11), reason="groups came with 3.11")
def test_a_group_is_one_error_with_its_members(lib):
    with pytest.raises(envknit.RemoteError) as raised:
        lib.raise_group()
    assert type(raised.value) is envknit.RemoteError
    first, second = raised.value.exceptions
    assert isinstance(first, KeyError)
    assert isinstance(second, TypeError)


def test_can_be_pickled(lib):
    with pytest.raises(KeyError) as raised:
        lib.raise_named("KeyError", "k")
    copy = pickle.loads(pickle.dumps(raised.value))
    assert isinstance(copy, KeyError)
    assert str(copy) == str(raised.value)


def test_an_import_that_fails_says_so_on_entry(fresh_worker):
    context = fresh_worker(name="no_such_module")
    with pytest.raises(ModuleNotFoundError, match="no_such_module"), context:
        pass


def test_a_wrong_argument_names_its_place(lib):
    with pytest.raises(TypeError, match=r"args\[1\]\[0\]"):
        lib.echo(1, [object()])


def test_a_missing_name_is_an_attribute_error(lib):
    with pytest.raises(AttributeError, match="nope"):
        lib.nope  # noqa: B018
    assert not hasattr(lib, "nope")
    thing = lib.make_thing()
    assert not hasattr(thing, "nope")


def test_what_exceeds_a_limit_is_refused_and_the_next_call_works(lib):
    with pytest.raises(envknit.LimitExceeded) as raised:
        lib.echo(1, [None] * 1_000_001)
    assert isinstance(raised.value, ValueError)
    assert "args[1]: more than 1000000 elements" in str(raised.value)
    assert lib.echo(1) == [1]
