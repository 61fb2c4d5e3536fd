"""What is refused, in both directions, and the path that says where."""

import contextlib
import math
import random
import struct

import codec
import pytest
from codec import Limits, decode, encode
from codec_errors import CodecError
from protocol import message


class Plain:
    pass


def refused(function, *args, **options):
    with pytest.raises(CodecError) as error:
        function(*args, **options)
    return error.value


def nested(depth):
    value = []
    for _ in range(depth - 1):
        value = [value]
    return value


@pytest.mark.parametrize("mode", ["value", "argument"])
def test_depth_is_the_same_on_both_sides(mode):
    data = encode(nested(40), mode)
    assert decode(data) == nested(40)
    codec.parse(data)
    error = refused(encode, nested(41), mode)
    assert (error.kind, error.limit) == ("over_limit", "depth")
    deep = b"\x3a\x00"
    for _ in range(40):
        deep = message("Value")(list_value={"items": [codec.parse(deep)]}).SerializeToString()
    assert refused(decode, deep).limit == "depth"


def test_a_cycle_ends_at_the_depth():
    cycle = []
    cycle.append(cycle)
    assert refused(encode, cycle).limit == "depth"
    assert refused(encode, cycle, "json").limit == "depth"


def test_elements_are_counted_over_the_whole_message():
    limits = Limits(elements=10)
    for value in (
        [0.5] * 11,
        list(range(11)),
        ["x"] * 11,
        [["x"] * 5, ["y"] * 4],
        set("abcdefghijk"),
        dict.fromkeys(range(6)),
    ):
        assert refused(encode, value, limits=limits).limit == "elements"
        assert refused(decode, encode(value), limits=limits).limit == "elements"
    for value in ([0.5] * 10, [["x"] * 4, ["y"] * 4], dict.fromkeys(range(5))):
        assert decode(encode(value, limits=limits), limits=limits) == value


def test_many_references_to_one_list_are_counted_each():
    value = ["x"] * 10
    for _ in range(20):
        value = [value] * 10
    assert refused(encode, value).limit == "elements"


@pytest.mark.parametrize(
    "value",
    [
        "x" * 2000,
        b"x" * 2000,
        [0.5] * 300,
        list(range(2000)),
        ["x" * 100] * 20,
        1 << 14000,
        "é" * 1000,
    ],
)
def test_bytes_are_limited(value):
    limits = Limits(message_bytes=1000, auto_bytes=900)
    for mode in ("value", "argument"):
        assert refused(encode, value, mode, limits=limits).limit == "message_bytes"
    assert encode(value, "auto", handle_of, limits=limits) == encode(value, "handle", handle_of)


def handle_of(value):
    return (7, 1, None, "", [])


def test_auto_takes_one_handle_for_a_container_that_is_not_plain():
    one_handle = encode(Plain(), "handle", handle_of)
    for value in (
        [1, Plain()],
        {"a": [Plain()]},
        {frozenset([1]), Plain()},
        Plain(),
        nested(41),
        len,
        type("Sub", (list,), {})(),
        type("Num", (int,), {})(3),
        True.__class__,
    ):
        assert encode(value, "auto", handle_of) == one_handle
    mixed = codec.parse(encode((1, Plain(), (2.0, [Plain()])), "auto", handle_of)).tuple_value.items
    assert [item.WhichOneof("kind") for item in mixed] == ["int_value", "handle", "tuple_value"]
    assert [item.WhichOneof("kind") for item in mixed[2].tuple_value.items] == [
        "float_value",
        "handle",
    ]


def test_auto_runs_no_user_code():
    class Loud(type):
        def __getattribute__(cls, name):
            raise AssertionError(name)

    class Object(metaclass=Loud):
        def __getattribute__(self, name):
            raise AssertionError(name)

        __reduce__ = __repr__ = __hash__ = __iter__ = __len__ = __buffer__ = __array__ = (
            __getattribute__
        )

    encode([Object(), (Object(),)], "auto", handle_of)


@pytest.mark.parametrize(
    ("value", "path"),
    [
        (Plain(), ""),
        ([1, 2, Plain()], "[2]"),
        ({"rows": [1, {"a b": Plain()}]}, ".rows[1]['a b']"),
        ({3: (0, Plain())}, "[3][1]"),
        ({"é" * 40: Plain()}, "['" + "é" * 32 + "']"),
        ({"x" + "é" * 40: Plain()}, "['x" + "é" * 31 + "']"),
        ({Plain(): 1}, "[test_limits_and_errors.Plain]"),
        (slice(Plain()), "[1]"),
    ],
)
def test_a_refusal_says_where(value, path):
    for mode in ("value", "argument"):
        error = refused(encode, value, mode)
        assert (error.kind, error.path) == ("not_by_value", path)
        assert error.message == "test_limits_and_errors.Plain is not by value"


def test_arguments_of_a_call():
    data = codec.native.encode_arguments(codec.LIMITS, (1, [2.5]), {"axis": None}, None)
    request = message("CallRequest").FromString(data)
    assert [arg.WhichOneof("kind") for arg in request.args] == ["int_value", "packed_floats"]
    assert request.kwargs[0].name == "axis"
    assert request.kwargs[0].value.HasField("none")
    for args, kwargs, path in [
        ((0, [0, 0, 0, Plain()]), {}, "args[1][3]"),
        ((), {"axis": (Plain(),)}, "kwargs.axis[0]"),
    ]:
        error = refused(codec.native.encode_arguments, codec.LIMITS, args, kwargs, None)
        assert error.path == path


