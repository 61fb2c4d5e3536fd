"""Threads that import at the same moment, step by step."""

import importlib
import sys

import pytest
from interleaving import Gate, finished, gates_of, in_thread
from own_process import in_own_process
from package_trees import PackageTrees

import envknit

SLOW = {
    "pkg/__init__.py": """
        import gates
        from . import early
        gates.runs.append("@VERSION@")
        getattr(gates, "gate_" + "@VERSION@"[0]).pass_through()
        VERSION = "@VERSION@"
    """,
    "pkg/early.py": "VERSION = '@VERSION@'\n",
    "pkg/late.py": "VERSION = '@VERSION@'\n",
}


@pytest.fixture
def trees(tmp_path):
    made = PackageTrees(tmp_path)
    made.add("pkg", "1.0", SLOW, env="one")
    made.add("pkg", "2.0", SLOW, env="two")
    return made


def host_package(tmp_path, files, name="pkg"):
    """Something the host has of its own, on sys.path."""
    made = PackageTrees(tmp_path / "host")
    path = made.install(name, "9.9", files, into=tmp_path / "host", dist_info=False)
    sys.path.insert(0, str(path))
    importlib.invalidate_caches()


def imported(version):
    with envknit.use("pkg", version):
        import pkg
    return pkg


@in_own_process
def test_two_versions_at_the_same_moment_for_the_first_time(trees):
    envknit.configure_from_lock(trees.lock(), auto_install=False)
    envknit.use("pkg", "1.0")
    before = dict(sys.modules)
    with gates_of(gate_1=Gate(), gate_2=Gate(), runs=[]) as gates:
        first = in_thread(imported, "1.0")
        gates.gate_1.wait_until_reached()
        second = in_thread(imported, "2.0")
        assert second.is_waiting()
        gates.gate_1.open()
        gates.gate_2.wait_until_reached()
        gates.gate_2.open()
        one, two = finished(first, second)
    assert (one.VERSION, one.early.VERSION) == ("1.0", "1.0")
    assert (two.VERSION, two.early.VERSION) == ("2.0", "2.0")
    assert sys.modules == before


@in_own_process
def test_threads_that_want_the_same_module_run_it_once_and_see_it_whole(trees):
    envknit.configure_from_lock(trees.lock(), auto_install=False)

    def submodule():
        with envknit.use("pkg", "1.0"):
            import pkg.early
        return pkg.early.VERSION, pkg.VERSION

    def name_of_submodule():
        with envknit.use("pkg", "1.0"):
            return importlib.import_module("pkg").VERSION

    with gates_of(gate_1=Gate(), runs=[]) as gates:
        first = in_thread(lambda: imported("1.0").VERSION)
        gates.gate_1.wait_until_reached()
        others = [in_thread(submodule), in_thread(name_of_submodule)]
        assert all(other.is_waiting() for other in others)
        gates.gate_1.open()
        assert finished(first, *others) == ["1.0", ("1.0", "1.0"), "1.0"]
        assert gates.runs == ["1.0"]


@in_own_process
def test_host_code_meanwhile_gets_the_packages_of_the_host(trees, tmp_path):
    host_package(
        tmp_path, {"pkg/__init__.py": "VERSION = '@VERSION@'\n", "pkg/late.py": "x = '@VERSION@'\n"}
    )
    envknit.configure_from_lock(trees.lock(), auto_install=False)
    import pkg

    def late_submodule():
        import pkg.late

        return pkg.VERSION, pkg.late.x

    def by_name():
        return importlib.import_module("pkg.late").x

    def loaded():
        import pkg

        return pkg.VERSION

    with gates_of(gate_1=Gate(), runs=[]) as gates:
        version = in_thread(lambda: imported("1.0").VERSION)
        gates.gate_1.wait_until_reached()
        hosts = [in_thread(late_submodule), in_thread(by_name), in_thread(loaded)]
        assert all(host.is_waiting() for host in hosts)
        gates.gate_1.open()
        assert finished(version, *hosts) == ["1.0", ("9.9", "9.9"), "9.9", "9.9"]
    assert sys.modules["pkg"] is pkg
    assert pkg.VERSION == "9.9"


