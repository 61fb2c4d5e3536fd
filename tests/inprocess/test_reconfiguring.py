"""Lock files read again and after each other, by several threads; stand-ins in sys.modules."""

import importlib
import subprocess
import sys
import threading
from unittest import mock

import pytest
from own_process import in_own_process
from package_trees import PackageTrees

import envknit


@pytest.fixture
def trees(tmp_path):
    made = PackageTrees(tmp_path)
    for version in ("1.0", "2.0", "3.0"):
        made.install("pkg", version, {"pkg/sub.py": ""}, into=made.path_of("pkg", version))
    return made


def lock(trees, *versions, name="envknit.lock.yaml"):
    packages = [
        {"name": "pkg", "version": version, "install_path": str(trees.path_of("pkg", version))}
        for version in versions
    ]
    return trees.lock({"environments": {"default": packages}}, name=name)


def version_of(name):
    return importlib.import_module(name).__version__


@in_own_process
def test_a_second_lock_file_adds_and_the_first_stays_the_default(trees):
    assert envknit.configure_from_lock(lock(trees, "1.0")) == 1
    import pkg

    assert envknit.configure_from_lock(lock(trees, "2.0", "1.0", name="b.lock.yaml")) == 2
    assert sys.modules["pkg"] is pkg
    assert version_of("pkg") == "1.0"
    assert envknit.import_version("pkg", "2.0").__version__ == "2.0"


@in_own_process
def test_a_changed_lock_file_replaces_what_it_said(trees):
    envknit.configure_from_lock(lock(trees, "1.0"))
    import pkg.sub

    old = pkg
    assert envknit.configure_from_lock(lock(trees, "3.0")) == 1
    assert "pkg.sub" not in sys.modules
    assert version_of("pkg") == "3.0"
    assert old.sub is old.sub
    with pytest.raises(envknit.NotRegisteredError):
        envknit.use("pkg", "1.0")
    envknit.configure_from_lock(lock(trees, "1.0"))
    assert sys.modules.get("pkg") is None
    assert importlib.import_module("pkg") is old


@in_own_process
def test_a_chosen_default_stays_chosen(trees):
    envknit.configure_from_lock(lock(trees, "1.0", "2.0"))
    envknit.set_default("pkg", "2.0")
    envknit.configure_from_lock(lock(trees, "1.0", "2.0"))
    assert version_of("pkg") == "2.0"
    # It can't be had any more: the first one is the default then.
    envknit.configure_from_lock(lock(trees, "1.0", "3.0"))
    assert version_of("pkg") == "1.0"


@in_own_process
def test_a_broken_lock_file_changes_nothing(trees):
    envknit.configure_from_lock(lock(trees, "1.0"))
    import pkg

    with pytest.raises(ValueError, match="lock"):
        envknit.configure_from_lock(trees.lock("environments: ["))
    assert sys.modules["pkg"] is pkg
    assert envknit.import_version("pkg", "1.0") is pkg


@in_own_process
def test_threads_may_configure_and_import_at_once(trees):
    path, seen = lock(trees, "1.0", "2.0"), []
    together = threading.Barrier(8, timeout=60)

    def run(number):
        together.wait()
        for _ in range(10):
            assert envknit.configure_from_lock(path) == 2
            with envknit.use("pkg", "2.0"):
                seen.append(version_of("pkg"))
            if number == 0:
                envknit.set_default("pkg", "2.0")
            seen.append(version_of("pkg.sub".partition(".")[0]))

    threads = [threading.Thread(target=run, args=[number]) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 160
    assert set(seen) <= {"1.0", "2.0"}
    assert seen[-1] == "2.0"


@in_own_process
def test_stand_ins_in_sys_modules_win_over_defaults(trees):
    envknit.configure_from_lock(lock(trees, "1.0"))
    for _ in range(2):
        stand_in = mock.MagicMock()
        with mock.patch.dict(sys.modules, {"pkg": stand_in}):
            import pkg
            from pkg import anything

            assert pkg is importlib.import_module("pkg") is stand_in
            assert anything is stand_in.anything
        with mock.patch.dict(sys.modules, {"pkg": None}):
            with pytest.raises(ModuleNotFoundError, match="halted"):
                import pkg
            with pytest.raises(ModuleNotFoundError, match="halted"):
                importlib.import_module("pkg")
        import pkg

        assert pkg.__version__ == "1.0"


def test_a_script_of_its_own_says_nothing_of_ours(trees):
    script = (
        "import atexit, sys, envknit\n"
        f"envknit.configure_from_lock({str(lock(trees, '1.0', '2.0'))!r})\n"
        "import pkg\n"
        "with envknit.use('pkg', '2.0') as block:\n"
        "    import pkg as newer\n"
        "class Late:\n"
        "    def __del__(self):\n"
        "        import sys\n"
        "held = sys.held = Late()\n"
        "@atexit.register\n"
        "def say():\n"
        "    import pkg.sub\n"
        "    with envknit.use('pkg', '2.0'):\n"
        "        import pkg as late\n"
        "    print(pkg.__version__, newer.__version__, late is newer)\n"
    )
    command = [sys.executable, "-W", "error", "-X", "dev", "-c", script]
    run = subprocess.run(command, capture_output=True, text=True, timeout=100)
    assert (run.stdout, run.stderr, run.returncode) == ("1.0 2.0 True\n", "", 0)
