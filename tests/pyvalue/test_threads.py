"""The codec used by several threads: what they share is read-only, or the interpreter's."""

import datetime
import decimal
import fractions
import pathlib
import threading
import uuid

import codec

VALUES = [
    None,
    [1, 2.5, "x", b"y", 2**100, 1 + 2j, "\udc80"],
    {"a": (1, {2, 3}), (1, 2): frozenset({4})},
    [float(n) for n in range(100)],
    list(range(100)),
    [datetime.datetime(2024, 5, 6, tzinfo=datetime.timezone.utc), datetime.timedelta(days=1)],
    [decimal.Decimal("1.10"), fractions.Fraction(1, 3), uuid.UUID(int=5)],
    [pathlib.PurePosixPath("a/b"), range(3), slice(1, None), ..., bytearray(b"z")],
]


def test_threads_encode_and_decode_at_once():
    barrier = threading.Barrier(8)
    wrong = []

    def work():
        barrier.wait()
        for _ in range(100):
            for value in VALUES:
                came = codec.decode(codec.encode(value))
                if codec.canonical(came) != codec.canonical(value):
                    wrong.append((value, came))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
