"""Default versions: what a bare import gives, and that it is a module like any other."""

import copy
import importlib
import pickle
import subprocess
import sys
import threading
from unittest import mock

import pytest
from own_process import in_own_process
from package_trees import PackageTrees, extension_file

import envknit

FILES = {
    "pkg/sub/__init__.py": "from .deep import value\n",
    "pkg/sub/deep.py": "value = '@VERSION@'\n\nclass Thing:\n    version = '@VERSION@'\n",
    "pkg/uses.py": "import dep\n\ndef late():\n    import dep.late\n    return dep.late.version\n",
}
DEP = {"dep/late.py": "from . import __version__ as version\n"}


@pytest.fixture
def trees(tmp_path):
    made = PackageTrees(tmp_path)
    for version in ("1.0", "2.0"):
        path = made.add("pkg", version, FILES)
        made.install("dep", version, DEP, into=path)
    return made


@pytest.fixture
def host(tmp_path):
    """A folder of the host's, first in sys.path, that has all of these packages, too."""
    folder = tmp_path / "host"
    trees = PackageTrees(tmp_path)
    trees.install("pkg", "host", {**FILES, "pkg/extra.py": "x = 1\n"}, into=folder)
    trees.install("dep", "host", DEP, into=folder)
    (folder / "app.py").write_text(
        "import pkg\nfrom pkg.sub import value\n\ndef late():\n    import pkg.sub.deep\n"
        "    return pkg.sub.deep.value\n"
    )
    sys.path.insert(0, str(folder))
    yield folder
    sys.path.remove(str(folder))


def version_of(name):
    return importlib.import_module(name).__version__


@in_own_process
def test_all_forms_of_an_import_give_the_first_registered_version(trees):
    envknit.configure_from_lock(trees.lock())
    import pkg
    import pkg.sub.deep
    import pkg.sub.deep as deep
    from pkg import sub, uses
    from pkg.sub import value
    from pkg.sub.deep import Thing

    assert pkg.__version__ == value == Thing.version == "1.0"
    assert (pkg.sub, pkg.sub.deep, pkg.uses) == (sub, deep, uses)
    assert __import__("pkg.sub").sub is sub
    assert importlib.import_module(".deep", "pkg.sub") is deep
    scope = {}
    exec("from pkg.sub import *", scope)
    assert scope["value"] == "1.0"


@in_own_process
def test_defaults_are_in_sys_modules(trees):
    envknit.configure_from_lock(trees.lock())
    assert "pkg" not in sys.modules
    import pkg.sub.deep

    names = {name for name in sys.modules if name.partition(".")[0] == "pkg"}
    assert names == {"pkg", "pkg.sub", "pkg.sub.deep"}
    assert sys.modules["pkg"] is pkg
    assert sys.modules["pkg.sub.deep"] is pkg.sub.deep


