"""The names that the guide and python-api.md promise, their types, and what importing costs."""

import importlib
import os
import resource
import subprocess
import sys

import pytest

import envknit
import envknit.isolation
from envknit.isolation import import_hook
from envknit.isolation import worker as worker_module

PACKAGE = [
    "configure_from_lock",
    "use",
    "worker",
    "import_version",
    "set_default",
    "enable",
    "disable",
    "get_manager",
    "context_wrap",
    "ContextThread",
    "ContextExecutor",
    "CExtensionError",
    "SchemaVersionError",
    "WorkerContext",
    "VersionContext",
    "ImportHookManager",
    "ProcessPool",
    "__version__",
    "VERSION_INFO",
    "RemoteError",
    "DeadlineError",
    "WorkerCrashed",
    "WorkerOutOfMemory",
    "PoolExhausted",
    "StaleHandleError",
    "NotRegisteredError",
    "fetch",
    "environment",
    "aworker",
    "status",
]
ISOLATION = [
    "ContextThread",
    "ContextExecutor",
    "context_wrap",
    "VersionRegistry",
    "VersionedFinder",
    "VersionedLoader",
    "configure_from_lock",
    "use",
    "import_version",
    "set_default",
    "enable",
    "disable",
    "get_manager",
]
IMPORT_HOOK = [
    "CExtensionError",
    "SchemaVersionError",
    "_active_versions",
    "_ctx_modules",
    "configure_from_lock",
    "use",
    "import_version",
    "set_default",
    "enable",
    "disable",
    "get_manager",
    "VersionRegistry",
    "VersionedFinder",
    "VersionedLoader",
    "ImportHookManager",
    "VersionContext",
]
WORKER = ["ModuleProxy", "CallProxy", "WorkerContext", "ProcessPool"]


@pytest.mark.parametrize(
    ("module", "names"),
    [
        (envknit, PACKAGE),
        (envknit.isolation, ISOLATION),
        (import_hook, IMPORT_HOOK),
        (worker_module, WORKER),
    ],
    ids=["envknit", "isolation", "import_hook", "worker"],
)
def test_names_are_there_and_in_all(module, names):
    for name in names:
        assert getattr(module, name) is not None
    assert set(names) <= set(module.__all__)
    assert len(module.__all__) == len(set(module.__all__))
    for name in module.__all__:
        assert hasattr(module, name)


@pytest.mark.parametrize("module", ["envknit", "envknit.isolation"])
def test_a_star_import_gives_all_of_it(module):
    scope = {}
    exec(f"from {module} import *", scope)
    assert set(importlib.import_module(module).__all__) <= scope.keys()


def test_names_are_the_same_objects_wherever_they_are():
    for name in set(ISOLATION) & set(PACKAGE):
        assert getattr(envknit.isolation, name) is getattr(envknit, name)
    for name in set(IMPORT_HOOK) & set(PACKAGE):
        assert getattr(import_hook, name) is getattr(envknit, name)
    # `envknit.worker` is the function, `envknit.isolation.worker` the module.
    assert callable(envknit.worker)
    assert worker_module.__name__ == "envknit.isolation.worker"
    assert isinstance(envknit.get_manager(), envknit.ImportHookManager)


def test_version():
    assert ".".join(map(str, envknit.VERSION_INFO)) == envknit.__version__
    assert isinstance(envknit.VERSION_INFO, tuple)


def test_unknown_names_are_attribute_errors():
    for module in (envknit, envknit.isolation):
        with pytest.raises(AttributeError, match=f"module '{module.__name__}' has no attribute"):
            module.absent  # noqa: B018


def test_everything_public_is_documented():
    for module in (envknit, envknit.isolation, import_hook):
        assert module.__doc__
        for name in module.__all__:
            value = getattr(module, name)
            if callable(value):
                assert value.__doc__, name


def test_importing_loads_no_extension_and_starts_nothing():
    script = (
        "import builtins, importlib, sys, threading\n"
        "before = set(sys.modules), list(sys.meta_path), builtins.__import__, sys.path[:]\n"
        "import envknit, envknit.isolation.import_hook\n"
        "new = set(sys.modules) - before[0]\n"
        "assert not [n for n in new if getattr(sys.modules[n], '__file__', '').endswith('.so')\n"
        "            and n.startswith('envknit')], new\n"
        "assert not {'inspect', 'subprocess', 'socket', 'asyncio', 'pkgutil'} & new, new\n"
        "assert (list(sys.meta_path), builtins.__import__, sys.path) == before[1:]\n"
        "assert threading.active_count() == 1\n"
    )
    run = subprocess.run([sys.executable, "-W", "error", "-c", script], timeout=60)
    assert run.returncode == 0


def seconds_of_cpu(script, cache):
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": str(cache)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60, env=environment)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def test_importing_takes_little(tmp_path):
    plain = min(seconds_of_cpu("pass", tmp_path) for _ in range(5))
    ours = min(seconds_of_cpu("import envknit", tmp_path) for _ in range(5))
    # Promised: 30 ms. Generous, for machines that are busy and slow.
    assert ours - plain < 0.1
