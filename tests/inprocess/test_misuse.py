"""What goes wrong on the caller's side gets an error that says what to do."""

import asyncio
import contextvars
import sys

import pytest
from own_process import in_own_process
from package_trees import PackageTrees

import envknit
from envknit.isolation.import_hook import _active_versions, _ctx_modules


@pytest.fixture
def trees(tmp_path):
    made = PackageTrees(tmp_path)
    made.add("requests", "2.31.0")
    made.add("requests", "2.28.2")
    made.add("pillow", "9.0", {"PIL/__init__.py": "", "PIL/Image.py": ""})
    return made


CALLS = {
    "use": envknit.use,
    "import_version": envknit.import_version,
    "set_default": envknit.set_default,
    "worker": envknit.worker,
}


@pytest.mark.parametrize("function", CALLS)
def test_what_is_not_registered(trees, function):
    call = CALLS[function]

    @in_own_process
    def check():
        with pytest.raises(envknit.NotRegisteredError, match=r"configure_from_lock\(\) first"):
            call("requests", "2.31.0")
        envknit.configure_from_lock(trees.lock())
        with pytest.raises(ImportError, match=r"requests 9\.9 is not registered") as caught:
            call("requests", "9.9")
        assert isinstance(caught.value, ValueError)
        assert "registered versions of requests: 2.28.2, 2.31.0" in str(caught.value)
        with pytest.raises(envknit.NotRegisteredError, match="did you mean requests"):
            call("reqests", "2.31.0")
        with pytest.raises(envknit.NotRegisteredError, match="registered: pillow, requests"):
            call("zzz", "1.0")
        with pytest.raises(envknit.NotRegisteredError, match=r"'' '' is not registered"):
            call("", "")

    check()


@pytest.mark.parametrize("function", CALLS)
def test_numbers_and_none_are_no_names_or_versions(trees, function):
    call = CALLS[function]

    @in_own_process
    def check():
        envknit.configure_from_lock(trees.lock())
        with pytest.raises(TypeError, match=r"a package's version is a str, not 2\.31"):
            call("requests", 2.31)
        for name in (None, 5, b"requests"):
            with pytest.raises(TypeError, match="a package's name is a str"):
                call(name, "2.31.0")

    check()


@in_own_process
def test_an_environment_without_that_package(trees):
    envknit.configure_from_lock(trees.lock())
    with pytest.raises(envknit.NotRegisteredError, match="in environment 'elsewhere'"):
        envknit.use("requests", "2.31.0", env="elsewhere")


@in_own_process
def test_blocks_left_in_a_wrong_order(trees):
    envknit.configure_from_lock(trees.lock())
    outer, inner = envknit.use("requests", "2.31.0"), envknit.use("requests", "2.28.2")
    outer.__enter__()
    inner.__enter__()
    with pytest.raises(RuntimeError, match="before a block inside it"):
        outer.__exit__(None, None, None)
    # It is left all the same: the inner one is what is active.
    assert _active_versions.get() == {"requests": "2.28.2"}
    inner.__exit__(None, None, None)
    assert _active_versions.get() == {}


@in_own_process
def test_generators_that_leave_their_blocks_in_turns(trees):
    envknit.configure_from_lock(trees.lock())

    def versions(version):
        with envknit.use("requests", version):
            yield __import__("requests").__version__

    first, second, third = map(versions, ["2.31.0", "2.28.2", "2.31.0"])
    assert [next(first), next(second), next(third)] == ["2.31.0", "2.28.2", "2.31.0"]
    for generator in (first, second):
        with pytest.raises(RuntimeError, match="one task or thread"):
            next(generator)
    assert next(third, "end") == "end"
    assert _active_versions.get() == {}
    assert _ctx_modules.get() is None


@in_own_process
def test_a_block_left_without_being_entered(trees):
    envknit.configure_from_lock(trees.lock())
    with pytest.raises(RuntimeError, match=r"requests 2\.31\.0"):
        envknit.use("requests", "2.31.0").__exit__(None, None, None)


