"""Values of any size, and what became of them."""

import array
import threading
import time
import weakref


class _Watch:
    seen = None


def block(size):
    return bytes(range(256)) * (size // 256)


def text(size):
    return "0123456789abcdef" * (size // 16)


def records(count):
    return [{"id": i, "name": f"record {i}", "data": b"x" * 1000} for i in range(count)]


def data(size):
    made = array.array("B", bytes(size))
    _Watch.seen = weakref.ref(made)
    return made


def data_is_alive():
    return _Watch.seen() is not None


def nap(seconds):
    time.sleep(seconds)
    return threading.active_count()


def total(value):
    return sum(memoryview(value).cast("B")[::4096])


def is_writable(value):
    return not memoryview(value).readonly


def peak_kib():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))


def kept(value):
    return value


def size(value):
    return len(value)
