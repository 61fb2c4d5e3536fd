"""The codec and protobuf's own parser read and write the same messages."""

import codec
import pytest
from codec import decode, encode, parse, same
from google.protobuf import struct_pb2
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from protocol import message

SLOW = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-(2**64), 2**64),
    st.sampled_from([2**63 - 1, 2**63, -(2**63), -(2**63) - 1, -(2**71), 2**71, -(2**72)]),
    st.floats(),
    st.complex_numbers(),
    st.text(),
    st.text(st.characters()),
    st.text(st.characters(categories=["Cs", "Lu"])),
    st.binary(),
    st.just(...),
    st.builds(range, st.integers(), st.integers(), st.integers(1, 9)),
    st.builds(bytearray, st.binary()),
)
hashables = st.recursive(
    scalars.filter(lambda x: not isinstance(x, bytearray)),
    lambda inner: st.one_of(st.tuples(inner, inner), st.frozensets(inner, max_size=4)),
    max_leaves=6,
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner),
        st.lists(inner).map(tuple),
        st.dictionaries(hashables, inner, max_size=6),
        st.sets(hashables, max_size=6),
        st.frozensets(hashables, max_size=6),
        st.lists(st.floats()),
        st.lists(st.integers(-(2**63), 2**63 - 1)).map(tuple),
        st.builds(slice, inner, inner, inner),
    ),
    max_leaves=30,
)


@SLOW
@given(values)
def test_what_we_write_protobuf_reads_and_writes_back(value):
    data = encode(value)
    rewritten = parse(data).SerializeToString()
    assert same(decode(data), value)
    assert same(decode(rewritten), value)


@SLOW
@given(values)
def test_by_value_and_auto_write_what_an_argument_does(value):
    assert encode(value, "value") == encode(value, "auto") == encode(value)


def to_message(value):
    """The same Value, written by protobuf, in the form that is never packed."""
    made = message("Value")()
    match value:
        case None:
            made.none.SetInParent()
        case bool():
            made.bool_value = value
        case int() if -(2**63) <= value < 2**63:
            made.int_value = value
        case int():
            made.bigint_value = value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
        case float():
            made.float_value = value
        case complex():
            made.complex_value.real, made.complex_value.imag = value.real, value.imag
        case str():
            try:
                made.string_value = value
            except (UnicodeEncodeError, ValueError):
                made.raw_string_value = value.encode("utf-8", "surrogatepass")
        case bytes():
            made.bytes_value = value
        case list() | tuple() | set() | frozenset():
            field = getattr(made, f"{type(value).__name__}_value")
            field.SetInParent()
            field.items.extend(map(to_message, value))
        case dict():
            made.dict_value.SetInParent()
            made.dict_value.keys.extend(map(to_message, value))
            made.dict_value.values.extend(map(to_message, value.values()))
        case slice():
            made.ext.type = "builtins.slice"
            made.ext.fields.extend(map(to_message, (value.start, value.stop, value.step)))
        case range():
            made.ext.type = "builtins.range"
            made.ext.fields.extend(map(to_message, (value.start, value.stop, value.step)))
        case bytearray():
            made.ext.type = "builtins.bytearray"
            made.ext.fields.append(to_message(bytes(value)))
        case _:
            assert value is ...
            made.ext.type = "builtins.Ellipsis"
    return made


@SLOW
@given(values)
def test_what_protobuf_writes_we_read(value):
    assert same(decode(to_message(value).SerializeToString()), value)


VECTORS = {
    "none": (None, "0a00"),
    "false": (False, "1000"),
    "true": (True, "1001"),
    "zero": (0, "1800"),
    "minus one": (-1, "1801"),
    "int max": (2**63 - 1, "18feffffffffffffffff01"),
    "bigint": (2**63, "8a0109000000000000008000"),
    "smallest of nine bytes": (-(2**71), "8a0109000000000000000080"),
    "float": (1.5, "21000000000000f83f"),
    "text": ("é", "2a02c3a9"),
    "surrogate": ("\ud800", "920103eda080"),
    "bytes": (b"\0", "320100"),
    "complex": (2j, "7212090000000000000000110000000000000040"),
    "empty list": ([], "3a00"),
    "packed ints": ([1, -1], "5a040a020201"),
    "packed tuple": ((1.0,), "620c0a08000000000000f03f1001"),
    "mixed list": ([1, "a"], "3a090a0218020a032a0161"),
    "dict": ({"a": 1}, "4a090a032a016112021802"),
    "set": ({"a"}, "7a050a032a0161"),
    "frozenset": (frozenset("a"), "8201050a032a0161"),
}


@pytest.mark.parametrize("name", VECTORS)
def test_vectors(name):
    value, data = VECTORS[name]
    assert encode(value).hex() == data
    assert same(decode(bytes.fromhex(data)), value)
    assert same(decode(parse(bytes.fromhex(data)).SerializeToString()), value)


def test_packed_runs_also_unpacked_and_in_pieces():
    ints = bytes.fromhex("5a0708020a01040806")
    assert decode(ints) == [1, 2, 3]
    floats = bytes.fromhex("621209000000000000f03f090000000000000040")
    assert decode(floats) == [1.0, 2.0]


def test_dict_keys_and_values_in_any_order():
    pairs = [b"\x0a\x03\x2a\x01a", b"\x0a\x03\x2a\x01b", b"\x12\x02\x18\x02", b"\x12\x02\x18\x04"]
    for order in (
        [0, 1, 2, 3],
        [2, 3, 0, 1],
        [0, 2, 1, 3],
        [2, 0, 1, 3],
        [2, 0, 3, 1],
        [0, 1, 2, 3],
    ):
        body = b"".join(pairs[i] for i in order)
        assert decode(b"\x4a" + bytes([len(body)]) + body) == {"a": 1, "b": 2}


def test_equal_keys_keep_the_last_value():
    made = to_message({"a": 1})
    made.dict_value.keys.append(to_message("a"))
    made.dict_value.values.append(to_message(2))
    assert decode(made.SerializeToString()) == {"a": 2}


def test_unknown_fields_are_skipped():
    assert decode(bytes.fromhex("c23e03616263") + encode(7) + bytes.fromhex("f83f05")) == 7


json_values = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**53), 2**53),
        st.text(),
        st.floats(allow_nan=False, allow_infinity=False).filter(lambda x: x % 1),
    ),
    lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.text(), inner)),
    max_leaves=20,
)


@SLOW
@given(st.dictionaries(st.text(), json_values))
def test_json_agrees_with_protobuf(value):
    ours = struct_pb2.Value.FromString(encode(value, "json"))
    theirs = struct_pb2.Struct()
    theirs.update(value)
    assert ours.struct_value == theirs
    data = theirs.SerializeToString()
    assert codec.native.decode_json(codec.LIMITS, data, False) == value


@SLOW
@given(st.lists(json_values))
def test_json_lists_come_back(value):
    made = struct_pb2.ListValue()
    made.extend(value)
    assert codec.native.decode_json(codec.LIMITS, made.SerializeToString(), True) == value
