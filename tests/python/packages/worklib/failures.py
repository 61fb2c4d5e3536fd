"""Exceptions of every kind."""

import builtins


class Boom(ValueError):  # noqa: N818 - the shortest name
    def __init__(self, first, second):
        super().__init__(first, second)


def raise_named(name, *args):
    raise getattr(builtins, name)(*args)


def raise_boom():
    error = Boom("first", 2)
    error.__notes__ = ["a note"]
    raise error


def raise_chain():
    try:
        {}["missing"]
    except KeyError as error:
        raise Boom("after", 1) from error


def raise_group():
    raise builtins.ExceptionGroup("two", [KeyError("k"), TypeError("t")])


def raise_system_exit(code):
    raise SystemExit(code)


def raise_interrupt():
    raise KeyboardInterrupt("not yours")
