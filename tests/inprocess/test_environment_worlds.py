"""What the imports of a version find: its own path, its environment's other packages, the host."""

import sys

import pytest
from own_process import in_own_process
from package_trees import PackageTrees, extension_file

import envknit

USER = {
    "user/__init__.py": """
        __version__ = "@VERSION@"
        import dep

        def late():
            import dep.late
            return dep.late.version
    """
}
DEP = {"dep/late.py": "from . import __version__ as version\n"}


def loaded(name, version, **keys):
    with envknit.use(name, version, **keys):
        return __import__(name)


@in_own_process
def test_dependencies_in_the_same_directory(tmp_path):
    trees = PackageTrees(tmp_path)
    for version in ("1.0", "2.0"):
        trees.install("dep", version, DEP, into=trees.add("user", version, USER))
    envknit.configure_from_lock(trees.lock())
    for version in ("2.0", "1.0"):
        user = loaded("user", version)
        assert (user.dep.__version__, user.late()) == (version, version)
    with envknit.use("user", "2.0"):
        import dep

        assert dep.__version__ == "2.0"


@in_own_process
def test_dependencies_in_other_paths_of_the_same_environment(tmp_path):
    trees = PackageTrees(tmp_path)
    for env, version in (("old", "1.0"), ("new", "2.0")):
        trees.add("user", version, USER, env=env)
        trees.add("dep", version, DEP, env=env)
    envknit.configure_from_lock(trees.lock())
    for version in ("2.0", "1.0"):
        user = loaded("user", version)
        assert (user.dep.__version__, user.late()) == (version, version)


@in_own_process
def test_one_version_in_two_environments_has_the_dependencies_of_each(tmp_path):
    trees = PackageTrees(tmp_path)
    trees.add("user", "1.0", USER, env=["old", "new"])
    trees.add("dep", "1.0", DEP, env="old")
    trees.add("dep", "2.0", DEP, env="new")
    envknit.configure_from_lock(trees.lock())
    old, new = loaded("user", "1.0", env="old"), loaded("user", "1.0", env="new")
    assert (old.dep.__version__, new.dep.__version__) == ("1.0", "2.0")
    assert (old.late(), new.late()) == ("1.0", "2.0")
    # Without a name it is the first in the lock.
    assert loaded("user", "1.0") is old
    assert envknit.import_version("user", "1.0") is old


@in_own_process
def test_the_own_directory_comes_before_the_environments_other_packages(tmp_path):
    trees = PackageTrees(tmp_path)
    trees.add("dep", "1.0", DEP)
    trees.install("dep", "1.5", DEP, into=trees.add("user", "2.0", USER))
    envknit.configure_from_lock(trees.lock())
    user = loaded("user", "2.0")
    assert (user.dep.__version__, user.late()) == ("1.5", "1.5")
    assert loaded("dep", "1.0").__version__ == "1.0"


@in_own_process
def test_what_no_path_has_is_the_hosts(tmp_path):
    trees = PackageTrees(tmp_path)
    trees.add("user", "1.0", USER)
    trees.add("user", "2.0", USER)
    trees.install("dep", "host", DEP, into=tmp_path / "host")
    envknit.configure_from_lock(trees.lock())
    with envknit.use("user", "2.0"), pytest.raises(ModuleNotFoundError, match="'dep'"):
        import user
    sys.path.insert(0, str(tmp_path / "host"))
    with envknit.use("user", "2.0"):
        import user
    assert (user.dep.__version__, user.late()) == ("host", "host")
    assert user.dep is sys.modules["dep"]
    assert loaded("user", "1.0").dep is user.dep


@in_own_process
def test_the_standard_library_is_the_hosts_whatever_a_package_brings(tmp_path):
    trees = PackageTrees(tmp_path)
    user = {"user/__init__.py": "import dataclasses\n", "dataclasses.py": "backport = True\n"}
    trees.add("user", "1.0", user)
    envknit.configure_from_lock(trees.lock())
    import dataclasses

    assert loaded("user", "1.0").dataclasses is dataclasses


@in_own_process
def test_a_name_that_is_not_the_distributions(tmp_path):
    trees = PackageTrees(tmp_path)
    for version in ("9.0", "10.0"):
        files = {"PIL/__init__.py": "__version__ = '@VERSION@'", "PIL/Image.py": "from . import x"}
        trees.add("Pillow", version, {**files, "PIL/x.py": ""})
    envknit.configure_from_lock(trees.lock())
    for name in ("Pillow", "pillow", "PILLOW", "PIL"):
        with envknit.use(name, "10.0", auto_worker=True) as module:
            import PIL
            from PIL import Image

            assert module is PIL
            assert Image.__package__ == "PIL"
        assert envknit.import_version(name, "10.0").__version__ == "10.0"
    import PIL

    assert PIL.__version__ == "9.0"


def compiled_dependency(trees, fallback):
    user = {"user/__init__.py": "import quick\n\ndef answer():\n    return quick.answer()\n"}
    fast = "from quick._fast import answer\n"
    careful = f"try:\n    {fast}except ImportError:\n    from quick.slow import answer\n"
    quick = {
        "quick/__init__.py": careful if fallback else fast,
        "quick/slow.py": "def answer():\n    return 'slow'\n",
        extension_file("quick/_fast"): b"no library",
    }
    for version in ("1.0", "2.0"):
        trees.install("quick", version, quick, into=trees.add("user", version, user))


@in_own_process
def test_a_compiled_dependency_with_a_fallback(tmp_path):
    trees = PackageTrees(tmp_path)
    compiled_dependency(trees, fallback=True)
    envknit.configure_from_lock(trees.lock())
    with envknit.use("user", "2.0"):
        import user

        assert user.answer() == "slow"
    with envknit.use("user", "2.0", auto_worker=True) as module:
        assert module is user


@in_own_process
def test_a_compiled_dependency_without_a_fallback(tmp_path):
    trees = PackageTrees(tmp_path)
    compiled_dependency(trees, fallback=False)
    envknit.configure_from_lock(trees.lock())
    with envknit.use("user", "2.0"):
        with pytest.raises(
            envknit.CExtensionError, match=r"quick\._fast.*envknit\.worker"
        ) as caught:
            import user  # noqa: F401
        assert caught.value.path.endswith(extension_file("quick/_fast"))
    assert isinstance(envknit.use("user", "2.0", auto_worker=True), envknit.WorkerContext)


@in_own_process
def test_c_extensions_without_dist_info_are_anything_in_the_path(tmp_path):
    trees = PackageTrees(tmp_path)
    trees.add("bare", "1.0", {extension_file("elsewhere/_x"): b""}, dist_info=False)
    trees.add("named", "1.0", {"named/__init__.py": ""})
    trees.install(
        "beside", "1.0", {extension_file("beside/_x"): b""}, into=trees.path_of("named", "1.0")
    )
    envknit.configure_from_lock(trees.lock())
    with pytest.raises(envknit.CExtensionError, match="elsewhere"):
        envknit.use("bare", "1.0")
    assert loaded("named", "1.0").__name__ == "named"


@in_own_process
def test_a_locked_c_extension_says_so_everywhere(tmp_path):
    trees = PackageTrees(tmp_path)
    path = trees.add("quick", "1.0", {extension_file("quick/_fast"): b""})
    envknit.configure_from_lock(trees.lock())
    for call in (envknit.use, envknit.import_version):
        with pytest.raises(envknit.CExtensionError, match=r"quick 1\.0 is a C extension") as caught:
            call("quick", "1.0")
        assert "auto_worker=True" in str(caught.value)
        assert caught.value.path == str(path / extension_file("quick/_fast"))
