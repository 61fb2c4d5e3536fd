"""Imports that fail half-way, and the next try."""

import sys

import pytest
from own_process import in_own_process
from package_trees import PackageTrees

import envknit

VERSIONS = ("1.0", "2.0")


def ready(tmp_path, files):
    trees = PackageTrees(tmp_path)
    for version in VERSIONS:
        trees.add("pkg", version, files, env=f"env{version}")
    envknit.configure_from_lock(trees.lock(), auto_install=False)
    envknit.use("pkg", VERSIONS[0])
    return trees


def imported(version):
    with envknit.use("pkg", version):
        import pkg
    return pkg


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("raise ValueError('of pkg')", ValueError),
        ("raise KeyboardInterrupt", KeyboardInterrupt),
        ("raise SystemExit(3)", SystemExit),
        ("import no_such_module_at_all", ModuleNotFoundError),
        ("from . import no_such_part", ImportError),
        ("from .part import no_such_name", ImportError),
        ("import pkg.no_such_part", ModuleNotFoundError),
        ("def broken(:", SyntaxError),
    ],
)
@in_own_process
def test_the_packages_own_error_and_nothing_left(tmp_path, code, error):
    files = {"pkg/__init__.py": f"from . import part\n{code}\n", "pkg/part.py": ""}
    trees = ready(tmp_path, files)
    before, finders, path = dict(sys.modules), list(sys.meta_path), list(sys.path)
    for version in VERSIONS * 2:
        with pytest.raises(error) as caught:
            imported(version)
        assert caught.type is error
    assert (sys.modules, sys.meta_path, sys.path) == (before, finders, path)
    # Mended, it is as if nothing had been.
    for version in VERSIONS:
        file = trees.path_of("pkg", version) / "pkg/__init__.py"
        file.write_text(f"from . import part\nVERSION = '{version} again'\n")
    for version in VERSIONS:
        assert f"{version} again" == imported(version).VERSION


@in_own_process
def test_the_traceback_ends_in_the_packages_code(tmp_path):
    trees = ready(tmp_path, {"pkg/__init__.py": "import pkg.part\n", "pkg/part.py": "\n1 / 0\n"})
    with pytest.raises(ZeroDivisionError) as caught:
        imported("2.0")
    last = caught.traceback[-1]
    assert str(last.path) == str(trees.path_of("pkg", "2.0") / "pkg" / "part.py")
    assert last.lineno == 1
    assert caught.value.__context__ is None


@in_own_process
def test_an_optional_part_that_fails(tmp_path):
    files = {
        "pkg/__init__.py": """
            try:
                from . import fast
            except ImportError:
                fast = None
            import pkg.slow
            try:
                import absent_accelerator
            except ImportError as error:
                missing = error.name
        """,
        "pkg/fast.py": "from . import slow\nraise ImportError('no accelerator')\n",
        "pkg/slow.py": "VERSION = '@VERSION@'\n",
    }
    ready(tmp_path, files)
    for version in VERSIONS:
        pkg = imported(version)
        assert pkg.fast is None
        assert pkg.missing == "absent_accelerator"
        assert version == pkg.slow.VERSION


@in_own_process
def test_a_late_part_that_fails_leaves_the_package(tmp_path):
    files = {
        "pkg/__init__.py": """
            def late():
                import pkg.low.bad
                return pkg.low
        """,
        "pkg/low/__init__.py": """
            import pkg.low.bad
            import gates_for_failures
            gates_for_failures.check()
        """,
        "pkg/low/bad.py": "import pkg\nVERSION = '@VERSION@'\n",
    }
    ready(tmp_path, files)
    import types

    host = types.ModuleType("gates_for_failures")

    def fail():
        raise OSError("not now")

    sys.modules["gates_for_failures"] = host
    for version in VERSIONS:
        pkg = imported(version)
        host.check = fail
        for _ in range(2):
            with pytest.raises(OSError, match="not now"):
                pkg.late()
        assert not hasattr(pkg, "low")
        host.check = lambda: None
        assert pkg.late() is pkg.low
        assert version == pkg.low.bad.VERSION
        assert imported(version) is pkg


@in_own_process
def test_what_it_wrote_into_sys_modules_before_it_failed(tmp_path):
    files = {
        "pkg/__init__.py": """
            import sys, types
            sys.modules["pkg.made"] = types.ModuleType("pkg.made")
            raise RuntimeError("half-way")
        """,
    }
    ready(tmp_path, files)
    before = dict(sys.modules)
    for version in VERSIONS:
        with pytest.raises(RuntimeError, match="half-way"):
            imported(version)
        with envknit.use("pkg", version), pytest.raises(RuntimeError, match="half-way"):
            import pkg.made  # noqa: F401
    assert sys.modules == before


@in_own_process
def test_the_hosts_own_is_untouched_by_a_version_that_fails(tmp_path):
    ready(
        tmp_path,
        {"pkg/__init__.py": "from . import part\nraise OSError('of pkg')\n", "pkg/part.py": ""},
    )
    host = PackageTrees(tmp_path / "host")
    files = {"pkg/__init__.py": "VERSION = 'host'\n", "pkg/part.py": "VERSION = 'host'\n"}
    sys.path.insert(0, str(host.install("pkg", "9", files, into=tmp_path / "host/site")))
    import pkg.part

    before = dict(sys.modules)
    for version in VERSIONS:
        with pytest.raises(OSError, match="of pkg"):
            imported(version)
    assert sys.modules == before
    assert pkg.part.VERSION == "host"
