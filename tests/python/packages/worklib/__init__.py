"""What the tests run in workers: a small pure package, used as an install path."""

import importlib
import os
import signal
import sys
import time

from worklib import canonical, hostile, iterables, managers
from worklib.failures import (
    Boom,
    raise_boom,
    raise_chain,
    raise_group,
    raise_interrupt,
    raise_named,
    raise_system_exit,
)
from worklib.shown import Color, Shape, Square, Undocumented, chooser
from worklib.things import (
    Meter,
    Thing,
    Undecided,
    count_down,
    make_backwards,
    make_namespace,
    make_numbered,
    make_pair,
    make_row,
    make_thing,
    make_things,
    size_after,
)

__all__ = [
    "Boom",
    "Color",
    "Meter",
    "Shape",
    "Square",
    "Thing",
    "Undecided",
    "Undocumented",
    "canonical",
    "chooser",
    "count_down",
    "hostile",
    "iterables",
    "make_backwards",
    "make_namespace",
    "make_numbered",
    "make_pair",
    "make_row",
    "make_thing",
    "make_things",
    "managers",
    "raise_boom",
    "raise_chain",
    "raise_group",
    "raise_interrupt",
    "raise_named",
    "raise_system_exit",
    "size_after",
]

__version__ = "1.0"
version_info = [1, 0]
remembered = []


def echo(*args, **kwargs):
    return (list(args), kwargs) if kwargs else list(args)


def repr_of(value):
    return repr(value)


def apply(function, *args):
    return function(*args)


def nested(depth):
    value = []
    for _ in range(depth):
        value = [value]
    return value


def pid():
    return os.getpid()


def path_of_modules():
    return list(sys.path)


def remember(value):
    remembered.append(value)
    return len(remembered)


def recall():
    return list(remembered)


def same(first, second):
    return first is second


def kind_of(value):
    return type(value).__module__ + "." + type(value).__qualname__


def sleep(seconds):
    time.sleep(seconds)


def import_by_name(name):
    return importlib.import_module(name).__name__


def print_and_return(text, value):
    print(text)
    return value


def import_slowly():
    import worklib.slow_import

    return worklib.slow_import.__name__


def kill_myself(number=signal.SIGKILL):
    os.kill(os.getpid(), number)
    time.sleep(60)


def crash():
    import ctypes

    ctypes.string_at(0)


def exit_at_once(code):
    os._exit(code)


def exit_politely(code):
    sys.exit(code)


def print_for_ever():
    while True:
        print("x" * 200)


def start_sleeping_child():
    """A grandchild of the daemon, which the end of the client must reach, too."""
    import subprocess

    return subprocess.Popen(["sleep", "600"]).pid
