"""Every kind of value that crosses by copy, as a strategy of hypothesis."""

import array
import collections
import datetime
import decimal
import math
import operator
import pathlib
import zoneinfo

from hypothesis import strategies as st

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=30)
INTS_IN_64_BITS = st.integers(-(2**63), 2**63 - 1)
NUMBERS = st.integers(-(2**70), 2**70)
NAMES = st.text(st.characters(codec="ascii", categories=("L", "N")), min_size=1, max_size=8)
OFFSETS = st.timedeltas(
    datetime.timedelta(hours=-23, minutes=-59), datetime.timedelta(hours=23, minutes=59)
)
PLACES = st.sampled_from(["Europe/Berlin", "America/St_Johns", "Asia/Tokyo", "UTC"]).map(
    zoneinfo.ZoneInfo
)
ZONES = (
    PLACES | st.builds(datetime.timezone, OFFSETS) | st.builds(datetime.timezone, OFFSETS, NAMES)
)


def _paths(kind):
    return st.lists(NAMES, max_size=4).map(lambda names: kind(*names))


#: Values that hold no other values, all hashable but for those below.
SCALARS = {
    "None": st.none(),
    "bool": st.booleans(),
    "int": st.integers(-(2**1000), 2**1000),
    "float": st.floats(),
    "complex": st.complex_numbers(allow_nan=True),
    "str": ANY_TEXT,
    "bytes": st.binary(max_size=60),
    "ellipsis": st.just(...),
    "NotImplemented": st.just(NotImplemented),
    "range": st.builds(range, NUMBERS, NUMBERS, NUMBERS.filter(bool)),
    "date": st.dates(),
    "time": st.times(timezones=st.none() | ZONES),
    "datetime": st.datetimes(timezones=st.none() | ZONES),
    "timedelta": st.timedeltas(),
    "time zones": ZONES,
    "Decimal": st.decimals().filter(lambda number: not number.is_snan()),
    "Fraction": st.fractions(),
    "UUID": st.uuids(),
    "PurePosixPath": _paths(pathlib.PurePosixPath),
    "PureWindowsPath": _paths(pathlib.PureWindowsPath),
    "PosixPath": _paths(pathlib.PosixPath),
}
UNHASHABLE = {
    "signaling Decimal": st.sampled_from(["sNaN", "-sNaN12"]).map(decimal.Decimal),
    "bytearray": st.binary(max_size=20).map(bytearray),
    "slice": st.builds(
        slice, st.none() | st.integers(), st.none() | NUMBERS, st.none() | st.text(max_size=3)
    ),
    "packed ints": st.lists(INTS_IN_64_BITS, max_size=200),
    "packed floats": st.lists(st.floats(), max_size=200),
}
HASHABLE = st.recursive(
    st.one_of(*SCALARS.values()),
    lambda inner: st.lists(inner, max_size=4).map(tuple) | st.frozensets(inner, max_size=4),
    max_leaves=6,
)
#: Containers of anything, by name: each strategy takes one for what is inside.
CONTAINERS = {
    "list": lambda inner: st.lists(inner, max_size=5),
    "tuple": lambda inner: st.lists(inner, max_size=5).map(tuple),
    "dict": lambda inner: st.dictionaries(HASHABLE, inner, max_size=4),
    "set": lambda inner: st.sets(HASHABLE, max_size=5),
    "frozenset": lambda inner: st.frozensets(HASHABLE, max_size=5),
}
LEAVES = st.one_of(*SCALARS.values(), *UNHASHABLE.values())
NESTED = st.recursive(
    LEAVES,
    lambda inner: st.one_of(*(make(inner) for make in CONTAINERS.values())),
    max_leaves=15,
)
#: Each kind of value on its own, and all of them in each other.
KINDS = {
    **SCALARS,
    **UNHASHABLE,
    **{name: make(LEAVES) for name, make in CONTAINERS.items()},
    "nested": NESTED,
}
#: What crosses as a name, and is found on the other side.
NAMED = st.sampled_from(
    [
        *(len, print, abs, min, repr, sorted, getattr, int, dict, ValueError, KeyError),
        *(str.upper, dict.get, list.append, math.sqrt, operator.add, operator.itemgetter),
        *(collections.Counter, collections.OrderedDict, datetime.date, decimal.Decimal),
    ]
)
_FORMATS = st.sampled_from("bBhHiIqQ")


def _array(code):
    bits = 8 * array.array(code).itemsize
    numbers = st.integers(0, 2**bits - 1) if code.isupper() else st.integers(-(2 ** (bits - 1)), -1)
    return st.lists(numbers, max_size=20).map(lambda items: array.array(code, items))


def _views(buffer):
    steps = st.sampled_from([1, 2, -1, -3])
    return steps.map(lambda step: memoryview(buffer)[::step])


#: What crosses as a tensor.
ARRAYS = _FORMATS.flatmap(_array) | st.lists(st.floats(), max_size=20).map(
    lambda items: array.array("d", items)
)
TENSORS = ARRAYS | ARRAYS.flatmap(_views) | st.binary(max_size=60).flatmap(_views)