def test_handles_go_both_ways(pool):
    def handles(value):
        return (9, 4, 3, "<f8", [3]) if isinstance(value, Plain) else None

    data = encode([Plain(), 1], "argument", handles)
    handle = codec.parse(data).list_value.items[0].handle
    assert (handle.id, handle.epoch, handle.type_id, handle.length, handle.object_id) == (
        9,
        4,
        7,
        3,
        1009,
    )
    assert (handle.tensor.typestr, list(handle.tensor.shape)) == ("<f8", [3])
    pool[9, 4] = "the object"
    assert decode(data, lambda id, epoch: pool[id, epoch]) == ["the object", 1]
    error = refused(decode, data)
    assert (error.kind, error.path) == ("handle", "list_value.items[0].handle")


MALFORMED = {
    "no kind": b"",
    "two kinds": b"\x10\x01\x18\x02",
    "one kind twice": b"\x18\x02\x18\x02",
    "cut varint": b"\x18\xff",
    "cut bytes": b"\x32\x05ab",
    "cut double": b"\x21\x00\x00",
    "length beyond the end": b"\x32\xff\xff\xff\xff\x0fa",
    "a group": b"\x0b\x0c",
    "int as double": b"\x19" + bytes(8),
    "field 0": b"\x02\x00",
    "not UTF-8": b"\x2a\x01\xff",
    "surrogate in a string": b"\x2a\x03\xed\xa0\x80",
    "unhashable key": b"\x4a\x06\x0a\x02\x3a\x00\x12\x00",
    "key without value": b"\x4a\x04\x0a\x02\x18\x02",
    "unhashable member": b"\x7a\x04\x0a\x02\x3a\x00",
    "packed floats of 7 bytes": b"\x62\x09\x0a\x07" + bytes(7),
    "unregistered ext": b"\x9a\x01\x09\x0a\x07os.path",
    "ext of wrong size": b"\x9a\x01\x10\x0a\x0ebuiltins.slice",
    "range of step 0": b"\x9a\x01\x1c\x0a\x0ebuiltins.range" + b"\x12\x02\x18\x00" * 3,
    "handle without id": b"\x52\x00",
    "callable": b"\xa2\x01\x00",
    "ext of a name that is not UTF-8": b"\x9a\x01\x03\x0a\x01\xff",
}


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed_messages_are_refused(name):
    assert refused(decode, MALFORMED[name]).kind == "malformed"


def test_random_bytes_never_crash():
    chance = random.Random(11)
    seeds = [
        encode(value)
        for value in (
            [1.5, "a", {"k": (1, None)}],
            {"x": [{1, 2}, b"q", 1j]},
            bytearray(b"abc"),
            memoryview(b"abcd"),
            list(range(50)),
        )
    ]
    for _ in range(30_000):
        data = bytearray(chance.choice(seeds))
        for _ in range(chance.randint(1, 5)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        with contextlib.suppress(CodecError):
            decode(bytes(data), lambda id, epoch: None)


def test_a_claimed_size_takes_no_memory():
    # A shape of 2^40 elements, and a count of 2^60, in a few bytes.
    huge = message("Value")(tensor={"typestr": "<f8", "shape": [2**40], "inline": b""})
    assert refused(decode, huge.SerializeToString()).kind == "malformed"
    zeros = message("Value")(tensor={"typestr": "|u1", "shape": [0, 2**40], "inline": b""})
    assert len(decode(zeros.SerializeToString())) == 0


def test_exactly_a_million_elements_are_allowed():
    for value in ([0.5] * 10**6, [None] * 10**6, dict.fromkeys(range(5 * 10**5))):
        assert decode(encode(value)) == value
    for value in ([0.5] * (10**6 + 1), [None] * (10**6 + 1)):
        assert refused(encode, value).limit == "elements"
        assert encode(value, "auto", handle_of) == encode(value, "handle", handle_of)


def test_a_thousand_levels_and_cycles_are_refused_or_stay():
    cycle = {"a": []}
    cycle["a"].append((cycle, frozenset()))
    for value in (nested(1000), cycle):
        for mode in ("argument", "value"):
            assert refused(encode, value, mode).limit == "depth"
        assert encode(value, "auto", handle_of) == encode(value, "handle", handle_of)


@pytest.mark.parametrize("bits", [0x7FF8000000000001, 0xFFF8DEADBEEF0000, 0x7FF0000000000000])
def test_floats_keep_every_bit(bits):
    (value,) = struct.unpack("<d", struct.pack("<Q", bits))
    for sent in (value, [value], [value, None], (value,), complex(value, -0.0)):
        back = decode(encode(sent))
        while isinstance(back, (list, tuple)):
            back = back[0]
        part = back.real if isinstance(back, complex) else back
        assert struct.unpack("<Q", struct.pack("<d", part)) == (bits,)
    assert math.copysign(1, decode(encode(-0.0))) == -1


def test_keys_may_be_anything_hashable():
    value = {
        (1, (2.5, "a")): 1,
        frozenset([frozenset(), (None,)]): 2,
        None: 3,
        b"x": {(1,), (2, frozenset([3]))},
        1 << 1000: -(1 << 1000),
        "\ud800": 1j,
        True: ...,
    }
    for mode in ("argument", "value", "auto"):
        assert decode(encode(value, mode)) == value


def test_a_numpy_text_is_held_to_the_limit_of_its_mode():
    np = pytest.importorskip("numpy")
    limits = Limits(auto_bytes=900, message_bytes=1000)
    text = np.str_("x" * 950)
    assert encode(text, "auto", handle_of, limits=limits) == encode(text, "handle", handle_of)
    assert decode(encode(text, "value", limits=limits)) == "x" * 950
    assert refused(encode, np.bytes_(b"x" * 1000), limits=limits).limit == "message_bytes"
