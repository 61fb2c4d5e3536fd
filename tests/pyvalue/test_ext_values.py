"""The closed registry: standard-library types that cross as documented fields."""

import datetime as dt
import decimal
import fractions
import pathlib
import subprocess
import sys
import textwrap
import uuid
import zoneinfo
from decimal import Decimal
from fractions import Fraction

import codec
import pytest
from codec import decode, encode, parse
from codec_errors import CodecError
from protocol import message

BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")
HOUR = dt.timedelta(hours=1)

# Value, registered name, and its fields as protobuf reads them.
VALUES = [
    (dt.date(2024, 5, 6), "datetime.date", ["2024-05-06"]),
    (dt.date.min, "datetime.date", ["0001-01-01"]),
    (dt.date.max, "datetime.date", ["9999-12-31"]),
    (dt.time(7, 8, 9), "datetime.time", ["07:08:09"]),
    (dt.time.max, "datetime.time", ["23:59:59.999999"]),
    (dt.time(1, fold=1), "datetime.time", ["01:00:00", None, 1]),
    (dt.datetime(2024, 5, 6, 7, 8, 9, 10), "datetime.datetime", ["2024-05-06T07:08:09.000010"]),
    (dt.datetime.min, "datetime.datetime", ["0001-01-01T00:00:00"]),
    (dt.timedelta(-1, 2, 3), "datetime.timedelta", [-1, 2, 3]),
    (dt.timedelta.min, "datetime.timedelta", [-999_999_999, 0, 0]),
    (dt.timedelta.max, "datetime.timedelta", [999_999_999, 86_399, 999_999]),
    (dt.timezone.utc, "datetime.timezone", [0]),
    (dt.timezone(-HOUR / 7), "datetime.timezone", [-514_285_714]),
    (dt.timezone(HOUR, "CET"), "datetime.timezone", [3_600_000_000, "CET"]),
    (BERLIN, "zoneinfo.ZoneInfo", ["Europe/Berlin"]),
    (zoneinfo.ZoneInfo("Etc/GMT+5"), "zoneinfo.ZoneInfo", ["Etc/GMT+5"]),
    (Decimal("-1.50E+7"), "decimal.Decimal", ["-1.50E+7"]),
    (Decimal("0.10"), "decimal.Decimal", ["0.10"]),
    (Decimal("-0"), "decimal.Decimal", ["-0"]),
    (Decimal("-Infinity"), "decimal.Decimal", ["-Infinity"]),
    (Decimal("1E+999999999999999999"), "decimal.Decimal", ["1E+999999999999999999"]),
    (Fraction(-3, 9), "fractions.Fraction", [-1, 3]),
    (Fraction(2**70), "fractions.Fraction", [2**70, 1]),
    (
        uuid.UUID("12345678-1234-5678-1234-567812345678"),
        "uuid.UUID",
        ["12345678-1234-5678-1234-567812345678"],
    ),
    (uuid.UUID(int=0), "uuid.UUID", ["00000000-0000-0000-0000-000000000000"]),
    (pathlib.PurePosixPath("/a/b"), "pathlib.PurePosixPath", None),
    (pathlib.PurePosixPath("a", "..", "b"), "pathlib.PurePosixPath", None),
    (pathlib.PurePosixPath("a", "/b//c/", "d"), "pathlib.PurePosixPath", None),
    (pathlib.PurePosixPath(), "pathlib.PurePosixPath", None),
    (pathlib.PurePosixPath("//net/x\udc80"), "pathlib.PurePosixPath", None),
    (pathlib.Path("x") / "y", "pathlib.PosixPath", None),
    (pathlib.PureWindowsPath("c:/a", "b"), "pathlib.PureWindowsPath", None),
    (pathlib.PureWindowsPath("c:a"), "pathlib.PureWindowsPath", None),
    (pathlib.PureWindowsPath("//host/share/a"), "pathlib.PureWindowsPath", None),
    (slice(1, None, 2), "builtins.slice", [1, None, 2]),
    (range(3, 9, 2), "builtins.range", [3, 9, 2]),
    (bytearray(b"ab"), "builtins.bytearray", [b"ab"]),
    (..., "builtins.Ellipsis", []),
    (NotImplemented, "builtins.NotImplemented", []),
]


