"""Namespace packages: parts of the lock's and of the host's in one name."""

import importlib
import importlib.resources
import pkgutil
import sys

import pytest
from own_process import in_own_process
from package_trees import PackageTrees

import envknit

AUTH = {
    "acme/auth/__init__.py": """
        version = "@VERSION@"

        def again():
            import acme.auth
            return acme.auth.version

        def other():
            import acme.cloud.storage
            return acme.cloud.storage.version

        def of_host():
            from acme import wire
            return wire.version
    """,
    "acme/auth/data.txt": "@VERSION@",
}
STORAGE = {"acme/cloud/storage.py": "version = '@VERSION@'\n"}


@pytest.fixture
def trees(tmp_path):
    made = PackageTrees(tmp_path)
    for version, env in (("1.0", "old"), ("2.0", "new")):
        made.add("acme-auth", version, AUTH, env=env)
        made.add("acme-cloud-storage", version, STORAGE, env=env)
    return made


@pytest.fixture
def host(tmp_path):
    folder = tmp_path / "host"
    wire = {"acme/wire/__init__.py": "version = 'host'\n"}
    PackageTrees(tmp_path).install("wire", "host", wire, into=folder)
    sys.path.insert(0, str(folder))
    yield folder
    sys.path.remove(str(folder))


def seen(auth):
    return auth.version, auth.again(), auth.other()


@in_own_process
def test_parts_from_several_paths_as_defaults(trees):
    envknit.configure_from_lock(trees.lock())
    import acme.auth

    assert seen(acme.auth) == ("1.0", "1.0", "1.0")
    assert acme.cloud.storage is sys.modules["acme.cloud.storage"]
    assert sys.modules["acme"] is acme
    with envknit.use("acme-auth", "1.0"):
        import acme.auth as in_block

        assert in_block is sys.modules["acme.auth"]


@in_own_process
def test_parts_from_several_paths_in_blocks(trees):
    envknit.configure_from_lock(trees.lock())
    import acme.auth as default

    with envknit.use("acme-auth", "2.0"):
        import acme.auth

        assert seen(acme.auth) == ("2.0", "2.0", "2.0")
    assert seen(default) == ("1.0", "1.0", "1.0")


@in_own_process
def test_the_hosts_parts_stay_importable(trees, host):
    envknit.configure_from_lock(trees.lock())
    import acme.wire

    assert acme.wire.version == "host"
    assert importlib.import_module("acme.auth").of_host() == "host"
    assert acme.auth.version == "1.0"
    with envknit.use("acme-auth", "2.0"):
        import acme.auth as newer

        assert (newer.version, newer.of_host()) == ("2.0", "host")


@in_own_process
def test_the_host_has_its_namespace_back_after_disable(trees, host):
    envknit.configure_from_lock(trees.lock())
    import acme.auth

    held = acme.auth
    envknit.disable()
    with pytest.raises(ModuleNotFoundError):
        import acme.auth
    import acme.wire

    assert acme.wire.version == "host"
    assert (held.again(), held.of_host()) == ("1.0", "host")


@in_own_process
def test_tools_on_namespaces(trees):
    envknit.configure_from_lock(trees.lock())
    for block in (None, envknit.use("acme-auth", "2.0")):
        version = "2.0" if block else "1.0"
        with block or envknit.use("acme-auth", "1.0"):
            import acme

            names = [info.name for info in pkgutil.walk_packages(acme.__path__, "acme.")]
            assert sorted(names) == ["acme.auth"]
            files = importlib.resources.files("acme.auth")
            assert files.joinpath("data.txt").read_text() == version
            parts = importlib.resources.files(acme)
            assert {part.name for part in parts.iterdir()} >= {"auth", "cloud"}
            assert acme.__file__ is None
            assert importlib.reload(acme) is acme
