"""Writes what the fuzzers start from: `python seeds.py FOLDER` makes FOLDER/TARGET/NAME.

Golden frames, messages that protobuf encodes, and what once broke something, from
corpus/TARGET/NAME.hex (hexadecimal digits; the rest of a line after # says what it is).
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from google.protobuf.struct_pb2 import ListValue, Struct

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "pyvalue"))

from protocol import message  # noqa: E402

VALUES: dict[str, dict[str, Any]] = {
    "none": {"none": {}},
    "bool": {"bool_value": True},
    "int": {"int_value": -5},
    "float": {"float_value": 1.5},
    "text": {"string_value": "aä"},
    "surrogate": {"raw_string_value": b"\xed\xa0\x80"},
    "bytes": {"bytes_value": b"\0\xff"},
    "bigint": {"bigint_value": b"\0" * 9 + b"\x01"},
    "complex": {"complex_value": {"real": 1, "imag": -2}},
    "ints": {"packed_ints": {"values": [1, -2, 2**62], "tuple": True}},
    "floats": {"packed_floats": {"values": [0.5, -0.0]}},
    "list": {"list_value": {"items": [{"none": {}}, {"string_value": "x"}]}},
    "tuple": {"tuple_value": {"items": [{"int_value": 1}, {"tuple_value": {}}]}},
    "set": {"set_value": {"items": [{"int_value": 1}, {"string_value": "x"}]}},
    "frozenset": {"frozenset_value": {"items": [{"frozenset_value": {}}]}},
    "dict": {
        "dict_value": {
            "keys": [{"string_value": "k"}, {"int_value": 1}],
            "values": [{"list_value": {}}, {"float_value": 2}],
        }
    },
    "handle": {"handle": {"id": 3, "epoch": 5, "type_id": 1, "length": 2, "object_id": 9}},
    "array_handle": {"handle": {"id": 4, "tensor": {"typestr": "<f8", "shape": [2, 3]}}},
    "row": {"handle": {"id": 3, "items": [{"int_value": 1}, {"handle": {"id": 4}}]}},
    "tensor": {"tensor": {"typestr": "<i2", "shape": [2, 2], "inline": bytes(8)}},
    "strided": {
        "tensor": {"typestr": "<u1", "shape": [2, 2], "strides": [1, 2], "inline": bytes(4)}
    },
    "structured": {
        "tensor": {
            "typestr": "|V3",
            "descr": '[["a", "<i2"], ["", "|u1"]]',
            "shape": [1],
            "inline": b"abc",
        }
    },
    "hinted": {"float_value": 1.5, "type_hint": "numpy.float32"},
    "callable": {"callable": {"module": "math", "path": "sqrt"}},
}
# Of registered types: the fields, by what the type is called on the wire.
NONE, TWO = {"none": {}}, {"int_value": 2}
UTC = {"ext": {"type": "datetime.timezone", "fields": [{"int_value": 0}]}}
REGISTERED: dict[str, list[dict[str, Any]]] = {
    "builtins.slice": [NONE, TWO, NONE],
    "builtins.range": [TWO, TWO, TWO],
    "builtins.bytearray": [{"bytes_value": b"ab"}],
    "builtins.Ellipsis": [],
    "datetime.date": [{"string_value": "2024-05-06"}],
    "datetime.time": [{"string_value": "07:08:09.000010"}, UTC],
    "datetime.datetime": [{"string_value": "2024-05-06T07:08:09"}, NONE, {"int_value": 1}],
    "datetime.timedelta": [TWO, TWO, TWO],
    "datetime.timezone": [TWO, {"string_value": "X"}],
    "zoneinfo.ZoneInfo": [{"string_value": "UTC"}],
    "decimal.Decimal": [{"string_value": "-1.50E+7"}],
    "fractions.Fraction": [TWO, {"int_value": 3}],
    "uuid.UUID": [{"string_value": "12345678-1234-5678-1234-567812345678"}],
    "pathlib.PurePosixPath": [{"string_value": "/a"}, {"string_value": "b"}],
    "pathlib.PureWindowsPath": [{"string_value": "c:\\a"}],
}
VALUES |= {name: {"ext": {"type": name, "fields": fields}} for name, fields in REGISTERED.items()}
JSON = {
    "empty": [],
    "plain": [None, True, 1, -1.5, "text", [1, [2]], {"key": {"inner": [0.5]}}],
    "large": [2.0**53, 2.0**53 + 2, 1e300, -0.0],
}
REQUESTS = {
    "function": {"target": {"module": "math", "path": "hypot"}, "args": [{"int_value": 3}]},
    "method": {"target": {"handle": {"id": 3, "epoch": 1}, "path": "sum"}, "want": 2},
    "steps": {
        "target": {"module": "os", "steps": [{"attr": "path"}, {"item": {"int_value": 1}}]},
        "kwargs": [{"name": "x", "value": {"none": {}}}],
    },
    "json": {"target": {"module": "m"}, "json_args": [1, "x"], "json_kwargs": {"a": None}},
}


def varint(field: int, number: int) -> bytes:
    return bytes([field << 3, number])


def part(field: int, data: bytes) -> bytes:
    """A short field that has a length."""
    return bytes([field << 3 | 2, len(data)]) + data


def attach_requests(body: bytes) -> dict[str, bytes]:
    """By hand: Attach's messages import google/rpc, which is not beside our protos."""
    call = varint(1, 1) + varint(2, 3) + varint(3, 2) + part(4, varint(1, 3)) + part(6, body)
    return {
        "call": part(1, call),
        "cancel": part(2, varint(1, 1)),
        "open": part(3, varint(1, 1) + part(2, part(1, b"")) + varint(3, 2)),
        "close": part(4, varint(1, 1) + varint(2, 2)),
    }