@in_own_process
def test_a_block_left_in_another_context(trees):
    envknit.configure_from_lock(trees.lock())
    block = envknit.use("requests", "2.31.0")
    contextvars.copy_context().run(block.__enter__)
    with pytest.raises(RuntimeError, match="another context than it was"):
        block.__exit__(None, None, None)
    assert _active_versions.get() == {}


@in_own_process
def test_a_block_is_not_asynchronous(trees):
    envknit.configure_from_lock(trees.lock())

    async def main():
        async with envknit.use("requests", "2.31.0"):
            raise AssertionError

    with pytest.raises(TypeError, match="plain context manager"):
        asyncio.run(main())


@pytest.mark.parametrize(
    ("alias", "error"),
    [
        ("", "an alias is a name"),
        ("a-b", "an alias is a name"),
        ("a.b", "an alias is a name"),
        ("1a", "an alias is a name"),
        ("class", "an alias is a name"),
        (5, "an alias is a name"),
        ("json", "standard library"),
        ("pytest", "loaded already"),
        ("envknit", "loaded already"),
        # use() would not win over it.
        ("PIL", "registered package"),
        ("requests", "registered package"),
    ],
)
def test_aliases_that_cannot_be(trees, alias, error):
    @in_own_process
    def check():
        envknit.configure_from_lock(trees.lock())
        loaded = sys.modules.get(alias)
        with pytest.raises(ValueError, match=error):
            envknit.import_version("requests", "2.28.2", alias=alias)
        assert sys.modules.get(alias) is loaded

    check()


@in_own_process
def test_an_alias_may_be_given_again_and_to_another_version(trees):
    envknit.configure_from_lock(trees.lock())
    old = envknit.import_version("requests", "2.28.2", alias="web")
    assert envknit.import_version("requests", "2.28.2", alias="web") is old
    new = envknit.import_version("requests", "2.31.0", alias="client")
    import client

    assert client is new
    envknit.import_version("requests", "2.28.2", alias="client")
    import client

    assert client is old


@in_own_process
def test_a_package_without_a_module(tmp_path):
    trees = PackageTrees(tmp_path)
    trees.add("nothing", "1.0", {"nothing-1.0.data/readme.txt": "empty"})
    envknit.configure_from_lock(trees.lock())
    for _ in range(2):
        with pytest.raises(ModuleNotFoundError, match=r"nothing 1\.0 has no module 'nothing'"):
            envknit.import_version("nothing", "1.0")
    with envknit.use("nothing", "1.0"), pytest.raises(ModuleNotFoundError, match="'nothing'"):
        import nothing  # noqa: F401


@in_own_process
def test_the_context_of_a_plain_block_stands_for_the_module(trees):
    envknit.configure_from_lock(trees.lock())
    with envknit.use("requests", "2.28.2") as block:
        assert block.module.__version__ == "2.28.2"
        assert block.__version__ == "2.28.2"
        assert block.where() == block.module.__file__
        with pytest.raises(AttributeError, match="'absent'"):
            block.absent  # noqa: B018
    with pytest.raises(AttributeError):
        block.__wrapped__  # noqa: B018


@in_own_process
def test_reprs(trees):
    manager = envknit.get_manager()
    assert repr(manager) == "<ImportHookManager disabled, 0 packages>"
    envknit.configure_from_lock(trees.lock())
    assert repr(manager) == "<ImportHookManager enabled, 3 packages>"
    envknit.enable(strict=True)
    assert repr(manager) == "<ImportHookManager enabled, strict, 3 packages>"
    assert repr(manager.finder) == "<VersionedFinder (strict)>"
    assert manager is envknit.get_manager()
    block = envknit.use("requests", "2.28.2")
    path = trees.path_of("requests", "2.28.2")
    assert repr(block) == f"<VersionContext requests 2.28.2 of {path}>"
    assert (block.name, block.version) == ("requests", "2.28.2")
    old = envknit.import_version("requests", "2.28.2")
    assert repr(old) == f"<module 'requests' from '{path}/requests/__init__.py'>"
