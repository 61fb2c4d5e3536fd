"""The guide: use(), how it works, async code, C extensions, auto_worker."""

import asyncio
import inspect
import os
import sys
import threading

import pytest
from own_process import in_own_process
from package_trees import PackageTrees, extension_file

import envknit
from envknit.isolation.import_hook import CExtensionError, _active_versions, _ctx_modules

HTTP = {
    "requests/__init__.py": """
        __version__ = "@VERSION@"

        class Response(tuple):
            pass

        def get(url):
            from requests.late import answer
            return Response(answer(url))
    """,
    "requests/late.py": "import os\n\ndef answer(url):\n    return ('@VERSION@', url)\n",
}


@pytest.fixture
def trees(tmp_path):
    made = PackageTrees(tmp_path)
    made.add("requests", "2.31.0", HTTP)
    made.add("requests", "2.28.2", HTTP)
    made.add("numpy", "1.26.4", {extension_file("numpy/_core"): b""})
    return made


@in_own_process
def test_use(trees):
    envknit.configure_from_lock(trees.lock())
    with envknit.use("requests", "2.31.0"):
        import requests

        assert requests.__version__ == "2.31.0"
    assert _active_versions.get() == {}


def test_use_parameters():
    parameters = inspect.signature(envknit.use).parameters
    assert list(parameters) == ["name", "version", "auto_worker", "env"]
    assert parameters["auto_worker"].default is False
    assert parameters["env"].kind is inspect.Parameter.KEYWORD_ONLY


@in_own_process
def test_use_sets_active_versions(trees):
    envknit.configure_from_lock(trees.lock())
    assert "requests" not in _active_versions.get()
    with envknit.use("requests", "2.31.0"):
        assert _active_versions.get()["requests"] == "2.31.0"
        with envknit.use("requests", "2.28.2"):
            assert _active_versions.get()["requests"] == "2.28.2"
        assert _active_versions.get()["requests"] == "2.31.0"
    assert "requests" not in _active_versions.get()


@in_own_process
def test_use_makes_a_fresh_module_cache(trees):
    envknit.configure_from_lock(trees.lock())
    outside = _ctx_modules.get()
    with envknit.use("requests", "2.31.0"):
        first = _ctx_modules.get()
        assert first == {}
        import requests

        assert _ctx_modules.get() is first
        assert first["requests"] is requests
        with envknit.use("requests", "2.28.2"):
            assert _ctx_modules.get() == {}
        assert _ctx_modules.get() is first
    assert _ctx_modules.get() is outside


@in_own_process
def test_use_gives_a_spec_that_points_to_the_install_path(trees):
    envknit.configure_from_lock(trees.lock())
    with envknit.use("requests", "2.28.2"):
        import requests
    path = str(trees.path_of("requests", "2.28.2"))
    assert requests.__spec__.origin.startswith(path)
    assert requests.__file__ == requests.__spec__.origin
    assert requests.__spec__.name == requests.__name__ == "requests"


@in_own_process
def test_use_keeps_modules_out_of_sys_modules(trees):
    envknit.configure_from_lock(trees.lock())
    before, path = dict(sys.modules), list(sys.path)
    with envknit.use("requests", "2.28.2"):
        import requests.late

        assert requests.__version__ == "2.28.2"
        assert "requests" not in sys.modules
    assert sys.modules == before
    assert sys.path == path


@in_own_process
def test_use_is_reset_when_the_block_raises(trees):
    envknit.configure_from_lock(trees.lock())
    with pytest.raises(ZeroDivisionError), envknit.use("requests", "2.28.2"):
        raise ZeroDivisionError
    assert _active_versions.get() == {}
    assert _ctx_modules.get() is None
    import requests

    assert requests.__version__ == "2.31.0"


@in_own_process
def test_use_in_concurrent_tasks(trees):
    envknit.configure_from_lock(trees.lock())
    inside = asyncio.Event()
    seen = {}

    async def task_a():
        with envknit.use("requests", "2.31.0"):
            await inside.wait()
            import requests

            seen["a"] = requests.get("u")

    async def task_b():
        with envknit.use("requests", "2.28.2"):
            inside.set()
            await asyncio.sleep(0)
            import requests

            seen["b"] = requests.get("u")

    async def main():
        await asyncio.gather(task_a(), task_b())

    asyncio.run(main())
    assert seen == {"a": ("2.31.0", "u"), "b": ("2.28.2", "u")}


