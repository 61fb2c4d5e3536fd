"""What can be iterated over, and how far it was."""

import enum
import time

taken = []
# How much was taken when a generator ended.
closed = []


class Row:
    def __init__(self, number):
        self.number = number


class Color(enum.Enum):
    RED = 1
    GREEN = 2


class Shelf(list):
    """A list that stays in the worker, and has a length."""

    made = 0

    def __iter__(self):
        Shelf.made += 1
        return record(super().__iter__())


class OldSequence:
    """Only `__getitem__`, as before there were iterators."""

    def __getitem__(self, index):
        return ["a", "b", "c"][index]


class Unsized:
    def __iter__(self):
        return record(range(5))


class Unwilling:
    def __iter__(self):
        raise ValueError("not today")

    def __len__(self):
        return 3


class Brittle(list):
    """Fails after its third item."""

    def __iter__(self):
        yield from list.__iter__(self[:3])
        raise LookupError("broken shelf")


class Figures(list):
    """Data that doesn't cross by itself."""


FIGURES = Figures([1, 2.5, "x"])
ROWS = [Row(0)]


def record(items):
    try:
        for item in items:
            taken.append(item)
            yield item
    finally:
        closed.append(len(taken))


def open_file(path, mode="r"):
    return open(path, mode)


def numbers(stop, result=None):
    yield from record(range(stop))
    return result


def fail_after(count):
    yield from range(count)
    raise KeyError("no more")


class SlowShelf(list):
    def __iter__(self):
        for item in list.__iter__(self):
            time.sleep(0.4)
            yield item


def slow_shelf(count):
    return SlowShelf(range(count))


def value_error(text):
    return ValueError(text)


def colors():
    return Color


def shelf(count):
    return Shelf(range(count))


def rows(count):
    return Brittle(Row(number) for number in range(count))


def brittle(count):
    return Brittle(range(count))


def plain_list_of_rows(count):
    return [Row(number) for number in range(count)]


def mapping(count):
    return {f"k{number}": Row(number) for number in range(count)}


def echoing():
    received = yield "ready"
    while True:
        try:
            received = yield received
        except ValueError as error:
            received = f"caught {error}"


def hang_after(count):
    yield from range(count)
    time.sleep(600)
    yield "never"


class Cursor:
    def __iter__(self):
        return self

    def __next__(self):
        return "row"

    def __str__(self):
        return "a cursor"

    def fetch(self):
        return "row"

    def execute_for(self, seconds):
        time.sleep(seconds)


def wait_with(iterator):
    time.sleep(600)
    return iterator
