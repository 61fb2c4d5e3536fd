"""What a TypeInfo says that objects of a type can do, and that looking runs nothing."""

import frames
import pytest
from caller import EPOCH
from protocol import message

CAPABILITIES = (
    message("TypeInfo").DESCRIPTOR.fields_by_name["capabilities"].enum_type.values_by_name
)
CODE = """
import collections, enum, io, itertools
class Empty: pass
class Color(enum.Enum):
    RED = 1
class Old:
    def __getitem__(self, i): raise IndexError
class NotIterable(Old):
    __iter__ = None
    __contains__ = None
    __call__ = None
class Unhashable:
    def __eq__(self, other): return True
class Manager:
    def __enter__(self): return self
    def __exit__(self, *args): pass
class HalfManager:
    def __enter__(self): return self
class Awaited:
    def __await__(self): yield
class Ordered:
    def __lt__(self, other): return True
class Shown:
    def _repr_html_(self): return "<b>"
    def _repr_mimebundle_(self, include=None, exclude=None): return {}
    def _repr_pretty_(self, printer, cycle): pass
    def _ipython_key_completions_(self): return ["k"]
    def __array__(self): pass
    def _repr_png(self): pass
    _repr_svg_ = None
class Container:
    def __call__(self): pass
    def __len__(self): return 3
class Adder:
    def __call__(self): pass
    def __add__(self, other): return 1
class Holder:
    plain = print
    box = Container()
    adder = Adder()
    nested = Empty
    color = Color
    @property
    def cost(self): raise SystemExit("a property ran")
    @classmethod
    def make(cls): pass
    @staticmethod
    def two(): pass
async def coroutine(): pass
"""


@pytest.fixture
def types(worker):
    worker.run(CODE)
    return worker


def info_of(worker, expression, session=9):
    worker.run(f"it = {expression}")
    outcome = worker.call_outcome(
        "__main__:it", kind=frames.GET_ATTR, want="handle", session=session
    )
    return outcome.types[0]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("object()", "HASHABLE"),
        ("Empty()", "HASHABLE"),
        ("[]", "SIZED CONTAINER SUBSCRIPT ITERABLE ORDERED"),
        ("{}", "SIZED CONTAINER SUBSCRIPT ITERABLE"),
        ("collections.OrderedDict()", "SIZED CONTAINER SUBSCRIPT ITERABLE"),
        ("{1}", "SIZED CONTAINER ITERABLE ORDERED"),
        ("'text'", "SIZED CONTAINER SUBSCRIPT ITERABLE ORDERED HASHABLE"),
        ("b'12'", "SIZED CONTAINER SUBSCRIPT ITERABLE ORDERED HASHABLE BUFFER"),
        ("3", "NUMBER ORDERED HASHABLE"),
        ("3j", "NUMBER HASHABLE"),
        ("range(3)", "SIZED CONTAINER SUBSCRIPT ITERABLE HASHABLE"),
        ("iter([])", "ITERABLE ITERATOR HASHABLE"),
        ("(i for i in [])", "ITERABLE ITERATOR HASHABLE"),
        ("itertools.count()", "ITERABLE ITERATOR HASHABLE"),
        ("print", "CALLABLE HASHABLE"),
        ("(lambda: 1)", "CALLABLE HASHABLE"),
        ("Old()", "SUBSCRIPT ITERABLE HASHABLE"),
        ("NotIterable()", "SUBSCRIPT HASHABLE"),
        ("Unhashable()", ""),
        ("Manager()", "CONTEXT_MANAGER HASHABLE"),
        ("HalfManager()", "HASHABLE"),
        ("Awaited()", "AWAITABLE HASHABLE"),
        ("Ordered()", "ORDERED HASHABLE"),
        ("Container()", "SIZED CALLABLE HASHABLE"),
        ("io.StringIO()", "ITERABLE ITERATOR CONTEXT_MANAGER HASHABLE"),
        ("Empty", "CALLABLE HASHABLE"),
        ("Color", "SIZED CONTAINER SUBSCRIPT ITERABLE CALLABLE HASHABLE"),
        ("Color.RED", "HASHABLE"),
    ],
)
def test_capabilities(types, expression, expected):
    names = {value.number: name for name, value in CAPABILITIES.items()}
    found = info_of(types, expression)
    assert {names[n].removeprefix("CAPABILITY_") for n in found.capabilities} == set(
        expected.split()
    )


def test_a_coroutine_is_awaitable(types):
    types.run("co = coroutine()")
    assert CAPABILITIES["CAPABILITY_AWAITABLE"].number in info_of(types, "co").capabilities
    types.run("co.close()")


def test_methods_are_what_is_only_called(types):
    assert list(info_of(types, "Holder()").methods) == ["make", "nested", "plain", "two"]
    found = info_of(types, "Holder")
    assert found.is_class
    assert list(found.methods) == ["make", "nested", "plain", "two"]


def test_kinds_of_a_modules_names_follow_the_same_rule(types):
    types.run("box, adder, nested, plain = Container(), Adder(), Empty, print")
    kinds = {name.name: name.kind for name in types.import_module("__main__").names}
    assert [kinds[name] for name in ("box", "adder", "nested", "plain")] == [4, 4, 2, 3]


def test_what_notebooks_ask_for_is_told(types):
    assert list(info_of(types, "Shown()").special_methods) == [
        "__array__",
        "_ipython_key_completions_",
        "_repr_html_",
        "_repr_mimebundle_",
    ]
    # Those are its instances'.
    assert list(info_of(types, "Shown").special_methods) == ["__call__"]


def test_operators_of_an_enum_class_are_its_metaclasses(types):
    handle = types.get("__main__:Color", want="handle")
    assert types.call((handle, "__len__")) == 1
    assert types.call((handle, "__getitem__"), "RED").type_id


CLASSES = """
import gc, weakref
made, addresses = [], []
def fresh(name):
    kind = type(name, (), {"__slots__": ("__weakref__",)})
    made.append(weakref.ref(kind))
    addresses.append(id(kind))
    return kind()
def same(it): return it
def alive():
    gc.collect()
    return sum(kind() is not None for kind in made)
"""


def release(worker, handles):
    request = message("ReleaseRequest")(epoch=EPOCH, ids=[handle.id for handle in handles])
    frame = worker.reply(worker.send(frames.RELEASE, request))
    assert frame.status == 0


def test_classes_that_were_handed_out_can_be_collected(worker):
    worker.run(CLASSES)
    handles = [worker.call("__main__:fresh", "Kind") for _ in range(1000)]
    assert worker.call("__main__:alive") == 1000
    assert len({handle.type_id for handle in handles}) == 1000
    release(worker, handles[:-1])
    assert worker.call("__main__:alive") == 1
    # What lives is still known: nobody is told of it again.
    outcome = worker.call_outcome("__main__:same", handles[-1])
    assert outcome.value.handle.type_id == handles[-1].type_id
    assert not outcome.types


def test_a_class_at_the_address_of_a_collected_one_is_another(worker):
    worker.run(CLASSES)
    ids = []
    for number in range(50):
        outcome = worker.call_outcome("__main__:fresh", f"Kind{number}")
        handle = outcome.value.handle
        assert [(info.name, info.type_id) for info in outcome.types] == [
            (f"Kind{number}", handle.type_id)
        ]
        ids.append(handle.type_id)
        release(worker, [handle])
        assert worker.call("__main__:alive") == 0
    assert len(set(ids)) == 50
    assert worker.call(
        "builtins:eval", "len(set(addresses)) < 50", worker.get("__main__:__dict__", want="handle")
    )
