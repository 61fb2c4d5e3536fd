"""What user code finds inside an interpreter of a host."""

import pytest
from caller import FailedError, RaisedError, to_value
from protocol import message


@pytest.fixture
def interpreter(host):
    return host.open()


def value(interpreter, code):
    return interpreter.execute(code, want="value")


# Statements that leave something simple in `result`.
STANDARD_LIBRARY = {
    "asyncio": (
        "import asyncio\nasync def f():\n  await asyncio.sleep(0)\n"
        "  return await asyncio.to_thread(abs, -3)\nresult = asyncio.run(f())",
        3,
    ),
    "ssl": ("import ssl\nresult = ssl.create_default_context().verify_mode.name", "CERT_REQUIRED"),
    "hashlib": ("import hashlib\nresult = hashlib.sha256(b'').hexdigest()[:8]", "e3b0c442"),
    "datetime": (
        "import datetime as d\nresult = str(d.date(2024, 2, 28) + d.timedelta(2))",
        "2024-03-01",
    ),
    "decimal": ("import decimal\nresult = str(decimal.Decimal('1.10') * 3)", "3.30"),
    "sqlite3": (
        "import sqlite3\nresult = sqlite3.connect(':memory:').execute('select 1, 2').fetchone()",
        [1, 2],
    ),
    "zoneinfo": (
        "import zoneinfo, datetime\nzone = zoneinfo.ZoneInfo('Europe/Berlin')\n"
        "result = str(datetime.datetime(2024, 7, 1, tzinfo=zone))",
        "2024-07-01 00:00:00+02:00",
    ),
    "json": ("import json\nresult = json.loads(json.dumps({'a': [1]}))", {"a": [1]}),
    "enum": ("import enum\nresult = enum.IntFlag('F', 'A B')(3).name", "A|B"),
    "dataclasses": (
        "import dataclasses\n@dataclasses.dataclass\nclass P:\n  x: int = 2\n"
        "result = dataclasses.asdict(P())",
        {"x": 2},
    ),
    "threading": (
        "import threading\nfound = []\n"
        "threads = [threading.Thread(target=found.append, args=(i,)) for i in range(4)]\n"
        "[t.start() for t in threads]; [t.join() for t in threads]\n"
        "result = sorted(found)",
        [0, 1, 2, 3],
    ),
    "subprocess": (
        "import subprocess, sys\n"
        "result = subprocess.run([sys.executable, '-c', 'print(6 * 7)'], capture_output=True,"
        " text=True).stdout",
        "42\n",
    ),
    "re, collections, random, tempfile, logging": (
        "import re, collections, random, tempfile, logging, urllib.request, email, csv, pickle\n"
        "result = re.sub('a', 'b', 'aa')",
        "bb",
    ),
}


@pytest.mark.parametrize("name", STANDARD_LIBRARY)
def test_the_standard_library_works_in_two_interpreters_at_once(host, name):
    code, expected = STANDARD_LIBRARY[name]
    for interpreter in (host.open(), host.open()):
        assert value(interpreter, code) == expected
        assert interpreter.close().flags == 0


# Registered types, some of which are written in Python in interpreters of 3.12, by their fields.
EXT_VALUES = [
    ("datetime.date", ["2024-02-29"], "datetime.date(2024, 2, 29)"),
    ("datetime.time", ["07:08:09.000010"], "datetime.time(7, 8, 9, 10)"),
    ("datetime.datetime", ["2024-05-06T07:08:09"], "datetime.datetime(2024, 5, 6, 7, 8, 9)"),
    (
        "datetime.datetime",
        ["9999-12-31T23:59:59.999999", None, 1],
        "datetime.datetime(9999, 12, 31, 23, 59, 59, 999999, fold=1)",
    ),
    ("datetime.timedelta", [-1, 86399, 999999], "datetime.timedelta(microseconds=-1)"),
    ("datetime.timezone", [-1], "datetime.timezone(datetime.timedelta(microseconds=-1))"),
    (
        "datetime.timezone",
        [3_600_000_000, "CET"],
        "datetime.timezone(datetime.timedelta(hours=1), 'CET')",
    ),
    ("decimal.Decimal", ["-1.10"], "decimal.Decimal('-1.10')"),
    ("decimal.Decimal", ["1E+30"], "decimal.Decimal('1E+30')"),
    ("decimal.Decimal", ["-Infinity"], "decimal.Decimal('-Infinity')"),
    ("decimal.Decimal", ["sNaN12"], "decimal.Decimal('sNaN12')"),
    ("zoneinfo.ZoneInfo", ["Europe/Berlin"], "zoneinfo.ZoneInfo('Europe/Berlin')"),
    ("fractions.Fraction", [1, 3], "fractions.Fraction(1, 3)"),
]


