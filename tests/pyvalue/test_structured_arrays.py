"""Arrays with fields: numpy's structured dtypes as JSON, and back."""

import json

import codec
import pytest
from codec import decode, encode, parse
from codec_errors import CodecError
from protocol import message

np = pytest.importorskip("numpy")

DTYPES = [
    [("a", "i4"), ("b", "f8")],
    [("a", "?"), ("b", "M8[ns]"), ("c", "m8[D]"), ("d", "S3"), ("e", "U2"), ("f", "V5")],
    [("a", "i1"), ("b", [("x", "u2"), ("y", "c16", (2, 3))]), ("c", "f2", (4,))],
    [("a", [("b", [("c", "i1")], (2,))], (3, 1))],
    [(("A title", "a"), "i4"), ("b", "g")],
    [('naïve "quoted" \\ \n name', "i4")],
    [("empty", "f8", (0,)), ("b", "i1")],
]
PADDED = [
    np.dtype([("a", "i1"), ("b", "f8"), ("c", "i2")], align=True),
    np.dtype({"names": ["a", "b"], "formats": ["i4", "f8"], "offsets": [4, 16], "itemsize": 40}),
    np.dtype(
        {
            "names": ["in"],
            "formats": [np.dtype([("x", "i1"), ("y", "i8")], align=True)],
            "offsets": [8],
        }
    ),
    np.dtype([("a", "i4"), ("b", "f8"), ("c", "i4")])[["a", "c"]],
]


def filled(dtype, shape):
    dtype = np.dtype(dtype)
    count = int(np.prod(shape)) * dtype.itemsize
    data = np.arange(count, dtype="u1") % 2
    return np.frombuffer(data.tobytes(), dtype).reshape(shape).copy()


@pytest.mark.parametrize("dtype", DTYPES + PADDED, ids=str)
@pytest.mark.parametrize("mode", ["argument", "value", "tensor"])
def test_comes_back_as_it_was(dtype, mode):
    sent = filled(dtype, (2, 3))
    made = parse(encode(sent, mode))
    assert made.tensor.typestr == f"|V{sent.itemsize}"
    assert isinstance(json.loads(made.tensor.descr), list)
    back = decode(made.SerializeToString(), numpy=True)
    assert type(back) is np.ndarray
    assert back.dtype == sent.dtype
    assert back.dtype.names == sent.dtype.names
    assert back.dtype.fields == sent.dtype.fields
    assert back.shape == sent.shape
    assert back.tobytes() == sent.tobytes()
    assert back.flags.writeable


def test_the_descr_is_numpys_own():
    sent = filled(DTYPES[2], 2)
    descr = json.loads(parse(encode(sent)).tensor.descr)

    def lists(value):
        return [lists(x) for x in value] if isinstance(value, (list, tuple)) else value

    assert descr == lists(sent.dtype.descr)
    padded = np.zeros(1, PADDED[0])
    assert json.loads(parse(encode(padded)).tensor.descr) == lists(padded.dtype.descr)


@pytest.mark.parametrize(
    "change",
    [
        lambda a: a[::2],
        lambda a: a[::-1],
        lambda a: a.reshape(3, 2).T,
        lambda a: a[:0],
        lambda a: a[:1].reshape(()),
        lambda a: np.broadcast_to(a[:1], (5,)),
    ],
    ids=["strided", "reversed", "Fortran", "empty", "no dimensions", "broadcast"],
)
def test_layouts(change):
    sent = change(filled(DTYPES[1], 6))
    sent.flags.writeable = False
    back = decode(encode(sent), numpy=True)
    assert (back.dtype, back.shape, back.tobytes()) == (sent.dtype, sent.shape, sent.tobytes())


@pytest.mark.parametrize(
    ("dtype", "words"),
    [
        ([("a", "i4"), ("b", "O")], ["'b'", "object dtype"]),
        ([("a", [("b", "O")])], ["'a.b'", "object dtype"]),
        ([("a", ">i4")], ["'a'", "byte order"]),
        ([("a", "i1"), ("b", ">f8", (2,))], ["'b'", "byte order"]),
        (
            {"names": ["a", "b"], "formats": ["i4", "i4"], "offsets": [0, 2]},
            ["'b'", "overlaps"],
        ),
        (
            {"names": ["a", "b"], "formats": ["i4", "i4"], "offsets": [4, 0]},
            ["'b'", "out of order"],
        ),
        ([("\udc80", "i4")], ["no text"]),
    ],
)
def test_a_field_that_does_not_cross_is_named(dtype, words):
    with pytest.raises(CodecError) as refused:
        encode({"table": np.zeros(2, dtype)})
    assert (refused.value.kind, refused.value.path) == ("not_by_value", ".table")
    for word in words:
        assert word in refused.value.message


def deep(levels):
    descr = "|u1"
    for _ in range(levels):
        descr = [["a", descr]]
    return descr


MALFORMED = [
    "[",
    "{}",
    "8",
    '"<f8"',
    "[]",
    '[["", "|V8"]]',
    "[8]",
    '[["a"]]',
    '[["a", "<f8", [1], 0]]',
    '[["a", "|O8"]]',
    '[["a", ">f8"]]',
    '[["a", "f8,f8"]]',
    '[["a", "<f8", 1]]',
    '[["a", "<f8", [-1]]]',
    '[["a", "<f8", [1.0]]]',
    '[["a", "<f8", [true]]]',
    '[["a", "|u1", [4294967296, 4294967296]]]',
    '[["a", "|u1", [8589934600]]]',
    '[["a", "<i4"], ["a", "<i4"]]',
    '[["a", "<i4"], ["b", "<i2"]]',
    '[["a", "<i8"], ["b", "<i2"]]',
    '[[1, "<i8"]]',
    '[[[null, "a"], "<i8"]]',
    '[[["t"], "<i8"]]',
    json.dumps([["a", "<i8"]] + [["", "|V1", [0]]] * 20_000),
    json.dumps(deep(100)),
    "[" * 100_000,
    '[["a", "<i8"]]\0',
    "NaN",
]


@pytest.mark.parametrize("index", range(len(MALFORMED)))
def test_a_descr_that_does_not_fit_is_refused(index):
    descr = MALFORMED[index]
    data = message("Value")(
        tensor={"typestr": "|V8", "shape": [1], "inline": bytes(8), "descr": descr}
    )
    with pytest.raises(CodecError) as refused:
        decode(data.SerializeToString(), numpy=True)
    assert (refused.value.kind, refused.value.path) == ("malformed", "tensor")


def test_fields_need_a_void_typestr_and_numpy():
    fields = {"shape": [1], "inline": bytes(8), "descr": '[["a", "<i8"]]'}
    for typestr, numpy in [("<i8", True), ("|V8", False)]:
        made = message("Value")(tensor={**fields, "typestr": typestr})
        with pytest.raises(CodecError):
            decode(made.SerializeToString(), numpy=numpy)
    made = message("Value")(tensor={**fields, "typestr": "|V8"})
    assert decode(made.SerializeToString(), numpy=True).tolist() == [(0,)]
    assert codec.parse(made.SerializeToString()).tensor.descr
