"""How the daemon's link command is rewritten: archives where there are some."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "server" / "cmake"))

import link_statically


@pytest.fixture
def libraries(tmp_path: Path) -> Path:
    for name in ("libboth.so.1.2", "libboth.a", "libshared.so", "libre2.a"):
        (tmp_path / name).touch()
    return tmp_path


def words_of(command: list[str]) -> list[str]:
    """What stands in the group of libraries."""
    rewritten = link_statically.rewrite(["c++", *command])
    begin = rewritten.index("-Wl,--start-group")
    assert rewritten[0] == "c++"
    assert rewritten[-1] == "-Wl,--end-group"
    return rewritten[begin + 1 : -1]


def test_library_without_archive_stays_shared(libraries: Path) -> None:
    assert words_of([f"{libraries}/libshared.so"]) == [f"{libraries}/libshared.so"]


def test_named_library_without_archive_stays_named(tmp_path: Path) -> None:
    assert words_of([f"-L{tmp_path}", "-lre2"]) == [f"-L{tmp_path}", "-lre2"]


def test_archive_takes_the_place_of_a_shared_library(libraries: Path) -> None:
    assert words_of([f"{libraries}/libboth.so.1.2"]) == [f"{libraries}/libboth.a"]


def test_named_library_is_found_in_the_folders(libraries: Path) -> None:
    assert words_of([f"-L{libraries}", "-lre2"])[1] == f"{libraries}/libre2.a"


def test_everything_else_stays_in_its_place() -> None:
    command = ["-O3", "main.o", "-o", "bin/d", "-lm", "liblocal.a", "-Wl,--whole-archive"]
    assert words_of(command) == command


def test_result_is_no_pie() -> None:
    assert "-no-pie" in link_statically.rewrite(["c++", "main.o"])
