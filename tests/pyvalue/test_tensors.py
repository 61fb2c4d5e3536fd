"""Arrays: what buffer exporters become, and what comes out at the other end."""

import array
import itertools
import sys

import codec
import pytest
from codec import decode, encode, parse
from codec_errors import CodecError
from protocol import message


def tensor(**fields):
    return message("Value")(tensor=fields).SerializeToString()


@pytest.mark.parametrize(
    ("exporter", "typestr", "shape"),
    [
        (memoryview(b"abc"), "|u1", [3]),
        (array.array("d", [1.5, 2]), "<f8", [2]),
        (array.array("i"), "<i4", [0]),
        (memoryview(bytes(8)).cast("?", [2, 4]), "|b1", [2, 4]),
        (memoryview(array.array("H", range(6)))[::2], "<u2", [3]),
        (memoryview(array.array("q", range(6)))[::-1], "<i8", [6]),
        (memoryview(bytes(8)).cast("d", []), "<f8", []),
    ],
)
def test_buffer_exporters_become_tensors(exporter, typestr, shape):
    made = parse(encode(exporter)).tensor
    assert (made.typestr, list(made.shape), list(made.strides)) == (typestr, shape, [])
    assert made.inline == exporter.tobytes()
    view = decode(encode(exporter))
    assert isinstance(view, memoryview)
    assert not view.readonly
    assert view.tolist() == exporter.tolist()


def test_strided_and_fortran_data_is_packed_for_a_memoryview():
    data = bytes(range(12))
    fortran = decode(tensor(typestr="|u1", shape=[3, 4], strides=[1, 3], inline=data))
    assert fortran.tolist() == [[0, 3, 6, 9], [1, 4, 7, 10], [2, 5, 8, 11]]
    gaps = decode(tensor(typestr="|u1", shape=[2, 2], strides=[6, 2], inline=data[:9]))
    assert gaps.tolist() == [[0, 2], [6, 8]]


@pytest.mark.parametrize(
    "fields",
    [
        {"typestr": "|O", "shape": [1], "inline": bytes(8)},
        {"typestr": ">f8", "shape": [1], "inline": bytes(8)},
        {"typestr": "<f3", "shape": [1], "inline": bytes(3)},
        {"typestr": "", "shape": [1], "inline": b"x"},
        {"typestr": "<f8]", "shape": [1], "inline": bytes(8)},
        {"typestr": "<i8[ns]", "shape": [1], "inline": bytes(8)},
        {"typestr": "<f99999999999999999999", "shape": [], "inline": b""},
        {"typestr": "<f8", "shape": [2], "inline": bytes(15)},
        {"typestr": "<f8", "shape": [2], "inline": bytes(17)},
        {"typestr": "<f8", "shape": [2]},
        {"typestr": "<f8", "shape": [2**62, 2**62], "inline": b""},
        {"typestr": "<f8", "shape": [2**64 - 1], "inline": b""},
        {"typestr": "<f8", "shape": [2], "strides": [8, 8], "inline": bytes(16)},
        {"typestr": "<f8", "shape": [2], "strides": [-8], "inline": bytes(16)},
        {"typestr": "<f8", "shape": [2**40], "strides": [0], "inline": bytes(8)},
        {"typestr": "|u1", "shape": [9, 9], "strides": [1, 1], "inline": bytes(17)},
        {"typestr": "<f8", "shape": [2, 2], "strides": [2**62, 2**62], "inline": bytes(8)},
        {"typestr": "|u1", "shape": [1] * 65, "inline": b"x"},
        {"typestr": "|V8", "shape": [1], "inline": bytes(8), "descr": "[]"},
    ],
)
def test_tensors_that_do_not_add_up_are_refused(fields):
    for numpy in (False, True):
        with pytest.raises(CodecError) as refused:
            decode(tensor(**fields), numpy=numpy)
        assert refused.value.kind == "malformed"


def test_without_numpy_some_elements_have_no_form():
    with pytest.raises(CodecError) as refused:
        decode(tensor(typestr="<U2", shape=[1], inline=bytes(8)))
    assert "numpy" in refused.value.message
    half = tensor(typestr="<f2", shape=[2], inline=b"\0\x3c\0\x40")
    if sys.version_info >= (3, 12):
        assert decode(half).tolist() == [1.0, 2.0]
    else:
        with pytest.raises(CodecError):
            decode(half)


