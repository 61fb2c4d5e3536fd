"""Callables and classes of the standard library, by the name they are imported under."""

import collections
import collections.abc
import datetime
import functools
import json
import math
import operator
import os
import os.path
import pathlib
import random
import re
import statistics

import codec
import pytest
from codec import decode, encode, parse
from codec_errors import CodecError
from protocol import message


def reference(module, path):
    return message("Value")(callable={"module": module, "path": path}).SerializeToString()


CALLABLES = [
    (len, "builtins", "len"),
    (int, "builtins", "int"),
    (float, "builtins", "float"),
    (ValueError, "builtins", "ValueError"),
    (open, "io", "open"),
    (math.sqrt, "math", "sqrt"),
    (operator.itemgetter, "operator", "itemgetter"),
    (operator.add, "operator", "add"),
    (functools.reduce, "functools", "reduce"),
    (os.getpid, "os", "getpid"),
    (os.path.join, "posixpath", "join"),
    (str.upper, "builtins", "str.upper"),
    (str.__add__, "builtins", "str.__add__"),
    (str.maketrans, "builtins", "str.maketrans"),
    (dict.fromkeys, "builtins", "dict.fromkeys"),
    (bytes.fromhex, "builtins", "bytes.fromhex"),
    (datetime.datetime, "datetime", "datetime"),
    (datetime.datetime.fromisoformat, "datetime", "datetime.fromisoformat"),
    (statistics.mean, "statistics", "mean"),
    (json.dumps, "json", "dumps"),
    (json.JSONEncoder.default, "json.encoder", "JSONEncoder.default"),
    (collections.OrderedDict, "collections", "OrderedDict"),
    (collections.abc.Mapping, "collections.abc", "Mapping"),
    (pathlib.Path, "pathlib", "Path"),
    (pathlib.Path.cwd, "pathlib", "Path.cwd"),
    (random.randint, "random", "randint"),
    (random.random, "random", "random"),
    (re.compile, "re", "compile"),
]


@pytest.mark.parametrize(("value", "module", "path"), CALLABLES, ids=lambda x: str(x))
def test_crosses_by_its_public_name(value, module, path):
    data = encode(value)
    made = parse(data).callable
    assert (made.module, made.path) == (module, path)
    back = decode(data, callables=True)
    assert back is value or back == value


def local_function():
    def inner():
        return None

    return inner


class Mine:
    @classmethod
    def make(cls):
        return cls()

    def method(self):
        return None


@pytest.mark.parametrize(
    ("value", "word"),
    [
        (lambda x: x, "the function 'test_callable_references.<lambda>'"),
        (local_function(), "local_function.<locals>.inner'"),
        (Mine, "the class 'test_callable_references.Mine'"),
        (Mine.make, "Mine.make'"),
        (Mine().method, "method'"),
        (codec.native.encode, "encode'"),
        ([].append, "append'"),
        (pytest.raises, "raises'"),
        (functools.partial(len), "functools.partial is not by value"),
        (operator.itemgetter(1), "operator.itemgetter is not by value"),
    ],
    ids=str,
)
def test_code_does_not_cross(value, word):
    with pytest.raises(CodecError) as refused:
        codec.native.encode_arguments(codec.LIMITS, ([0, 0, 0, value],), {}, None)
    assert (refused.value.kind, refused.value.path) == ("not_by_value", "args[0][3]")
    assert word in refused.value.message
    if not isinstance(value, (functools.partial, operator.itemgetter)):
        assert "builtins and the standard library" in refused.value.message


def test_a_name_that_another_object_has_is_none(monkeypatch):
    original = math.sqrt
    monkeypatch.setattr(math, "sqrt", math.cos)
    with pytest.raises(CodecError):
        encode(original)

    def sqrt(x):
        return x

    sqrt.__module__, sqrt.__qualname__ = "math", "sqrt"
    monkeypatch.undo()
    with pytest.raises(CodecError):
        encode(sqrt)
    imposter = type("int", (), {"__module__": "builtins"})
    with pytest.raises(CodecError):
        encode(imposter)


def test_in_results_they_stay():
    for value in (len, int, math.sqrt):
        handle = encode(value, "handle", lambda _: (7, 1, None, "", []))
        assert encode(value, "auto", lambda _: (7, 1, None, "", [])) == handle
        with pytest.raises(CodecError):
            encode(value, "value")


def test_only_a_worker_resolves_them():
    with pytest.raises(CodecError) as refused:
        decode(encode([len]))
    assert refused.value.path == "list_value.items[0].callable"
    assert "only a worker" in refused.value.message


@pytest.mark.parametrize(
    ("module", "path", "word"),
    [
        ("", "len", "needs a module and a path"),
        ("builtins", "", "needs a module and a path"),
        ("builtins", ".len", "needs a module and a path"),
        ("builtins", "str..upper", "needs a module and a path"),
        ("math", "a" * 300, "needs a module and a path"),
        ("pytest", "raises", "not a module of the standard library"),
        ("numpy", "sqrt", "not a module of the standard library"),
        ("__main__", "main", "not a module of the standard library"),
        ("os.nothing", "join", "can't import"),
        ("math", "nothing", "has no 'nothing'"),
        ("math", "pi", "is not callable"),
        ("os", "path", "is not callable"),
        ("sys", "stdout.write", "neither a module nor a class"),
        ("math", "sqrt.__self__.cos", "neither a module nor a class"),
        ("builtins", "lén\0", "needs a module and a path"),
    ],
)
def test_what_a_worker_refuses(module, path, word):
    with pytest.raises(CodecError) as refused:
        decode(reference(module, path), callables=True)
    assert (refused.value.kind, refused.value.path) == ("malformed", "callable")
    assert word in refused.value.message


def test_a_name_through_a_submodule():
    assert decode(reference("os", "path.join"), callables=True) is os.path.join
    assert decode(reference("os.path", "join"), callables=True) is os.path.join
