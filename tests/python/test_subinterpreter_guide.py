"""What the guide says of SubInterpreterEnv, paragraph by paragraph."""

import os
import re
import subprocess
import sys
import sysconfig

import pytest
from interpreter_hosts import locked_modules, need_host, newest_host, opened, write_lock

import envknit
from envknit import CExtIncompatibleError, SubInterpreterEnv, UnsupportedPlatformError

SOME_LIB = {"some_ml_lib==1.4": {"some_ml_lib.py": "__version__ = '1.4'\n"}}


@pytest.fixture
def lock(tmp_path):
    need_host()
    return write_lock(tmp_path, {"ml": (None, SOME_LIB), "default": (None, {})})


@pytest.fixture
def ml(lock):
    with opened(lock, "ml") as interp:
        yield interp


def test_names_are_where_the_guide_has_them():
    from envknit import isolation

    for name in ("SubInterpreterEnv", "CExtIncompatibleError", "UnsupportedPlatformError"):
        assert getattr(isolation, name) is getattr(envknit, name)
        assert name in isolation.__all__
        assert name in envknit.__all__


def test_first_example(lock, monkeypatch):
    monkeypatch.chdir(lock.parent)
    with SubInterpreterEnv("ml") as interp:
        interp.configure_from_lock("envknit.lock.yaml", env_name="ml")
        result = interp.eval_json("""
import some_ml_lib
result = {"version": some_ml_lib.__version__, "value": 42}
""")
    assert result == {"version": "1.4", "value": 42}


def test_configure_gives_install_paths_and_the_standard_library_only(ml, lock):
    code = "import sys, sysconfig; result = [sys.path, sysconfig.get_paths(), sys.prefix]"
    paths, standard, prefix = ml.eval_json(code)
    install_path = str(lock.parent / "ml" / "some_ml_lib")
    assert paths[0] == install_path
    assert standard["stdlib"] in paths
    assert os.path.join(standard["platstdlib"], "lib-dynload") in paths
    for path in paths[1:]:
        assert path.startswith(prefix)
        assert "site-packages" not in path


def test_host_packages_are_never_visible(ml):
    # pytest is one of this process; the host's own Python has pip.
    for name in ("pytest", "pip", "envknit", "conftest"):
        with pytest.raises(ImportError, match=name):
            ml.try_import(name)
    assert sysconfig.get_path("purelib") not in ml.eval_json("import sys; result = sys.path")


def test_configure_takes_the_default_environment(lock):
    with SubInterpreterEnv() as interp:
        interp.configure_from_lock(str(lock))
        assert not any(
            "ml" in path.split("/") for path in interp.eval_json("import sys; result = sys.path")
        )


def test_configure_refuses_an_unknown_environment(lock):
    with (
        SubInterpreterEnv("ml") as interp,
        pytest.raises(ValueError, match=r"'none' not found in lock file .*it has: ml, default"),
    ):
        interp.configure_from_lock(lock, env_name="none")


def test_eval_json_example(ml):
    data = ml.eval_json("""
import sys
result = {"python": sys.version, "path_count": len(sys.path)}
""")
    assert data["python"].startswith("3.")
    assert data["path_count"] >= 3


def test_eval_json_without_a_result_is_an_empty_dict(ml):
    assert ml.eval_json("") == {}
    assert ml.eval_json("result = 5") == 5
    assert ml.eval_json("x = 1") == {}


def test_eval_json_and_run_string_raise_what_the_code_raised(ml):
    for run in (ml.eval_json, ml.run_string):
        with pytest.raises(RuntimeError) as caught:
            run("def f():\n    raise KeyError('gone')\nf()\n")
        text = str(caught.value)
        assert text.startswith("Sub-interpreter execution failed: KeyError: 'gone'")
        assert re.search(r"line 3, in <module>\n(.|\n)*line 2, in f\n", text)
        assert isinstance(caught.value.__cause__, KeyError)


def test_try_import_true(ml):
    assert ml.try_import("some_ml_lib") is True
    assert ml.eval_json("import sys; result = 'some_ml_lib' in sys.modules") is True


def test_try_import_raises_for_a_missing_module(ml):
    for raise_on_cext in (False, True):
        with pytest.raises(ImportError, match="no_such_module"):
            ml.try_import("no_such_module", raise_on_cext=raise_on_cext)