@in_own_process
def test_other_threads_see_defaults(trees):
    envknit.configure_from_lock(trees.lock())
    seen = []
    threads = [threading.Thread(target=lambda: seen.append(version_of("pkg"))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == ["1.0"] * 4


@in_own_process
def test_pickle_and_copy_of_default_classes(trees):
    envknit.configure_from_lock(trees.lock())
    from pkg.sub.deep import Thing

    data = pickle.dumps([Thing(), Thing])
    thing, kind = pickle.loads(data)
    assert kind is type(thing) is type(copy.deepcopy(thing)) is Thing
    # Also when nothing is imported yet.
    envknit.disable()
    envknit.enable()
    assert pickle.loads(data)[1] is sys.modules["pkg.sub.deep"].Thing


@in_own_process
def test_what_a_default_needs_is_a_default_too(trees):
    envknit.configure_from_lock(trees.lock())
    import pkg.uses

    assert pkg.uses.dep is sys.modules["dep"]
    import dep

    assert dep is pkg.uses.dep
    assert (dep.__version__, pkg.uses.late()) == ("1.0", "1.0")


@in_own_process
def test_a_loaded_module_of_the_host_stays(trees, host):
    import pkg

    envknit.configure_from_lock(trees.lock())
    loaded = pkg
    import pkg
    import pkg.extra
    import pkg.sub.deep

    assert pkg is loaded
    assert (pkg.__version__, pkg.sub.deep.value, pkg.extra.x) == ("host", "host", 1)
    envknit.set_default("pkg", "2.0")
    assert version_of("pkg") == "host"
    with envknit.use("pkg", "2.0"):
        import pkg.uses as uses

        assert version_of("pkg") == "2.0"
        assert uses.late() == "2.0"
        with pytest.raises(ImportError):
            importlib.import_module("pkg.extra")
    assert sys.modules["pkg"] is loaded
    envknit.disable()
    assert version_of("pkg") == "host"


@in_own_process
def test_a_module_that_the_host_only_could_load_is_not_the_default(trees, host):
    envknit.configure_from_lock(trees.lock())
    import app
    import pkg

    assert pkg.__version__ == app.value == app.late() == "1.0"
    assert version_of("dep") == "1.0"
    with pytest.raises(ImportError):
        import pkg.extra
    envknit.set_default("pkg", "2.0")
    # The host's own module holds what it has; what it imports late is the new default.
    assert (app.pkg.__version__, app.late(), version_of("pkg")) == ("1.0", "2.0", "2.0")
    envknit.disable()
    assert (version_of("pkg"), app.late(), version_of("dep")) == ("host", "host", "host")


@in_own_process
def test_set_default_takes_the_old_one_out(trees):
    envknit.configure_from_lock(trees.lock())
    import pkg.uses

    old = pkg
    envknit.set_default("pkg", "2.0")
    assert not {"pkg", "pkg.uses", "dep"} & sys.modules.keys()
    import dep
    import pkg

    assert (pkg.__version__, dep.__version__) == ("2.0", "2.0")
    # Held references go on working, with their own version.
    assert (old.__version__, old.uses.late()) == ("1.0", "1.0")
    assert sys.modules["dep"] is dep
    envknit.set_default("pkg", "1.0")
    import pkg

    assert pkg is old
    envknit.set_default("pkg", "1.0")
    assert sys.modules["pkg"] is old


@in_own_process
def test_set_default_before_anything_is_imported_and_by_any_name(trees):
    trees.add("Pillow", "1.0", {"PIL/__init__.py": "x = 1"})
    trees.add("Pillow", "2.0", {"PIL/__init__.py": "x = 2"})
    envknit.configure_from_lock(trees.lock())
    envknit.set_default("PIL", "2.0")
    import PIL

    assert PIL.x == 2
    envknit.set_default("pillow", "1.0")
    import PIL

    assert PIL.x == 1


@in_own_process
def test_use_wins_and_afterwards_the_default_is_back(trees):
    envknit.configure_from_lock(trees.lock())
    import pkg.sub as default

    with envknit.use("pkg", "2.0"):
        import pkg.sub

        assert pkg.sub.value == "2.0"
        assert sys.modules["pkg.sub"] is default
    import pkg.sub

    assert pkg.sub is default
    with envknit.use("pkg", "1.0"):
        import pkg.sub

        assert pkg.sub is default


@in_own_process
def test_mock_patches_a_default(trees):
    envknit.configure_from_lock(trees.lock())
    with mock.patch("pkg.sub.deep.value", "patched"):
        from pkg.sub import deep

        assert deep.value == "patched"
    assert deep.value == "1.0"


@in_own_process
def test_compiled_packages_of_another_python_are_left_to_the_host(trees, host):
    trees.install("fast", "host", into=host)
    trees.install("slow", "host", into=host)
    foreign = {extension_file("fast/_c", ".cpython-399-x86_64-linux-gnu.so"): b""}
    trees.add("fast", "1.0", foreign)
    trees.add("slow", "1.0", {extension_file("slow/_c"): b""})
    envknit.configure_from_lock(trees.lock())
    assert version_of("fast") == "host"
    assert version_of("slow") == "1.0"


LOCKED = ["grpc", "worker", "client", "service", "yaml", "isolation", "errors", "google"]


@in_own_process
def test_packages_with_names_as_ours_have(trees):
    for name in LOCKED:
        trees.add(name, "1.0", {f"{name}/only.py": "x = 1"})
    assert envknit.configure_from_lock(trees.lock()) == len(LOCKED) + 2
    for name in LOCKED:
        assert version_of(name) == "1.0"
        assert importlib.import_module(f"{name}.only").x == 1
        with envknit.use(name, "1.0"):
            assert version_of(name) == "1.0"


def test_a_worker_starts_though_packages_have_names_as_ours_have(trees):
    for name in LOCKED:
        trees.add(name, "1.0", {f"{name}/__init__.py": f"raise SystemExit({name!r})"})
    trees.add("calm", "1.0", {"calm/__init__.py": "def answer():\n    return 42\n"})
    script = (
        "import envknit\n"
        f"envknit.configure_from_lock({str(trees.lock())!r})\n"
        "with envknit.worker('calm', '1.0') as calm:\n"
        "    print(calm.answer(), envknit.fetch(calm.answer()))\n"
        "with envknit.use('calm', '1.0', auto_worker=True) as calm:\n"
        "    print(calm.answer())\n"
    )
    command = [sys.executable, "-W", "error", "-c", script]
    run = subprocess.run(command, capture_output=True, text=True, timeout=100)
    assert (run.stdout, run.stderr) == ("42 42\n42\n", "")