@pytest.mark.parametrize("broken", [False, True])
def test_a_python_without_a_working_numpy_gets_memoryviews(monkeypatch, tmp_path, broken):
    if broken:
        monkeypatch.delitem(sys.modules, "numpy", raising=False)
        (tmp_path / "numpy.py").write_text("raise ImportError('not built for this Python')\n")
        monkeypatch.syspath_prepend(tmp_path)
    else:
        monkeypatch.setitem(sys.modules, "numpy", None)
    view = decode(encode(array.array("d", [1.5, 2])), numpy=True)
    assert isinstance(view, memoryview)
    assert view.tolist() == [1.5, 2]
    with pytest.raises(CodecError) as refused:
        decode(tensor(typestr="<c16", shape=[1], inline=bytes(16)), numpy=True)
    assert refused.value.message == (
        "elements of dtype '<c16' need numpy, which this Python does not have"
    )


# With numpy, where this Python has it.


@pytest.fixture
def np():
    return pytest.importorskip("numpy")


DTYPES = [
    "?",
    "i1",
    "u1",
    "i2",
    "u2",
    "i4",
    "u4",
    "i8",
    "u8",
    "f2",
    "f4",
    "f8",
    "c8",
    "c16",
    "S3",
    "U2",
    "M8[ns]",
    "m8[s]",
    "V3",
    "g",
]
LAYOUTS = {
    "C": lambda np, a: a,
    "Fortran": lambda np, a: np.asfortranarray(a),
    "every second": lambda np, a: np.repeat(a, 2, axis=-1)[..., ::2],
    "reversed": lambda np, a: a[::-1],
    "transposed": lambda np, a: a.transpose(),
    "broadcast": lambda np, a: np.broadcast_to(a[:1], a.shape),
    "empty": lambda np, a: a[:0],
    "0-d": lambda np, a: a.reshape(-1)[:1].reshape(()),
}


@pytest.mark.parametrize(("dtype", "layout"), list(itertools.product(DTYPES, LAYOUTS)))
def test_arrays_arrive_as_they_were(np, dtype, layout):
    base = np.arange(24).astype("i8")
    data = (
        base.astype("f8").astype(dtype)
        if dtype in "gf2f4c8c16"
        else base.astype("S3").astype(dtype)
        if dtype[0] in "SU"
        else (base.view("V8").astype("V3") if dtype[0] == "V" else base.astype(dtype))
    )
    sent = LAYOUTS[layout](np, data.reshape(2, 3, 4))
    got = decode(encode(sent), numpy=True)
    assert type(got) is np.ndarray
    assert got.dtype == sent.dtype
    assert got.shape == sent.shape
    assert got.tobytes() == sent.tobytes()
    assert got.flags.writeable
    assert got.flags.owndata
    assert got.flags.aligned
    if layout == "Fortran":
        assert got.flags.f_contiguous
        assert parse(encode(sent)).tensor.strides


def test_strided_tensors_of_others_become_arrays(np):
    got = decode(
        tensor(
            typestr="<i2", shape=[2, 2], strides=[8, 4], inline=np.arange(7, dtype="<i2").tobytes()
        ),
        numpy=True,
    )
    assert got.tolist() == [[0, 2], [4, 6]]
    assert got.flags.writeable


@pytest.mark.parametrize(
    ("make", "word"),
    [
        (lambda np: np.array([object()]), "object dtype"),
        (lambda np: np.array([1.5], dtype=">f8"), "byte order"),
        (lambda np: np.array([1], dtype=">M8[s]"), "byte order"),
        (lambda np: np.array(["a"], dtype=np.dtypes.StringDType()), "no kind that crosses"),
        (lambda np: np.ma.masked_array([1, 2], [True, False]), "numpy.asarray(x)"),
        (lambda np: np.rec.array([(1,)], dtype=[("a", "i4")]), "numpy.asarray(x)"),
        (lambda np: np.rec.array([(1,)], dtype=[("a", "i4")])[0], "x.item()"),
        (lambda np: type("Name", (bytes,), {})(b"x"), "bytes(x)"),
    ],
)
def test_arrays_that_do_not_cross_are_refused_by_name(np, make, word):
    with pytest.raises(CodecError) as refused:
        encode([make(np)])
    assert refused.value.kind == "not_by_value"
    assert refused.value.path == "[0]"
    assert word in refused.value.message