def ext(type_name, *fields):
    return message("Value")(
        ext={"type": type_name, "fields": [codec.parse(encode(field)) for field in fields]}
    ).SerializeToString()


@pytest.mark.parametrize(("value", "name", "fields"), VALUES, ids=lambda x: repr(x)[:40])
def test_comes_back_as_it_was(value, name, fields):
    for mode in ("argument", "value", "auto"):
        data = encode(value, mode)
        made = parse(data)
        assert made.ext.type == name
        back = decode(made.SerializeToString())
        assert type(back) is type(value)
        assert repr(back) == repr(value)
        assert back is value or back == value
    if fields is not None:
        assert [decode(field.SerializeToString()) for field in made.ext.fields] == fields
        assert data == ext(name, *fields)


@pytest.mark.parametrize("text", ["NaN", "-NaN123", "sNaN", "-sNaN42"])
def test_decimals_that_are_no_numbers(text):
    assert str(decode(encode(Decimal(text)))) == text


@pytest.mark.parametrize("zone", [dt.timezone.utc, dt.timezone(-HOUR, "x"), BERLIN])
@pytest.mark.parametrize("fold", [0, 1])
def test_times_keep_zone_and_fold(zone, fold):
    for value in (
        dt.datetime(2024, 10, 27, 2, 30, 1, 5, zone, fold=fold),
        dt.time(2, 30, tzinfo=zone, fold=fold),
    ):
        back = decode(encode(value))
        assert (back.fold, back.tzinfo) == (fold, zone)
        assert back.utcoffset() == value.utcoffset()
        assert repr(back) == repr(value)
    assert decode(encode(BERLIN)) is BERLIN
    assert decode(encode(dt.timezone.utc)) is dt.timezone.utc


def test_a_path_that_was_printed_is_the_same():
    for value in (pathlib.PurePosixPath("a", "b"), pathlib.PureWindowsPath("c:/", "b")):
        str(value)
        assert decode(encode(value)) == value


def test_they_are_keys_and_members():
    keys = {dt.date(2024, 1, 1): 1, Decimal("1.5"): 2, Fraction(1, 3): 3, uuid.UUID(int=7): 4}
    assert decode(encode(keys)) == keys
    assert decode(encode({(dt.timedelta(1), BERLIN), frozenset([Decimal(1)])})) == {
        (dt.timedelta(1), BERLIN),
        frozenset([Decimal(1)]),
    }


def test_a_naive_datetime_is_two_elements():
    limits = codec.Limits(elements=20)
    rows = [dt.datetime(2024, 1, 1)] * 10
    assert decode(encode(rows, limits=limits), limits=limits) == rows


class Zone(dt.tzinfo):
    def utcoffset(self, when):
        raise AssertionError("called")

    dst = tzname = utcoffset


class IntLike(int):
    def __getattribute__(self, name):
        raise AssertionError(name)


ARMED = False


def loud(base, *args):
    """An object of a subclass that raises when it is touched, once ARMED."""

    def quiet(name):
        def method(self, *given):
            if ARMED:
                raise AssertionError(name)
            return getattr(base, name)(self, *given)

        return method

    names = ("__getattribute__", "__str__", "__repr__", "__hash__", "__reduce_ex__")
    namespace = {name: quiet(name) for name in names}
    kind = type(base.__name__, (base,), {**namespace, "__module__": base.__module__})
    return base.__new__(kind, *args)


@pytest.fixture
def armed(monkeypatch):
    monkeypatch.setitem(globals(), "ARMED", True)


def fraction_of(numerator, denominator):
    made = Fraction(1)
    made._numerator, made._denominator = numerator, denominator
    return made


STAYS = [
    dt.datetime(2024, 1, 1, tzinfo=Zone()),
    dt.time(1, tzinfo=Zone()),
    loud(dt.datetime, 2024, 1, 1),
    loud(dt.date, 2024, 1, 1),
    loud(dt.timedelta, 1),
    loud(Decimal, "1.5"),
    loud(Fraction, 1, 2),
    loud(pathlib.PurePosixPath, "a"),
    object.__new__(type("UUID", (uuid.UUID,), {"__module__": "uuid"})),
    fraction_of(IntLike(1), 2),
    fraction_of(1 << 600_000, 1),
    object.__new__(Fraction),
    object.__new__(uuid.UUID),
]


