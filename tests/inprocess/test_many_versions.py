"""Many versions, many blocks: what they cost, and what they leave."""

import gc
import sys
import time
import tracemalloc
import weakref

from own_process import in_own_process
from package_trees import PackageTrees

import envknit
from envknit.isolation.import_hook import _active_versions, _ctx_modules

MANY = 200
FILES = {
    "pkg/__init__.py": "from . import a, b, c\n__version__ = '@VERSION@'\n",
    **{
        f"pkg/{name}.py": "import pkg\nVERSION = '@VERSION@'\ndef late():\n    import pkg.d as d\n"
        "    return d.VERSION\n"
        for name in "abcd"
    },
}


@in_own_process
def test_two_hundred_versions_of_a_package(tmp_path):
    trees = PackageTrees(tmp_path)
    versions = [f"1.{number}" for number in range(MANY)]
    for version in versions:
        trees.add("pkg", version, FILES, env=f"env{version}")
    begin = time.monotonic()
    assert envknit.configure_from_lock(trees.lock(), auto_install=False) == MANY
    modules = [envknit.import_version("pkg", version) for version in versions]
    assert [module.__version__ for module in modules] == versions
    assert [module.a.late() for module in modules] == versions
    assert not [name for name in sys.modules if name.partition(".")[0] == "pkg"]
    # A generous ceiling: about 2 s here; what grows with the square of the versions takes minutes.
    assert time.monotonic() - begin < 60


def blocks(count, versions):
    for number in range(count):
        with envknit.use("pkg", versions[number % len(versions)]):
            import pkg.a
            from pkg import b

            assert b.VERSION == pkg.a.VERSION


@in_own_process
def test_blocks_leave_nothing_behind(tmp_path):
    trees = PackageTrees(tmp_path)
    versions = ("1.0", "2.0")
    for version in versions:
        trees.add("pkg", version, FILES, env=f"env{version}")
    envknit.configure_from_lock(trees.lock(), auto_install=False)
    blocks(20, versions)
    tracemalloc.start()
    gc.collect()
    objects, (used, _) = len(gc.get_objects()), tracemalloc.get_traced_memory()
    blocks(1000, versions)
    gc.collect()
    now, _ = tracemalloc.get_traced_memory()
    assert len(gc.get_objects()) - objects < 100
    # Bytes; one dict per block would be ten times that.
    assert now - used < 20_000
    assert _active_versions.get() == {}
    assert _ctx_modules.get() is None


@in_own_process
def test_failed_imports_leave_nothing_behind(tmp_path):
    trees = PackageTrees(tmp_path)
    files = {
        "pkg/__init__.py": "from . import part\nraise ValueError\n",
        "pkg/part.py": "class Held: pass\n",
    }
    trees.add("pkg", "1.0", files)
    envknit.configure_from_lock(trees.lock(), auto_install=False)

    def fail():
        try:
            with envknit.use("pkg", "1.0"):
                import pkg  # noqa: F401
        except ValueError as error:
            module = error.__traceback__.tb_next
            while module.tb_next is not None:
                module = module.tb_next
            # What the failed module had loaded.
            return weakref.ref(module.tb_frame.f_globals["part"])

    for _ in range(20):
        fail()
    gc.collect()
    objects = len(gc.get_objects())
    held = fail()
    gc.collect()
    assert held() is None
    for _ in range(200):
        fail()
    gc.collect()
    assert len(gc.get_objects()) - objects < 200
