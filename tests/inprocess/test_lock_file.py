"""What configure_from_lock() makes of a lock file: paths, shapes, counts, and its errors."""

import os
import tempfile
import warnings
from pathlib import Path

import pytest
from own_process import in_own_process
from package_trees import PackageTrees

import envknit


@pytest.fixture
def trees(tmp_path):
    return PackageTrees(tmp_path)


def default_version(name):
    return __import__(name).__version__


@in_own_process
def test_a_relative_install_path_is_relative_to_the_lock_file(trees, tmp_path):
    trees.add("pkg", "1.0", install_path="packages/pkg/1.0")
    lock = trees.lock()
    os.chdir("/")
    assert envknit.configure_from_lock(lock) == 1
    import pkg

    assert pkg.__file__ == str(tmp_path / "packages/pkg/1.0/pkg/__init__.py")


@in_own_process
def test_a_relative_lock_path_goes_on_to_hold_after_chdir(trees, tmp_path):
    trees.add("pkg", "1.0", install_path="packages/pkg/1.0")
    trees.lock()
    os.chdir(tmp_path)
    envknit.configure_from_lock("envknit.lock.yaml")
    os.chdir("/")
    assert default_version("pkg") == "1.0"


@in_own_process
def test_the_home_directory_is_expanded(trees, tmp_path):
    os.environ["HOME"] = str(tmp_path)
    trees.add("pkg", "1.0", install_path="~/packages/pkg/1.0")
    trees.lock()
    assert envknit.configure_from_lock("~/envknit.lock.yaml") == 1
    assert envknit.configure_from_lock(Path("~/envknit.lock.yaml")) == 1
    assert default_version("pkg") == "1.0"


@pytest.mark.parametrize("home", ["chosen", "usual"])
def test_no_install_path_is_the_store(trees, tmp_path, home):
    @in_own_process
    def check():
        os.environ["HOME"] = str(tmp_path)
        os.environ.pop("ENVKNIT_HOME", None)
        if home == "chosen":
            os.environ["ENVKNIT_HOME"] = str(tmp_path / "store")
        store = tmp_path / ("store" if home == "chosen" else ".envknit")
        trees.install("pkg", "1.0", into=store / "packages" / "pkg" / "1.0")
        lock = trees.lock("environments: {default: [{name: pkg, version: '1.0'}]}")
        assert envknit.configure_from_lock(lock) == 1
        import pkg

        assert pkg.__file__.startswith(str(store))

    check()


@in_own_process
def test_a_flat_list_stands_for_default(trees):
    path = trees.install("pkg", "1.0", into=trees.path_of("pkg", "1.0"))
    lock = trees.lock({"packages": [{"name": "pkg", "version": "1.0", "install_path": str(path)}]})
    assert envknit.configure_from_lock(lock, env="default") == 1
    assert default_version("pkg") == "1.0"


@in_own_process
def test_a_flat_list_beside_environments_is_ignored(trees, tmp_path):
    trees.install("pkg", "1.0", into=tmp_path / "p")
    lock = trees.lock(
        "packages: [{name: pkg, version: 2.0, install_path: p}]\n"
        "environments: {default: [{name: pkg, version: 1.0, install_path: p}]}\n"
    )
    assert envknit.configure_from_lock(lock) == 1
    assert [p.version for p in envknit.get_manager().registry.packages()] == ["1.0"]


@in_own_process
def test_counts_name_and_version_once_whatever_the_spelling(trees):
    path = str(trees.install("my-pkg", "1.0", into=trees.path_of("my-pkg", "1.0")))
    entries = [
        {"name": name, "version": version, "install_path": path}
        for name, version in [("my-pkg", "1.0"), ("My_Pkg", "1.0"), ("my.pkg", "1.1")]
    ]
    lock = trees.lock({"environments": {"a": entries, "b": entries[:1]}})
    assert envknit.configure_from_lock(lock) == 2
    assert envknit.configure_from_lock(lock) == 2


@in_own_process
def test_only_the_named_environment_is_registered(trees):
    trees.add("pkg", "1.0", env="old")
    trees.add("pkg", "2.0", env="new")
    lock = trees.lock()
    assert envknit.configure_from_lock(lock, env="new") == 1
    assert default_version("pkg") == "2.0"
    with pytest.raises(envknit.NotRegisteredError):
        envknit.use("pkg", "1.0")
    # A second call adds; what was first stays the default.
    assert envknit.configure_from_lock(lock, env="old") == 1
    assert default_version("pkg") == "2.0"
    with envknit.use("pkg", "1.0"):
        assert default_version("pkg") == "1.0"


@in_own_process
def test_warnings_name_the_caller_and_what_is_missing(trees, tmp_path):
    trees.add("pkg", "1.0")
    trees.add("gone", "3.0", install_path=str(tmp_path / "nowhere"))
    lock = trees.lock()
    for configure in (envknit.configure_from_lock, envknit.isolation.configure_from_lock):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            assert configure(lock) == 1
        (warning,) = caught
        assert "gone 3.0 is not registered" in str(warning.message)
        assert "nowhere is missing" in str(warning.message)
        assert warning.filename == __file__
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert envknit.get_manager().configure_from_lock(lock, "absent") == 0
    assert [w.filename for w in caught] == [__file__]
    assert "no environment 'absent'; it has: default" in str(caught[0].message)