def handle_of(value):
    return (7, 1, None, "", [])


@pytest.mark.parametrize("index", range(len(STAYS)))
def test_what_only_looks_like_one_stays(index, armed):
    value = STAYS[index]
    assert encode([value], "auto", handle_of) == encode(value, "handle", handle_of)
    for mode in ("value", "argument"):
        with pytest.raises(CodecError) as refused:
            encode([0, value], mode)
        assert refused.value.kind == "not_by_value"
        assert refused.value.path.startswith("[1]")


def test_a_foreign_time_zone_is_named():
    with pytest.raises(CodecError) as refused:
        encode({"when": dt.datetime(2024, 1, 1, tzinfo=Zone())})
    assert (refused.value.path, refused.value.message) == (
        ".when.tzinfo",
        "test_ext_values.Zone is not by value",
    )


def zone_from_file(key):
    folder = next(
        folder for folder in zoneinfo.TZPATH if pathlib.Path(folder, "Europe/Berlin").exists()
    )
    with open(pathlib.Path(folder, "Europe/Berlin"), "rb") as file:
        return zoneinfo.ZoneInfo.from_file(file, key=key)


@pytest.mark.parametrize("key", [None, "Europe/Berlin", "a b", "/etc/passwd", "\udc80"])
def test_a_zone_that_was_read_from_a_file_stays(key):
    zone = zone_from_file(key)
    assert encode(zone, "auto", handle_of) == encode(zone, "handle", handle_of)


def test_a_replaced_module_or_type_is_no_reason_to_run_code(monkeypatch):
    class Loud:
        def __getattribute__(self, name):
            raise AssertionError(name)

    class Fake(metaclass=type("Meta", (type,), {"__getattribute__": Loud.__getattribute__})):
        pass

    values = [Decimal(1), Fraction(1), uuid.UUID(int=1), dt.date(1, 1, 1), pathlib.PurePath()]
    for module in ("decimal", "fractions", "uuid", "datetime", "pathlib", "zoneinfo"):
        monkeypatch.setitem(sys.modules, module, Loud())
    for value in values:
        assert encode(value, "auto", handle_of) == encode(value, "handle", handle_of)
    monkeypatch.undo()
    # freezegun does this.
    monkeypatch.setattr(dt, "datetime", Fake)
    assert parse(encode(dt.date(2024, 1, 1))).ext.type == "datetime.date"
    monkeypatch.setattr(decimal, "Decimal", Fake)
    fake = object.__new__(Fake)
    assert encode(fake, "auto", handle_of) == encode(fake, "handle", handle_of)


