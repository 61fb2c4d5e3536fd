"""Objects that fight back: whatever of theirs runs is noted in `ran`, and fails."""

ran = []


def run(name):
    ran.append(name)
    raise RuntimeError(f"{name} ran")


def take_notes():
    notes = list(ran)
    ran.clear()
    return notes


class Reduces:
    def __reduce__(self):
        run("__reduce__")

    def __reduce_ex__(self, protocol):
        run("__reduce_ex__")

    def __getstate__(self):
        run("__getstate__")

    def __copy__(self):
        run("__copy__")


class ClaimsToBe:
    @property
    def __class__(self):
        run("__class__")


class ClaimsToBeAnInt:
    __class__ = int


class Compares:
    def __eq__(self, other):
        run("__eq__")

    def __hash__(self):
        run("__hash__")

    def __bool__(self):
        run("__bool__")


class Recurses:
    def __getattr__(self, name):
        return getattr(self, name + "x")


class Intercepts:
    def __getattribute__(self, name):
        run("__getattribute__")


class DiesLoudly:
    def __del__(self):
        raise RuntimeError("not now")


class DiesSlowly:
    def __del__(self):
        import time

        time.sleep(0.2)


class Lies(list):
    def __len__(self):
        return -1

    def __getitem__(self, index):
        run("__getitem__")


class LiesALot:
    def __len__(self):
        return 2**80

    def __length_hint__(self):
        return 2**62


class Endless:
    def __iter__(self):
        number = 0
        while True:
            yield number
            number += 1

    def __len__(self):
        return 3


class Converts:
    def __getattr__(self, name):
        if name.startswith(("__array", "__dlpack")):
            run(name)
        raise AttributeError(name)

    def __index__(self):
        run("__index__")

    def __float__(self):
        run("__float__")

    def __str__(self):
        run("__str__")

    def __repr__(self):
        run("__repr__")

    def __buffer__(self, flags):
        run("__buffer__")


class Releases(bytearray):
    def __release_buffer__(self, view):
        run("__release_buffer__")


class Number(int):
    def __int__(self):
        run("__int__")

    def __index__(self):
        run("__index__")

    def __repr__(self):
        run("__repr__")


class Text(str):
    def __str__(self):
        run("__str__")

    def __hash__(self):
        run("__hash__")

    def encode(self, *args):
        run("encode")


class Table(dict):
    def keys(self):
        run("keys")

    def items(self):
        run("items")

    def __iter__(self):
        run("__iter__")


class Row(tuple):
    __slots__ = ()

    def __iter__(self):
        run("__iter__")

    def __len__(self):
        run("__len__")


class Meta(type):
    def __getattribute__(cls, name):
        run("Meta.__getattribute__")

    def __instancecheck__(cls, instance):
        run("__instancecheck__")

    def __subclasscheck__(cls, subclass):
        run("__subclasscheck__")

    def __hash__(cls):
        run("Meta.__hash__")

    def __eq__(cls, other):
        run("Meta.__eq__")

    def __len__(cls):
        run("Meta.__len__")

    def __iter__(cls):
        run("Meta.__iter__")

    def __repr__(cls):
        run("Meta.__repr__")


class Tricky(metaclass=Meta):
    pass


class Misnamed:
    __module__ = property(lambda self: run("__module__"))
    __qualname__ = "\udc80.\0"
    __doc__ = property(lambda self: run("__doc__"))


KINDS = {
    "Reduces": Reduces,
    "ClaimsToBe": ClaimsToBe,
    "ClaimsToBeAnInt": ClaimsToBeAnInt,
    "Compares": Compares,
    "Recurses": Recurses,
    "Intercepts": Intercepts,
    "DiesLoudly": DiesLoudly,
    "DiesSlowly": DiesSlowly,
    "Lies": Lies,
    "LiesALot": LiesALot,
    "Endless": Endless,
    "Converts": Converts,
    "Releases": Releases,
    "Number": Number,
    "Text": Text,
    "Table": Table,
    "Row": Row,
    "Tricky": Tricky,
    "Misnamed": Misnamed,
}


def make(name):
    return type.__call__(KINDS[name])


def make_inside(name):
    """A list and a tuple with one inside."""
    return [1, make(name)], (2, make(name))


def make_class(name):
    return KINDS[name]


class Fault(Exception):  # noqa: N818 - the shortest name
    """Everything that a report of it could ask for fails."""

    __qualname__ = "Fault\0\udc80"

    def __str__(self):
        run("__str__")

    def __repr__(self):
        run("__repr__")

    def __getattribute__(self, name):
        run("__getattribute__")

    @property
    def args(self):
        run("args")


def raise_fault():
    raise Fault(Number(1), Text("a"))


def raise_endless_chain():
    error = ValueError("first")
    error.__cause__ = error.__context__ = error
    raise error


def make_cycle():
    cycle = [1]
    cycle.append(cycle)
    return cycle


def make_deep(depth):
    value = []
    for _ in range(depth - 1):
        value = [value]
    return value


def make_long(length):
    return list(range(length))