@in_own_process
def test_use_is_inherited_by_tasks_whose_writes_are_their_own(trees):
    envknit.configure_from_lock(trees.lock())

    async def child():
        import requests

        inherited = requests.__version__
        with envknit.use("requests", "2.31.0"):
            import requests

            return inherited, requests.__version__

    async def main():
        with envknit.use("requests", "2.28.2"):
            task = asyncio.create_task(child())
        return await task

    assert asyncio.run(main()) == ("2.28.2", "2.31.0")


@in_own_process
def test_use_in_threads(trees):
    envknit.configure_from_lock(trees.lock())
    together = threading.Barrier(2, timeout=60)
    seen = {}

    def run(version):
        with envknit.use("requests", version):
            together.wait()
            import requests

            seen[version] = requests.get("u")[0]
            together.wait()

    threads = [threading.Thread(target=run, args=[v]) for v in ("2.28.2", "2.31.0")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == {"2.28.2": "2.28.2", "2.31.0": "2.31.0"}


@in_own_process
def test_c_extension_error_without_auto_worker(trees):
    envknit.configure_from_lock(trees.lock())
    with (
        pytest.raises(CExtensionError, match=r"envknit\.worker\('numpy', '1\.26\.4'\)"),
        envknit.use("numpy", "1.26.4"),
    ):
        import numpy  # noqa: F401
    assert issubclass(CExtensionError, ImportError)
    assert envknit.CExtensionError is CExtensionError


@pytest.mark.parametrize("suffix", [None, ".so", ".pyd", ".cpython-399-x86_64-linux-gnu.so"])
def test_c_extension_error_for_so_and_pyd_files(tmp_path, suffix):
    trees = PackageTrees(tmp_path)
    trees.add("numpy", "1.26.4", {extension_file("numpy/deep/_core", suffix): b""})

    @in_own_process
    def check():
        envknit.configure_from_lock(trees.lock())
        with pytest.raises(CExtensionError, match="_core"):
            envknit.use("numpy", "1.26.4")

    check()


@in_own_process
def test_auto_worker_of_a_c_extension(numpy_lock):
    envknit.configure_from_lock(numpy_lock)
    with envknit.use("numpy", "1.26.4", auto_worker=True) as np:
        assert np.zeros(100).tolist() == [0.0] * 100
        assert np.__version__ == "1.26.4"
    assert "numpy" not in sys.modules


@in_own_process
def test_auto_worker_returns_a_worker_context_or_a_version_context(trees, numpy_lock):
    envknit.configure_from_lock(trees.lock())
    pure = envknit.use("requests", "2.31.0", auto_worker=True)
    assert isinstance(pure, envknit.VersionContext)
    compiled = envknit.use("numpy", "1.26.4", auto_worker=True)
    assert isinstance(compiled, envknit.WorkerContext)
    assert isinstance(envknit.use("requests", "2.31.0"), envknit.VersionContext)
    assert hasattr(pure, "__enter__")
    assert hasattr(compiled, "__enter__")


@in_own_process
def test_auto_worker_of_a_pure_package_gives_the_module(trees):
    envknit.configure_from_lock(trees.lock())
    with envknit.use("requests", "2.31.0", auto_worker=True) as mod:
        import requests

        assert mod is requests
        assert mod.get("https://example.com") == ("2.31.0", "https://example.com")


@in_own_process
def test_comparison_table_column_use(trees):
    envknit.configure_from_lock(trees.lock())
    with envknit.use("requests", "2.28.2"):
        import requests

        response = requests.get("u")
    # "isinstance() checks: work correctly", after the block, too.
    assert isinstance(response, requests.Response)
    assert isinstance(response, tuple)
    # "Memory: shared": it is this process's own module.
    assert envknit.import_version("requests", "2.28.2") is requests
    assert inspect.ismodule(requests)
    # "Global state isolation: partial": what is the process's own is shared.
    requests.late.os.environ["ENVKNIT_SHARED"] = "yes"
    assert os.environ["ENVKNIT_SHARED"] == "yes"
    # "C extension support: no".
    with pytest.raises(CExtensionError):
        envknit.use("numpy", "1.26.4")