def test_try_import_never_runs_the_name(ml, tmp_path):
    hostile = f'x"); open("{tmp_path}/ran", "w"); ("'
    for name in (hostile, "os\nraise SystemExit", "sys; import this", "'''", "\0"):
        with pytest.raises((ImportError, ValueError)):
            ml.try_import(name)
    assert not (tmp_path / "ran").exists()
    assert ml.eval_json("result = 1") == 1


@pytest.fixture
def compiled():
    """A SubInterpreterEnv whose pydantic_core is a C extension that can't load there."""
    need_host()
    minor = "{}.{}".format(*newest_host())
    with opened(locked_modules(minor), "new") as interp:
        yield interp


def test_pattern_a_falls_back_to_a_worker(compiled):
    assert compiled.try_import("pydantic_core") is False
    assert compiled.try_import("pydantic_core", raise_on_cext=False) is False
    # Neither did the refusal harm it.
    assert compiled.eval_json("result = {'ok': True}") == {"ok": True}


def test_pattern_b_raises_for_the_fallback(compiled):
    with pytest.raises(CExtIncompatibleError, match=r"pydantic_core.*envknit\.worker") as caught:
        compiled.try_import("pydantic_core", raise_on_cext=True)
    assert isinstance(caught.value, ImportError)
    assert caught.value.reason == "CEXT_INCOMPATIBLE"
    assert caught.value.metadata["module"] == "pydantic_core"


def test_patterns_with_numpy_fall_back(lock_file):
    need_host()
    found = []
    with SubInterpreterEnv("numpy1") as interp:
        interp.configure_from_lock(lock_file, env_name="numpy1")
        if interp.try_import("numpy"):
            found.append(interp.eval_json("import numpy; result = {'ok': True}"))
        else:
            with envknit.worker("numpy", "1.26.4") as np:
                found.append({"ok": np.zeros(1).tolist()})
        try:
            interp.try_import("numpy", raise_on_cext=True)
            found.append(interp.eval_json("import numpy; result = numpy.__version__"))
        except CExtIncompatibleError:
            with envknit.worker("numpy", "1.26.4") as np:
                found.append(np.__version__)
    assert found == [{"ok": [0.0]}, "1.26.4"]


# A folder with one Python without sub-interpreters is all that its daemon can find.
WITHOUT = """
import envknit
try:
    with envknit.SubInterpreterEnv("ml"):
        print("entered")
except envknit.UnsupportedPlatformError as error:
    print(error)
    print(error.metadata["found"])
"""


def test_a_machine_without_a_python_for_it(tmp_path):
    if sys.version_info >= (3, 12):
        pytest.skip("this Python has sub-interpreters itself")
    environment = {**os.environ, "PATH": str(tmp_path)}
    environment["ENVKNITD_ENVIRONMENTS_PYTHON_PREFIXES"] = sys.base_prefix
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT], env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    message, found = done.stdout.rsplit("\n", 2)[:2]
    assert "3.12 or newer" in message
    assert "{}.{}.".format(*sys.version_info) in found
    assert issubclass(UnsupportedPlatformError, RuntimeError)


def test_comparison_table_isolation_is_complete(lock):
    change = "import json, logging; json.mark = 1; logging.getLogger().setLevel(7)"
    look = "import json, logging; result = [hasattr(json, 'mark'), logging.getLogger().level]"
    with opened(lock, "ml") as one, opened(lock, "ml") as other:
        one.run_string(change)
        assert one.eval_json(look) == [True, 7]
        assert other.eval_json(look) == [False, 30]


def test_comparison_table_runs_in_an_interpreter_of_another_process(ml):
    code = """
import os, sys
if sys.version_info >= (3, 13):
    import _interpreters
    current, main = _interpreters.get_current()[0], _interpreters.get_main()[0]
else:
    import _xxsubinterpreters
    current, main = _xxsubinterpreters.get_current(), _xxsubinterpreters.get_main()
result = [os.getpid(), current != main]
"""
    pid, is_sub_interpreter = ml.eval_json(code)
    assert pid != os.getpid()
    assert is_sub_interpreter