def test_encoding_imports_nothing():
    script = textwrap.dedent("""
        import sys
        import _pyvalue_test as native
        before = set(sys.modules)
        for mode in ("auto", "value"):
            native.encode(native.Limits(), [1, ..., range(3), (slice(1),)], mode, None)
        names = ("datetime", "decimal", "fractions", "uuid", "pathlib", "zoneinfo", "numpy", "json")
        assert not set(names) & (set(sys.modules) - before)
        print("fine")
    """)
    import _pyvalue_test

    done = subprocess.run(
        [
            sys.executable,
            "-I",
            "-S",
            "-c",
            f"import sys; sys.path.append({folder_of(_pyvalue_test)!r})\n{script}",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "fine\n", done.stderr


def folder_of(module):
    return str(pathlib.Path(module.__file__).parent)


MALFORMED = [
    ("datetime.date", "2024-02-30"),
    ("datetime.date", "0000-01-01"),
    ("datetime.date", "2024-1-01"),
    ("datetime.date", "2024-01-01T00:00:00"),
    ("datetime.date", 20240101),
    ("datetime.date",),
    ("datetime.time", "24:00:00"),
    ("datetime.time", "01:00"),
    ("datetime.time", "01:00:00."),
    ("datetime.time", "01:00:00.1234567"),
    ("datetime.time", "01:00:00", None, 2),
    ("datetime.time", "01:00:00", None, True),
    ("datetime.time", "01:00:00", 1),
    ("datetime.datetime", "2024-01-01 00:00:00"),
    ("datetime.datetime", "2024-01-01T00:00:60"),
    ("datetime.datetime", "2024-01-01T00:00:00Z"),
    ("datetime.datetime", "2024-01-01T00:00:00+01:00"),
    ("datetime.datetime", "\N{FULLWIDTH DIGIT TWO}024-01-01T00:00:00"),
    ("datetime.datetime", "2024-01-01T00:00:00", "UTC"),
    ("datetime.datetime", "2024-01-01T00:00:00", None, 0, 0),
    ("datetime.timedelta", 10**9, 0, 0),
    ("datetime.timedelta", 0, 86_400, 0),
    ("datetime.timedelta", 0, -1, 0),
    ("datetime.timedelta", 0, 0, 10**6),
    ("datetime.timedelta", 0, 2**80, 0),
    ("datetime.timedelta", 0.0, 0, 0),
    ("datetime.timezone", 86_400_000_000),
    ("datetime.timezone", -86_400_000_000),
    ("datetime.timezone", 0, b"utc"),
    ("zoneinfo.ZoneInfo", "Mars/Olympus"),
    ("zoneinfo.ZoneInfo", "../../etc/passwd"),
    ("zoneinfo.ZoneInfo", "/etc/localtime"),
    ("zoneinfo.ZoneInfo", "Europe"),
    ("zoneinfo.ZoneInfo", ""),
    ("zoneinfo.ZoneInfo", "a" * 1000),
    ("zoneinfo.ZoneInfo", None),
    ("decimal.Decimal", "one"),
    ("decimal.Decimal", ""),
    ("decimal.Decimal", "1_000"),
    ("decimal.Decimal", " 1"),
    ("decimal.Decimal", "\N{ARABIC-INDIC DIGIT ONE}"),
    ("decimal.Decimal", "1E+9999999999999999999999"),
    ("decimal.Decimal", "1E"),
    ("decimal.Decimal", 1.5),
    ("fractions.Fraction", 1, 0),
    ("fractions.Fraction", "1", 2),
    ("fractions.Fraction", 1.5, 1),
    ("fractions.Fraction", 1 << 600_000, 3),
    ("uuid.UUID", "{12345678-1234-5678-1234-567812345678}"),
    ("uuid.UUID", "12345678123456781234567812345678"),
    ("uuid.UUID", "g2345678-1234-5678-1234-567812345678"),
    ("uuid.UUID", bytes(16)),
    ("pathlib.PurePosixPath",),
    ("pathlib.PurePosixPath", b"a"),
    ("pathlib.PurePosixPath", "a", None),
    ("pathlib.PurePosixPath", *["a"] * 1001),
    ("pathlib.WindowsPath", "a"),
    ("collections.OrderedDict", []),
    ("datetime.tzinfo",),
]


@pytest.mark.parametrize("index", range(len(MALFORMED)))
def test_fields_that_do_not_fit_are_refused(index):
    with pytest.raises(CodecError) as refused:
        decode(ext(*MALFORMED[index]))
    assert (refused.value.kind, refused.value.path) == ("malformed", "ext")
    assert len(refused.value.message) < 200


def test_a_context_without_traps_makes_no_nan_of_nonsense():
    with decimal.localcontext() as context:
        context.traps[decimal.InvalidOperation] = False
        with pytest.raises(CodecError):
            decode(ext("decimal.Decimal", "nonsense"))


def test_fractions_of_a_second_may_be_short():
    assert decode(ext("datetime.time", "01:02:03.5")) == dt.time(1, 2, 3, 500_000)
    assert decode(ext("datetime.time", "01:02:03", None, 0)) == dt.time(1, 2, 3)


def test_fractions_are_reduced():
    assert decode(ext("fractions.Fraction", 2, -4)) == Fraction(-1, 2)
    assert decode(ext("fractions.Fraction", 2, -4)).denominator == 2
    assert fractions.Fraction is Fraction