@in_own_process
def test_unquoted_scalars_are_the_text_that_stands_there(trees, tmp_path):
    for version in ("8.10", "1_0", "0x10", "1e3", "2024-01-01", "yes", "~"):
        trees.install("pkg", version, into=tmp_path / "p" / version)
    lock = trees.lock(
        "schema_version: 1.0\nenvironments:\n  on:\n"
        + "".join(
            f"    - {{name: pkg, version: {version}, install_path: p/{version}}}\n"
            for version in ("8.10", "1_0", "0x10", "1e3", "2024-01-01", "yes")
        )
    )
    assert envknit.configure_from_lock(lock, env="on") == 6
    for version in ("8.10", "1_0", "0x10", "1e3", "2024-01-01", "yes"):
        assert envknit.import_version("pkg", version).__version__ == version


@in_own_process
def test_unknown_keys_are_ignored(trees):
    trees.add("pkg", "1.0", backend="uv", source="pypi", dev=False, sha256="0" * 64, odd=[1, {}])
    trees.add("other", "1.0", dependencies=["pkg", {"name": "pkg", "constraint": ">=1"}])
    content = trees.lock().read_text()
    lock = trees.lock('{"generated_by": "hand",' + content.lstrip("{ \n"))
    assert envknit.configure_from_lock(lock) == 2


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("environments:\n  a: [\n", ":3:1"),
        ("environments:\n\t- a\n", ":2:2"),
        ("environments: 5\n", ":1:15"),
        ("environments: [a]\n", ":1:15"),
        ("environments:\n  a: 7\n", ":2:6"),
        ("environments:\n  a:\n    - 7\n", ":3:7"),
        ("environments:\n  a:\n    - {version: '1'}\n", ":3:7"),
        ("environments:\n  a:\n    - {name: b}\n", ":3:7"),
        ("environments:\n  a:\n    - {name: [b], version: '1'}\n", ":3:14"),
        ("environments:\n  a:\n    - {name: b, version: {}}\n", ":3:26"),
        ("environments:\n  a:\n    - {name: b, version: '1', install_path: []}\n", ":3:45"),
        ("packages: {}\n", ":1:11"),
        ("packages: [7]\n", ":1:12"),
        ("schema_version: [1]\nenvironments: {}\n", ":1:17"),
        ("schema_version: new\nenvironments: {}\n", ":1:17"),
        ("- a\n", ":1:1"),
        ("just text\n", ":1:1"),
    ],
)
def test_a_wrong_shape_is_a_value_error_with_file_line_and_column(trees, text, place):
    lock = trees.lock(text)

    @in_own_process
    def check():
        with pytest.raises(ValueError, match="lock") as caught:
            envknit.configure_from_lock(lock)
        assert f"{lock}{place}" in str(caught.value)
        assert not isinstance(caught.value, envknit.SchemaVersionError)
        assert envknit.get_manager().registry.packages() == []
        assert not envknit.get_manager().enabled

    check()


@in_own_process
def test_an_empty_file_has_no_packages_or_is_refused_with_its_place(trees):
    lock = trees.lock("")
    with pytest.raises(ValueError, match=r"lock.*:1:1"):
        envknit.configure_from_lock(lock)


@in_own_process
def test_bytes_that_are_no_text_are_a_value_error(trees):
    lock = trees.lock("")
    for content in (b"\xff\xfe\x00\x00", b"environments: {a: [\x00]}", b"\x80environments: {}"):
        lock.write_bytes(content)
        with pytest.raises(ValueError, match=str(lock)):
            envknit.configure_from_lock(lock)


@in_own_process
def test_a_directory_is_no_lock_file(tmp_path):
    with pytest.raises((IsADirectoryError, ValueError), match=str(tmp_path)):
        envknit.configure_from_lock(tmp_path)


@in_own_process
def test_an_unreadable_file_says_so(tmp_path):
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        lock = PackageTrees(folder).lock("environments: {}")
        lock.chmod(0)
        if os.geteuid() == 0:
            os.seteuid(65534)
        with pytest.raises(PermissionError, match=str(lock)):
            envknit.configure_from_lock(lock)
        os.seteuid(os.getuid())
        # Nor does one that can't be looked at count as missing.
        os.chmod(folder, 0)
        if os.geteuid() == 0:
            os.seteuid(65534)
        with pytest.raises(PermissionError, match=str(lock)):
            envknit.configure_from_lock(lock)
        os.seteuid(os.getuid())
        os.chmod(folder, 0o755)


@pytest.mark.parametrize("path", [None, 5, ["envknit.lock.yaml"]])
def test_a_path_of_a_wrong_type_is_a_type_error(path):
    @in_own_process
    def check():
        with pytest.raises(TypeError):
            envknit.configure_from_lock(path)

    check()