@pytest.mark.parametrize(("kind", "fields", "expression"), EXT_VALUES)
def test_registered_types_cross_by_value(interpreter, kind, fields, expression):
    given = message("Value")(ext={"type": kind, "fields": [to_value(field) for field in fields]})
    # Its module may not be imported yet.
    text = interpreter.call("builtins:repr", given)
    interpreter.run("import datetime, decimal, fractions, zoneinfo")
    names = interpreter.get("__main__:__dict__", want="handle")
    assert text == interpreter.call("builtins:eval", f"repr({expression})", names)
    back = interpreter.call_outcome("builtins:eval", expression, names, want="value").value
    assert back.ext.type == kind
    assert interpreter.call("builtins:repr", back) == text


def test_a_zone_that_was_read_from_a_file_is_no_value(interpreter):
    interpreter.run(
        "import zoneinfo\n"
        "for folder in zoneinfo.TZPATH:\n  try: file = open(folder + '/UTC', 'rb')\n"
        "  except OSError: continue\n  zone = zoneinfo.ZoneInfo.from_file(file, key='UTC')"
    )
    assert interpreter.get("__main__:zone").id


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("datetime.date", ["2024-02-30"]),
        ("datetime.time", ["25:00:00"]),
        ("datetime.datetime", ["2024-05-06T07:08:09", 5]),
        ("datetime.timedelta", [0, 86400, 0]),
        ("datetime.timezone", [86_400_000_000]),
        ("decimal.Decimal", ["one"]),
    ],
)
def test_what_is_none_of_their_values_is_refused(interpreter, kind, fields):
    given = message("Value")(ext={"type": kind, "fields": [to_value(field) for field in fields]})
    with pytest.raises(FailedError) as failed:
        interpreter.call("builtins:repr", given)
    assert failed.value.reason == "INVALID_REQUEST"


def test_nothing_of_the_host_is_visible(interpreter):
    path = value(interpreter, "import sys\nresult = sys.path")
    assert path
    assert not any("site-packages" in entry for entry in path)
    assert any(entry.endswith("lib-dynload") for entry in path)
    found = value(
        interpreter,
        "import sys\n"
        "result = [sys.argv, 'site' in sys.modules, sys.flags.isolated,"
        " 'envknit_runtime' in sys.modules]",
    )
    assert found == [[""], False, 1, False]
    for module in ("pip", "setuptools", "envknit_runtime"):
        assert interpreter.try_import(module).verdict == 3
    names = interpreter.get("__main__:__dict__", want="handle")
    assert set(interpreter.call("builtins:list", names)) <= {
        *("__builtins__", "__name__", "__doc__", "__package__", "__loader__", "__spec__")
    }


def test_its_environment_comes_before_the_standard_library(host, tmp_path):
    (tmp_path / "colorsys.py").write_text("mine = True\n")
    interpreter = host.open(install_paths=[str(tmp_path)])
    assert interpreter.get("colorsys:mine") is True
    assert value(interpreter, "import sys\nresult = sys.path[0]") == str(tmp_path)
    with pytest.raises(RaisedError):
        host.open().get("colorsys:mine")


@pytest.mark.parametrize(
    "code",
    [
        "import os; os.fork()",
        "import os; os.execv('/bin/true', ['true'])",
        "import threading; threading.Thread(target=print, daemon=True).start()",
        "import signal; signal.signal(signal.SIGINT, print)",
    ],
)
def test_what_an_interpreter_may_not_do_is_an_exception(interpreter, code):
    with pytest.raises(RaisedError) as raised:
        interpreter.execute(code)
    assert raised.value.remote.type in ("RuntimeError", "ValueError")


def test_programs_it_starts_can_be_ended(interpreter):
    code = (
        "import subprocess\nchild = subprocess.Popen(['sleep', '600'])\nchild.terminate()\n"
        "result = child.wait(10)"
    )
    assert value(interpreter, code) == -15


def test_deep_recursion_is_an_exception(interpreter):
    for code in (
        "def f(): f()\nf()",
        "import functools\n@functools.cache\ndef f(x): f(x + 1)\nf(0)",
    ):
        with pytest.raises(RaisedError) as raised:
            interpreter.execute(code)
        assert raised.value.remote.type == "RecursionError"


def test_an_extension_that_failed_in_one_interpreter_is_refused_in_the_next(host):
    name = "_curses"
    for _ in range(4):
        interpreter = host.open()
        found = interpreter.try_import(name)
        assert found.verdict == 2
        assert f"module {name} does not support loading in subinterpreters" in found.reason
        # As the standard library falls back.
        assert value(interpreter, STANDARD_LIBRARY["sqlite3"][0]) == [1, 2]
        interpreter.close()