@in_own_process
def test_host_imports_under_way_end_before_a_version_is_shown(trees, tmp_path):
    slow = "import gates\ngates.gate.pass_through()\nimport sys\nx = sys.modules['pkg'].VERSION\n"
    host_package(tmp_path, {"pkg/__init__.py": "VERSION = '@VERSION@'\n", "pkg/slow.py": slow})
    envknit.configure_from_lock(trees.lock(), auto_install=False)

    def host():
        import pkg.slow

        return pkg.slow.x

    with gates_of(gate=Gate(), gate_1=Gate(), runs=[]) as gates:
        gates.gate_1.open()
        of_host = in_thread(host)
        gates.gate.wait_until_reached()
        version = in_thread(lambda: imported("1.0").VERSION)
        assert version.is_waiting()
        gates.gate.open()
        assert finished(of_host, version) == ["9.9", "1.0"]
    assert sys.modules["pkg.slow"].x == "9.9"


@in_own_process
def test_what_the_host_imports_meanwhile_is_not_the_versions(tmp_path):
    trees = PackageTrees(tmp_path)
    files = {
        "pkg/__init__.py": """
            import gates
            gates.gate.pass_through()

            def late():
                import dep
                return dep
        """,
    }
    path = trees.add("pkg", "1.0", files)
    trees.install("dep", "1.5", into=path)
    host_package(tmp_path, {"dep.py": "__version__ = '@VERSION@'\n"}, name="dep")
    envknit.configure_from_lock(trees.lock(), auto_install=False)

    def host():
        import dep

        return dep

    with gates_of(gate=Gate()) as gates:
        version = in_thread(imported, "1.0")
        gates.gate.wait_until_reached()
        of_host = in_thread(host).result()
        assert of_host.__version__ == "9.9"
        gates.gate.open()
        pkg = version.result()
    assert sys.modules["dep"] is of_host
    assert pkg.late().__version__ == "1.5"
    assert sys.modules["dep"] is of_host


CROSSING = {
    "pkg/__init__.py": """
        import gates
        gates.of_version.pass_through()
        import crossing
        VERSION = "@VERSION@"
    """,
}
HOST_CROSSING = """
    import gates
    import envknit
    gates.of_host.pass_through()
    with envknit.use("pkg", "1.0"):
        import pkg
    done = True
"""


@in_own_process
def test_a_host_module_and_a_version_that_import_each_other_in_two_threads(tmp_path):
    trees = PackageTrees(tmp_path)
    trees.add("pkg", "1.0", CROSSING)
    host_package(tmp_path, {"crossing.py": HOST_CROSSING}, name="crossing")
    envknit.configure_from_lock(trees.lock(), auto_install=False)
    with gates_of(of_version=Gate(), of_host=Gate()) as gates:
        version = in_thread(imported, "1.0")
        gates.of_version.wait_until_reached()
        host = in_thread(importlib.import_module, "crossing")
        gates.of_host.wait_until_reached()
        gates.of_version.open()
        gates.of_host.open()
        pkg, crossing = finished(version, host)
    assert pkg.VERSION == "1.0"
    assert crossing.done
    assert crossing.pkg is pkg
    assert pkg.crossing is crossing
    assert "pkg" not in sys.modules


@in_own_process
def test_a_thread_that_fails_half_way_leaves_the_next_one_a_fresh_start(tmp_path):
    trees = PackageTrees(tmp_path)
    files = {
        "pkg/__init__.py": """
            import gates
            from . import part
            gates.runs.append(part)
            gates.gate.pass_through()
            if len(gates.runs) == 1:
                raise SystemExit("dies")
            VERSION = "@VERSION@"
        """,
        "pkg/part.py": "VERSION = '@VERSION@'\n",
    }
    trees.add("pkg", "1.0", files)
    envknit.configure_from_lock(trees.lock(), auto_install=False)
    envknit.use("pkg", "1.0")
    before = dict(sys.modules)
    with gates_of(gate=Gate(), runs=[]) as gates:
        first = in_thread(imported, "1.0")
        gates.gate.wait_until_reached()
        second = in_thread(imported, "1.0")
        gates.gate.open()
        with pytest.raises(SystemExit, match="dies"):
            first.result()
        pkg = second.result()
        assert pkg.VERSION == pkg.part.VERSION == "1.0"
        assert len(gates.runs) == 2
        assert gates.runs[0] is not gates.runs[1] is pkg.part
    assert sys.modules == before
