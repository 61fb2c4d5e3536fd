"""Objects that stay in their worker."""

import collections
import sys
import time
import types


class Thing:
    """Has data, a method, a property, operators, and counts how often it was dropped."""

    dropped = 0
    kind = "thing"

    def __init__(self, size):
        self.size = size

    def __del__(self):
        Thing.dropped += 1

    @classmethod
    def of_text(cls, text):
        return cls(len(text))

    @property
    def double(self):
        return 2 * self.size

    def kind_of_it(self):
        return type(self)

    def grow(self, by=1):
        self.size += by
        return self

    def __len__(self):
        return self.size

    def __bool__(self):
        return self.size > 2

    def __getitem__(self, index):
        return range(self.size)[index]

    def __setitem__(self, index, value):
        self.size = value

    def __contains__(self, value):
        return value in range(self.size)

    def __iter__(self):
        return iter(range(self.size))

    def __call__(self, value):
        return self.size * value


class Meter:
    """Arithmetic that works from both sides, and ordering."""

    def __init__(self, value):
        self.value = value

    def __add__(self, other):
        return NotImplemented if isinstance(other, str) else self.value + value_of(other)

    def __radd__(self, other):
        return NotImplemented if isinstance(other, str) else value_of(other) + self.value

    def __iadd__(self, other):
        self.value += other
        return self

    def __neg__(self):
        return -self.value

    def __float__(self):
        return float(self.value)

    def __index__(self):
        return self.value

    def __lt__(self, other):
        return self.value < value_of(other)

    def __eq__(self, other):
        return isinstance(other, Meter) and self.value == other.value

    def __hash__(self):
        return hash(self.value)


class Undecided:
    """Compares itself with nothing, but knows that it is no Thing."""

    def __eq__(self, other):
        return "no thing" if isinstance(other, Thing) else NotImplemented

    def __ne__(self, other):
        return NotImplemented

    __hash__ = object.__hash__


def value_of(operand):
    return operand.value if isinstance(operand, Meter) else operand


def make_namespace(names):
    return types.SimpleNamespace(**names)


def set_name_of_this_module(name, value):
    setattr(sys.modules[__name__], name, value)


Pair = collections.namedtuple("Pair", "thing number")


class Backwards(tuple):
    __slots__ = ()

    def __getitem__(self, index):
        return super().__getitem__(-1 - index)


def make_pair():
    return Pair(Thing(3), 2)


def make_row(length):
    return collections.namedtuple("Row", [f"f{i}" for i in range(length)])(*range(length))


def make_backwards():
    return Backwards((1, 2, 3))


def make_thing(size=3):
    return Thing(size)


_numbered = {}


def make_numbered(number):
    """An instance of the class with that number, which is made for it."""
    kind = _numbered.get(number)
    if kind is None:
        kind = _numbered.setdefault(number, type(f"Numbered{number}", (Thing,), {}))
    return kind(number)


def make_things(count):
    """A tuple, so that each of them is a handle."""
    return tuple(Thing(size) for size in range(count))


def size_after(thing, seconds):
    time.sleep(seconds)
    return thing.size


def count_down(start):
    while start:
        yield start
        start -= 1
