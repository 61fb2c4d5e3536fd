"""What tests/run.sh prints at its end, from each kind of result."""

from pathlib import Path

import pytest
from count_results import read_junit, report, summary

GTEST = """<testsuites tests="3" failures="1" disabled="1">
  <testsuite name="Pool">
    <testcase name="Grants" status="run" result="completed" classname="Pool"/>
    <testcase name="Queues" status="run" classname="Pool"><failure message="no"/></testcase>
    <testcase name="DISABLED_Ends" status="notrun" classname="Pool"/>
  </testsuite>
</testsuites>
"""

PYTEST = """<testsuites><testsuite name="pytest">
  <testcase classname="a" name="passes"/>
  <testcase classname="a" name="breaks"><error message="fixture"/></testcase>
  <testcase classname="a" name="waits"><skipped message="no grpcurl"/></testcase>
</testsuite></testsuites>
"""


def write(folder: Path, path: str, text: str) -> None:
    target = folder / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8")


def last_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> tuple[str, int]:
    status = report(folder)
    return capsys.readouterr().out.splitlines()[-1], status


def test_a_failure_anywhere_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, "checks.tsv", "lint\tpassed\truff\t\n")
    write(tmp_path, "unit/test_pool.xml", GTEST)
    write(tmp_path, "python/tests.xml", PYTEST)
    assert last_line(tmp_path, capsys) == ("3 passed, 2 failed, 2 skipped", 1)


def test_a_failed_check_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, "checks.tsv", "lint\tpassed\truff\t\nunit\tfailed\ttest_pool\tstatus 139\n")
    assert last_line(tmp_path, capsys) == ("1 passed, 1 failed, 0 skipped", 1)


def test_nothing_run_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert last_line(tmp_path, capsys) == ("0 passed, 0 failed, 0 skipped", 1)


def test_skipped_is_not_passed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, "checks.tsv", "lint\tskipped\tbuf\tno Go\n")
    assert last_line(tmp_path, capsys) == ("0 passed, 0 failed, 1 skipped", 1)


def test_all_passed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, "checks.tsv", "lint\tpassed\truff\t\nlint\tskipped\tbuf\tno Go\n")
    assert last_line(tmp_path, capsys) == ("1 passed, 0 failed, 1 skipped", 0)


def test_a_torn_file_counts_nothing(tmp_path: Path) -> None:
    write(tmp_path, "unit/test_pool.xml", GTEST[:100])
    assert summary(list(read_junit(tmp_path / "unit/test_pool.xml"))) == (
        "0 passed, 0 failed, 0 skipped"
    )
