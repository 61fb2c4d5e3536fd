"""Which interpreters the build finds: unusable ones are left out, the first wins."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "server" / "cmake"))

import find_pythons


def fake_python(prefix: Path, script: str) -> Path:
    """An executable that answers the probe with what `script` prints."""
    executable = prefix / "bin" / "python3"
    executable.parent.mkdir(parents=True)
    executable.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    executable.chmod(0o755)
    return executable


@pytest.mark.parametrize(
    "script",
    [
        "exit 1",
        "echo not what was asked for >&2; exit 127",
        "true",
        "echo '3;9;/include;.so'",
        "echo '3;99;/include;.so'",
        "echo '2;11;/include;.so'",
        "echo garbage",
    ],
)
def test_leaves_out_what_cannot_be_built_for(tmp_path: Path, script: str) -> None:
    assert find_pythons.probe(str(fake_python(tmp_path, script))) is None


def test_leaves_out_what_cannot_be_run(tmp_path: Path) -> None:
    assert find_pythons.probe(str(tmp_path / "absent")) is None


def test_probe_tells_minor_headers_and_suffix(tmp_path: Path) -> None:
    executable = fake_python(tmp_path, "echo '3;12;/include/python3.12;.cpython-312.so'")
    assert find_pythons.probe(str(executable)) == (12, "/include/python3.12", ".cpython-312.so")


def listed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *prefixes: Path
) -> list[list[str]]:
    monkeypatch.setattr(sys, "argv", ["find_pythons.py", *map(str, prefixes)])
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("HOME", "/nonexistent")
    monkeypatch.delenv("PYENV_ROOT", raising=False)
    find_pythons.main()
    return [line.split(";") for line in capsys.readouterr().out.splitlines()]


def test_first_of_a_minor_wins_and_minors_are_sorted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    newer = fake_python(tmp_path / "newer", "echo '3;14;/newer;.so'")
    fake_python(tmp_path / "again", "echo '3;14;/again;.so'")
    lines = listed(monkeypatch, capsys, tmp_path / "newer", tmp_path / "again")
    assert [line for line in lines if line[0] == "314"] == [["314", str(newer), "/newer", ".so"]]
    assert lines == sorted(lines)


def test_looks_into_folders_of_versions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    executable = fake_python(tmp_path / "3.14.0", "echo '3;14;/include;.so'")
    assert ["314", str(executable), "/include", ".so"] in listed(monkeypatch, capsys, tmp_path)
