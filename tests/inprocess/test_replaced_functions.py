"""Functions of Python that are replaced while imports are routed, and others that replace them."""

import builtins
import importlib
import importlib.util
import inspect
import pkgutil
import sys

import pytest
from own_process import in_own_process
from package_trees import PackageTrees

import envknit

REPLACED = [
    (builtins, "__import__"),
    (importlib, "reload"),
    (importlib.util, "find_spec"),
    (importlib._bootstrap, "_gcd_import"),
    (inspect, "getfile"),
    (inspect, "getmodule"),
    (pkgutil, "get_data"),
    (pkgutil, "walk_packages"),
]


@pytest.fixture
def trees(tmp_path):
    made = PackageTrees(tmp_path)
    for version in ("1.0", "2.0"):
        made.add("pkg", version, {"pkg/data.txt": "@VERSION@", "pkg/sub.py": ""})
    return made


def current():
    return [getattr(module, name) for module, name in REPLACED]


@in_own_process
def test_importing_envknit_replaces_nothing(trees):
    assert not any(str(function.__module__).startswith("envknit") for function in current())


@in_own_process
def test_without_anything_loaded_disable_leaves_python_as_it_was(trees):
    before, finders = current(), list(sys.meta_path)
    envknit.configure_from_lock(trees.lock())
    assert not any(now is then for now, then in zip(current(), before, strict=True))
    envknit.disable()
    assert current() == before
    assert sys.meta_path == finders


@in_own_process
def test_enabling_again_replaces_nothing_again(trees):
    envknit.configure_from_lock(trees.lock())
    once = current()
    envknit.enable()
    with envknit.use("pkg", "2.0"):
        import pkg  # noqa: F401
    envknit.disable()
    envknit.enable()
    assert current() == once


def use_everything():
    with envknit.use("pkg", "2.0"):
        import pkg

        assert importlib.reload(pkg).__version__ == "2.0"
        assert importlib.import_module("pkg.sub") is pkg.sub
        assert "/2.0/" in importlib.util.find_spec("pkg.sub").origin
        assert "/2.0/" in inspect.getfile(pkg)
        assert inspect.getmodule(pkg.where) is pkg
        assert pkgutil.get_data("pkg", "data.txt") == b"2.0"
        assert [m.name for m in pkgutil.walk_packages(pkg.__path__, "pkg.")] == ["pkg.sub"]


@in_own_process
def test_who_wraps_a_function_goes_on_to_be_asked(trees):
    envknit.configure_from_lock(trees.lock())
    calls = []

    def wrapped(function, name):
        def wrapper(*args, **kwargs):
            calls.append(name)
            return function(*args, **kwargs)

        return wrapper

    for module, name in REPLACED:
        setattr(module, name, wrapped(getattr(module, name), name))
    wrappers = current()
    use_everything()
    envknit.disable()
    envknit.enable()
    use_everything()
    assert current() == wrappers
    assert set(calls) == {name for _, name in REPLACED}
    assert calls.count("reload") == calls.count("get_data") == 2


@in_own_process
def test_who_puts_back_what_was_there_before_does_not_switch_us_off(trees):
    before = current()
    envknit.configure_from_lock(trees.lock())
    for (module, name), function in zip(REPLACED, before, strict=True):
        setattr(module, name, function)
    use_everything()


@in_own_process
def test_what_somebody_had_replaced_before_is_called_as_the_original(trees):
    names, original = [], builtins.__import__

    def watching(name, *args, **kwargs):
        names.append(name)
        return original(name, *args, **kwargs)

    builtins.__import__ = watching
    envknit.configure_from_lock(trees.lock())
    import colorsys  # noqa: F401

    use_everything()
    assert "colorsys" in names
    envknit.disable()
    assert builtins.__import__ is not original
