"""Forks while another thread is in the middle of an import, and processes that start anew."""

import multiprocessing
import os
import sys
import time
import warnings

from interleaving import Gate, gates_of, in_thread
from own_process import in_own_process
from package_trees import PackageTrees

import envknit

FILES = {
    "pkg/__init__.py": """
        import gates
        from . import early
        if "@VERSION@" == "1.0":
            gates.gate.pass_through()
        VERSION = "@VERSION@"
    """,
    "pkg/early.py": "VERSION = '@VERSION@'\n",
    "pkg/late.py": "VERSION = '@VERSION@'\n",
}


def configured(tmp_path):
    trees = PackageTrees(tmp_path)
    for version in ("1.0", "2.0"):
        trees.add("pkg", version, FILES, env=f"env{version}")
    envknit.configure_from_lock(trees.lock(), auto_install=False)
    envknit.use("pkg", "1.0")


def imported(version):
    with envknit.use("pkg", version):
        import pkg
    return pkg


def in_fork(function):
    """What it says in a child that must end."""
    read_end, write_end = os.pipe()
    with warnings.catch_warnings():
        # Of Python: that other threads are running.
        warnings.simplefilter("ignore", DeprecationWarning)
        pid = os.fork()
    if pid == 0:
        status = 1
        try:
            os.write(write_end, repr(function()).encode())
            status = 0
        finally:
            os._exit(status)
    os.close(write_end)
    deadline = time.monotonic() + 20
    while os.waitpid(pid, os.WNOHANG) == (0, 0):
        if time.monotonic() > deadline:
            os.kill(pid, 9)
            os.waitpid(pid, 0)
            raise AssertionError("the child hangs")
        time.sleep(0.01)
    with open(read_end, "rb") as pipe:
        return pipe.read().decode()


def in_child(gates):
    """The child sees nothing of the import that its parent was in, and imports for itself."""
    shown = [name for name in sys.modules if name.partition(".")[0] == "pkg"]
    gates.gate.open()
    one, two = imported("1.0"), imported("2.0")
    import pkg_of_host

    return shown, one.VERSION, one.early.VERSION, two.VERSION, pkg_of_host.VERSION


@in_own_process
def test_a_fork_in_the_middle_of_another_threads_import(tmp_path):
    (tmp_path / "pkg_of_host.py").write_text("VERSION = 'host'\n")
    sys.path.insert(0, str(tmp_path))
    configured(tmp_path)
    with gates_of(gate=Gate()) as gates:
        first = in_thread(imported, "1.0")
        gates.gate.wait_until_reached()
        waiting = in_thread(imported, "2.0")
        assert waiting.is_waiting()
        expected = repr(([], "1.0", "1.0", "2.0", "host"))
        assert in_fork(lambda: in_child(gates)) == expected
        gates.gate.open()
        assert first.result().VERSION == "1.0"
        assert waiting.result().VERSION == "2.0"


@in_own_process
def test_a_fork_in_the_middle_of_its_own_import(tmp_path):
    trees = PackageTrees(tmp_path)
    files = {
        "pkg/__init__.py": """
            import os, gates
            from . import early
            said = gates.in_fork(lambda: __import__("pkg.late").late.VERSION)
            VERSION = "@VERSION@"
        """,
        "pkg/early.py": "",
        "pkg/late.py": "from . import early\nVERSION = '@VERSION@'\n",
    }
    trees.add("pkg", "1.0", files)
    envknit.configure_from_lock(trees.lock(), auto_install=False)
    with gates_of(in_fork=in_fork):
        pkg = imported("1.0")
    assert pkg.said == repr("1.0")
    assert pkg.VERSION == "1.0"


@in_own_process
def test_many_forks_while_threads_import(tmp_path):
    trees = PackageTrees(tmp_path)
    parts = {f"pkg/p{number}.py": "VERSION = '@VERSION@'\n" for number in range(60)}
    for version in ("1.0", "2.0"):
        trees.add("pkg", version, {"pkg/__init__.py": "", **parts}, env=f"env{version}")
    envknit.configure_from_lock(trees.lock(), auto_install=False)

    def load(version):
        for number in range(60):
            with envknit.use("pkg", version):
                __import__(f"pkg.p{number}")

    def child():
        load("1.0")
        load("2.0")
        return [name for name in sys.modules if name.partition(".")[0] == "pkg"]

    threads = [in_thread(load, version) for version in ("1.0", "2.0")]
    for _ in range(10):
        assert in_fork(child) == "[]"
    for thread in threads:
        thread.result()


def said_by_pool(context, lock):
    with context.Pool(
        1, initializer=envknit.configure_from_lock, initargs=(lock, None, False)
    ) as pool:
        return pool.apply_async(version_of, ("2.0",)).get(60)


def version_of(version):
    with envknit.use("pkg", version):
        import pkg.late
    return pkg.late.VERSION


@in_own_process
def test_processes_of_multiprocessing(tmp_path):
    trees = PackageTrees(tmp_path)
    for version in ("1.0", "2.0"):
        trees.add("pkg", version, {"pkg/late.py": "VERSION = '@VERSION@'\n"})
    lock = str(trees.lock())
    envknit.configure_from_lock(lock, auto_install=False)
    assert version_of("1.0") == "1.0"
    # The child finds this module by its name.
    sys.path.insert(0, os.path.dirname(__file__))
    for method in ("fork", "spawn"):
        assert said_by_pool(multiprocessing.get_context(method), lock) == "2.0"