def attach_replies(body: bytes) -> dict[str, bytes]:
    error = varint(1, 5) + part(2, b"no") + part(3, part(1, b"a/b"))
    return {
        "body": varint(1, 1) + part(2, body) + part(6, varint(2, 9)) + varint(7, 5),
        "error": varint(1, 1) + part(3, error),
        "opened": varint(1, 1) + part(4, part(1, b"")),
        "hello": part(5, varint(1, 1) + part(2, b"id") + varint(3, 99)),
    }


def unhex(text: str) -> bytes:
    return bytes.fromhex("".join(line.partition("#")[0] for line in text.splitlines()))


def seeds() -> dict[str, dict[str, bytes]]:
    """By target and name."""
    golden = sorted((HERE.parent / "frame" / "golden").glob("*.hex"))
    # The first byte says into what pieces the fuzzer cuts the rest.
    frames = {path.stem: b"\x07" + unhex(path.read_text()) for path in golden}
    frames["several"] = b"\x0b" + b"".join(
        frame[1:] for name, frame in frames.items() if not name.startswith("bad_")
    )
    value, request = message("Value"), message("CallRequest")
    release = message("ReleaseRequest")(epoch=1, ids=[1, 2])
    release.ranges.add(first_id=3, count=4)
    response = message("CallResponse")()
    response.outcome.value.CopyFrom(value(**VALUES["row"]))
    response.outcome.types.add(type_id=1, name="Row")
    chunk = message("NextResponse")(done=True)
    chunk.items.tuple_value.items.add().CopyFrom(value(**VALUES["row"]))
    chunk.iterator.id = 7
    steps = request(**REQUESTS["steps"]).SerializeToString()
    found = {
        "frame": frames,
        "value": {name: value(**fields).SerializeToString() for name, fields in VALUES.items()},
        "json": {},
        # As in frames.
        "attach": {name: b"\x05" + data for name, data in attach_requests(steps).items()},
        "reply": {
            **attach_replies(response.SerializeToString()),
            "next": attach_replies(chunk.SerializeToString())["body"],
        },
        "request": {
            "import": message("ImportRequest")(module="a.b").SerializeToString(),
            "execute": message("ExecuteRequest")(code="result = 1", want=2).SerializeToString(),
            "release": release.SerializeToString(),
            "next": message("NextRequest")(
                target={"handle": {"id": 3, "epoch": 1}}, begin=True, max_items=9
            ).SerializeToString(),
            "set_attr": message("SetAttrRequest")(
                target={"module": "m"}, name="x", value=NONE
            ).SerializeToString(),
            "describe": message("DescribeRequest")(
                target={"module": "m"}, repr=True
            ).SerializeToString(),
            **{name: request(**fields).SerializeToString() for name, fields in REQUESTS.items()},
        },
    }
    for name, items in JSON.items():
        array, table = ListValue(), Struct()
        array.extend(items)
        table.update({str(index): item for index, item in enumerate(items)})
        found["json"][f"{name}_list"] = array.SerializeToString()
        found["json"][f"{name}_struct"] = table.SerializeToString()
    for path in (HERE / "corpus").glob("*/*.hex"):
        found[path.parent.name][f"kept_{path.stem}"] = unhex(path.read_text())
    return found


def main() -> None:
    folder = Path(sys.argv[1])
    for target, files in seeds().items():
        (folder / target).mkdir(parents=True, exist_ok=True)
        for name, data in files.items():
            (folder / target / name).write_bytes(data)


if __name__ == "__main__":
    main()
