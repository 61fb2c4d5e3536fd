"""Imports that fail: the package's own exception, with a traceback of its own, and nothing left."""

import importlib
import linecache
import sys
import traceback
from contextlib import nullcontext

import pytest
from own_process import in_own_process
from package_trees import PackageTrees

import envknit
from envknit.isolation import import_tracebacks

FILES = {
    "pkg/missing.py": "import json\nimport no_such_thing\n",
    "pkg/wrong.py": "def fail():\n    raise ValueError('x')\n\nfail()\n",
    "pkg/through.py": "from . import wrong\n",
    "pkg/interrupted.py": "from . import before\nraise KeyboardInterrupt\n",
    "pkg/before.py": "",
    "pkg/endless.py": "def fall():\n    fall()\n\nfall()\n",
    "pkg/spelled.py": "def f(:\n",
    "pkg/leaves.py": "import sys\n\nsys.exit(3)\n",
    "pkg/tolerant.py": """
        try:
            import no_such_thing
        except ImportError as error:
            missing = error
    """,
    "pkg/flaky.py": """
        import pkg

        pkg.tries = getattr(pkg, "tries", 0) + 1
        if pkg.tries == 1:
            raise OSError("not yet")
    """,
}


@pytest.fixture
def trees(tmp_path):
    made = PackageTrees(tmp_path)
    made.add("pkg", "1.0", FILES)
    made.add("pkg", "2.0", FILES)
    return made


def own_frames(error):
    """Files of the traceback, without this test's and the standard library's."""
    files = [entry.filename for entry in traceback.extract_tb(error.__traceback__)]
    return [file for file in files if "/pkg/" in file or "/envknit/" in file or "<frozen" in file]


def import_statement(name):
    exec(f"import {name}", globals())


def of_envknit(files):
    return [file for file in files if "/envknit/" in file]


CASES = {
    "missing": (ModuleNotFoundError, "No module named 'no_such_thing'", ["missing"]),
    "wrong": (ValueError, "x", ["wrong", "wrong"]),
    "through": (ValueError, "x", ["through", "wrong", "wrong"]),
    "interrupted": (KeyboardInterrupt, "", ["interrupted"]),
    "leaves": (SystemExit, "3", ["leaves"]),
    "spelled": (SyntaxError, "spelled.py", []),
    "absent": (ModuleNotFoundError, "No module named 'pkg.absent'", []),
    "wrong.below": (ValueError, "x", ["wrong", "wrong"]),
    "before.below": (ModuleNotFoundError, "'pkg.before' is not a package", []),
}


@pytest.mark.parametrize("where", ["block", "default", "import_module"])
@pytest.mark.parametrize("name", CASES)
def test_the_exception_and_its_traceback_are_the_packages_own(trees, name, where):
    kind, text, modules = CASES[name]

    @in_own_process
    def check():
        envknit.configure_from_lock(trees.lock())
        version = "1.0" if where == "default" else "2.0"
        block = envknit.use("pkg", "2.0")
        attempt = importlib.import_module if where == "import_module" else import_statement
        before = set(sys.modules)
        for _ in range(2):
            with block if where != "default" else nullcontext(), pytest.raises(kind) as caught:
                attempt(f"pkg.{name}")
            assert text in str(caught.value)
            files = own_frames(caught.value)
            folder = trees.path_of("pkg", version) / "pkg"
            ours = of_envknit(files)
            expected = [str(folder / f"{module}.py") for module in modules]
            assert [file for file in files if file not in ours] == expected
            # Where the import statement enters, and no more.
            assert len(ours) <= 2
            assert not isinstance(caught.value.__cause__, BaseException)
        stays = {"pkg", "pkg.before"} if where == "default" else set()
        assert {m for m in set(sys.modules) - before if m.startswith("pkg")} <= stays

    check()


@in_own_process
def test_a_recursion_without_end(trees):
    envknit.configure_from_lock(trees.lock())
    with envknit.use("pkg", "2.0"):
        with pytest.raises(RecursionError):
            import pkg.endless
        import pkg.before

        assert "2.0" in pkg.before.__file__


@in_own_process
def test_a_failed_module_is_tried_anew(trees):
    envknit.configure_from_lock(trees.lock())
    with envknit.use("pkg", "2.0"):
        import pkg

        with pytest.raises(OSError, match="not yet"):
            import pkg.flaky
        assert not hasattr(pkg, "flaky")
        import pkg.flaky

        assert (pkg.tries, pkg.flaky.__name__) == (2, "pkg.flaky")
    # The other version counts for itself.
    with pytest.raises(OSError, match="not yet"):
        import pkg.flaky


@in_own_process
def test_what_was_loaded_before_an_interrupt_stays(trees):
    envknit.configure_from_lock(trees.lock())
    with envknit.use("pkg", "2.0"):
        with pytest.raises(KeyboardInterrupt):
            import pkg.interrupted
        import pkg

        before = pkg.before
        assert importlib.import_module("pkg.before") is before


@in_own_process
def test_optional_dependencies_are_just_absent(trees):
    envknit.configure_from_lock(trees.lock())
    with envknit.use("pkg", "2.0"):
        from pkg.tolerant import missing
    assert type(missing) is ModuleNotFoundError
    assert missing.name == "no_such_thing"


@in_own_process
def test_names_that_are_not_there(trees):
    envknit.configure_from_lock(trees.lock())
    folder = trees.path_of("pkg", "2.0")
    with envknit.use("pkg", "2.0"):
        with pytest.raises(ImportError, match=rf"cannot import name 'absent' from 'pkg'.*{folder}"):
            from pkg import absent  # noqa: F401
        with pytest.raises(ModuleNotFoundError) as caught:
            import pkg.absent.deeper  # noqa: F401
    assert caught.value.name == "pkg.absent"


@in_own_process
def test_the_text_of_a_traceback_shows_the_packages_lines(trees):
    envknit.configure_from_lock(trees.lock())
    with envknit.use("pkg", "2.0"):
        try:
            import pkg.wrong  # noqa: F401
        except ValueError as error:
            text = "".join(traceback.format_exception(error))
    assert "import pkg.wrong" in text
    assert "raise ValueError('x')" in text
    assert "module_loading" not in text


def test_a_fault_of_an_import_step_itself_keeps_its_frames(monkeypatch):
    step = next(iter(sorted(import_tracebacks._STEPS)))
    source = "def step():\n    return 1 / 0\n"
    scope = {}
    exec(compile(source, step, "exec"), scope)
    monkeypatch.setitem(linecache.cache, step, (len(source), None, source.splitlines(True), step))
    with pytest.raises(ZeroDivisionError) as caught:
        scope["step"]()
    kept = import_tracebacks.without_import_steps(caught.value)
    assert [entry.filename for entry in traceback.extract_tb(kept.__traceback__)][-1] == step
