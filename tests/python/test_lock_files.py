"""configure_from_lock() and what worker() finds."""

import pytest

import envknit


@pytest.fixture
def write(tmp_path):
    def write_lock(text):
        path = tmp_path / "envknit.lock.yaml"
        path.write_text(text)
        return path

    return write_lock


def test_a_missing_file_is_not_found(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"none\.yaml"):
        envknit.configure_from_lock(tmp_path / "none.yaml")


def test_a_newer_schema_is_refused(write):
    with pytest.raises(envknit.SchemaVersionError, match="upgrade") as raised:
        envknit.configure_from_lock(write('schema_version: "2.0"\nenvironments: {}\n'))
    assert isinstance(raised.value, ValueError)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("environments:\n  a: [\n", ":3:"),
        ("environments:\n  a:\n    - {name: 3x, version: [1]}\n", ":3:"),
        ("environments: 5\n", ":1:15"),
        ("- a\n", ":1:1"),
    ],
)
def test_what_is_no_lock_file_names_line_and_column(write, text, place):
    path = write(text)
    with pytest.raises(ValueError, match="lock") as raised:
        envknit.configure_from_lock(path)
    assert str(path) + place in str(raised.value)


def test_a_missing_path_is_a_warning_and_does_not_count(write, tmp_path):
    (tmp_path / "here").mkdir()
    lock = write(
        "environments:\n"
        "  a:\n"
        "    - {name: present, version: 8.1, install_path: here}\n"
        "    - {name: absent, version: 1.0, install_path: gone}\n"
    )
    with pytest.warns(UserWarning, match=r"absent 1\.0 is not registered.*gone is missing"):
        assert envknit.configure_from_lock(lock) == 1
    with pytest.raises(envknit.NotRegisteredError):
        envknit.worker("absent", "1.0")


def test_counts_each_version_once(write, tmp_path):
    (tmp_path / "p").mkdir()
    entry = "    - {name: twice, version: 1.0, install_path: p}\n"
    lock = write(f"environments:\n  a:\n{entry}  b:\n{entry}")
    assert envknit.configure_from_lock(lock) == 1
    assert envknit.configure_from_lock(lock, env="b") == 1


def test_an_unknown_environment_is_a_warning(write, tmp_path):
    lock = write("environments:\n  a: []\n")
    with pytest.warns(UserWarning, match="no environment 'b'"):
        assert envknit.configure_from_lock(lock, "b") == 0


def test_what_is_not_registered_says_what_is(lock_file):
    with pytest.raises(ImportError, match=r"numpy 9\.9 is not registered.*1\.26\.4") as raised:
        envknit.worker("numpy", "9.9")
    assert isinstance(raised.value, ValueError)
    assert isinstance(raised.value, envknit.NotRegisteredError)
    with pytest.raises(envknit.NotRegisteredError, match="did you mean numpy"):
        envknit.worker("nunpy", "1.26.4")


def test_finds_a_package_by_any_spelling_and_by_its_import_name(write, tmp_path):
    package = tmp_path / "p"
    (package / "my_module").mkdir(parents=True)
    (package / "my_module" / "__init__.py").write_text("answer = 42\n")
    info = package / "Dist_Name-1.0.dist-info"
    info.mkdir()
    (info / "top_level.txt").write_text("my_module\n")
    assert envknit.configure_from_lock(
        write("environments:\n  spelled: [{name: Dist.Name, version: 1.0, install_path: p}]\n")
    )
    for name in ("Dist.Name", "dist-name", "DIST_NAME", "my_module"):
        with envknit.worker(name, "1.0") as module:
            assert module.answer == 42


def test_the_other_packages_of_the_environment_come_after_the_requested_one(write, tmp_path):
    for name, text in (("first", "import second\n"), ("second", "value = 5\n")):
        (tmp_path / name).mkdir()
        (tmp_path / name / f"{name}.py").write_text(text)
    lock = write(
        "environments:\n"
        "  both:\n"
        "    - {name: second, version: 1.0, install_path: second}\n"
        "    - {name: first, version: 1.0, install_path: first}\n"
    )
    assert envknit.configure_from_lock(lock) == 2
    with envknit.worker("first", "1.0") as first:
        assert first.second.value == 5


def test_an_install_path_needs_no_registration(tmp_path):
    (tmp_path / "alone.py").write_text("value = 1\n")
    with envknit.worker("alone", "1.0", install_path=str(tmp_path)) as alone:
        assert alone.value == 1


def test_an_install_path_that_is_missing_fails_to_start(tmp_path):
    context = envknit.worker("alone", "1.0", tmp_path / "gone")
    with pytest.raises(RuntimeError, match="failed to start"), context:
        pass