def test_scalars_without_a_plain_form_come_back_as_scalars(np):
    record = np.array([(1, b"x")], dtype=[("a", "i4"), ("b", "S1")])[0]
    for scalar in (
        np.longdouble(1) / 3,
        np.clongdouble(1 + 2j),
        np.datetime64("2020-02-03T04", "h"),
        np.datetime64("NaT", "s"),
        np.timedelta64(5, "us"),
        np.void(b"abc"),
        record,
    ):
        for mode in ("argument", "value"):
            data = encode([scalar], mode)
            hint = f"numpy.{type(scalar).__name__}"
            assert parse(data).list_value.items[0].type_hint == hint
            (back,) = decode(data, numpy=True)
            assert type(back) is type(scalar)
            assert back.dtype == scalar.dtype
            assert back.tobytes() == scalar.tobytes()
        assert parse(encode(scalar, "tensor")).type_hint == ""


def test_by_value_arrays_go_along(np, tmp_path):
    rows = {"a": np.arange(3), "b": [array.array("d", [1.5])], "c": (memoryview(b"xy"),)}
    back = decode(encode(rows, "value"), numpy=True)
    assert [back["a"].tolist(), back["b"][0].tolist(), back["c"][0].tolist()] == [
        [0, 1, 2],
        [1.5],
        [120, 121],
    ]
    mapped = np.memmap(tmp_path / "elements", dtype="i4", mode="w+", shape=2)
    assert decode(encode(mapped), numpy=True).tolist() == [0, 0]
    for other in (
        mapped,
        np.rec.array([(1,)], dtype=[("a", "i4")]),
        np.array([None]),
        np.array([1], dtype=">i4"),
    ):
        with pytest.raises(CodecError) as refused:
            encode({"rows": [0, other]}, "value")
        assert (refused.value.kind, refused.value.path) == ("not_by_value", ".rows[1]")


def test_in_auto_an_array_is_a_handle_wherever_it_is(np):
    handle = encode(object(), "handle", lambda _: (1, 1, None, "", []))
    for value in (np.arange(2), [1, np.arange(2)], {"a": array.array("d")}, [memoryview(b"")]):
        assert encode(value, "auto", lambda _: (1, 1, None, "", [])) == handle


def test_numpy_scalars_widen_exactly_or_stay(np):
    for scalar, plain, hint in [
        (np.float32(1.1), float(np.float32(1.1)), "numpy.float32"),
        (np.float64(1.5), 1.5, "numpy.float64"),
        (np.uint64(2**64 - 1), 2**64 - 1, "numpy.uint64"),
        (np.int8(-3), -3, "numpy.int8"),
        (np.float16(1.1), float(np.float16(1.1)), "numpy.float16"),
        (np.uint8(255), 255, "numpy.uint8"),
        (np.int16(-(2**15)), -(2**15), "numpy.int16"),
        (np.uint16(2**16 - 1), 2**16 - 1, "numpy.uint16"),
        (np.int32(-(2**31)), -(2**31), "numpy.int32"),
        (np.uint32(2**32 - 1), 2**32 - 1, "numpy.uint32"),
        (np.int64(-(2**63)), -(2**63), "numpy.int64"),
        (np.longlong(-5), -5, "numpy.longlong"),
        (np.ulonglong(5), 5, "numpy.ulonglong"),
        (np.complex64(1 + 2j), 1 + 2j, "numpy.complex64"),
        (np.complex128(1 + 2j), 1 + 2j, "numpy.complex128"),
        (np.str_("é"), "é", "numpy.str_"),
        (np.bytes_(b"x"), b"x", "numpy.bytes_"),
    ]:
        for mode in ("auto", "value", "argument"):
            data = encode(scalar, mode)
            assert parse(data).type_hint == hint
            assert codec.same(decode(data), plain)
    assert parse(encode(np.bool_(True))).bool_value is True
    assert decode(encode([np.float32(1.5), 2.5])) == [1.5, 2.5]
    handle = encode(object(), "handle", lambda _: (1, 1, None, "", []))
    subclass = type("Mine", (np.float64,), {})(1.5)
    for scalar in (
        np.longdouble(1),
        np.clongdouble(1),
        np.datetime64("2020"),
        np.timedelta64(1, "s"),
        np.void(b"x"),
        subclass,
    ):
        assert encode(scalar, "auto", lambda _: (1, 1, None, "", [])) == handle


def test_a_big_array_is_over_the_limit(np):
    with pytest.raises(CodecError) as refused:
        encode(np.zeros(3 << 20))
    assert refused.value.limit == "message_bytes"
