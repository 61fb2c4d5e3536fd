"""Work that doesn't end by itself, and leaves a growing file behind while it runs."""

import collections
import itertools
import os
import time


def _descriptor(path):
    return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)


def sleep(path):
    fd = _descriptor(path)
    while True:
        os.write(fd, b"x")
        time.sleep(0.01)


def loop(path):
    fd = _descriptor(path)
    while True:
        os.write(fd, b"x")


def c_loop(path):
    """No bytecode runs in it, so that no signal handler does."""
    write = map(os.write, itertools.repeat(_descriptor(path)), itertools.repeat(b"x"))
    collections.deque(write, maxlen=0)


def stubborn(path):
    fd = _descriptor(path)
    while True:
        try:
            while True:
                os.write(fd, b"x")
        except BaseException:
            pass
