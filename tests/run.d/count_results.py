"""Adds up the results of tests/run.sh.

`count_results.py FOLDER` prints what failed, why things were skipped, and the last
line `N passed, N failed, N skipped`; ends with 1 if something failed or nothing
ran. `--one FILE` prints one JUnit file's counts; `--has-failure FILE` ends with 0
if it names a failure.
"""

import sys
import xml.etree.ElementTree as ElementTree
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple


class Result(NamedTuple):
    suite: str
    outcome: str
    name: str
    reason: str = ""


def outcome_of(case: ElementTree.Element) -> tuple[str, str]:
    """The outcome of a `testcase` element, and why it was skipped."""
    if case.find("failure") is not None or case.find("error") is not None:
        return "failed", ""
    skipped = case.find("skipped")
    if skipped is not None or case.get("status") == "notrun":
        reason = skipped.get("message", "") if skipped is not None else "disabled"
        return "skipped", reason.strip().replace("\n", " ")
    return "passed", ""


def read_junit(path: Path) -> Iterator[Result]:
    try:
        tree = ElementTree.parse(path)
    except (OSError, ElementTree.ParseError):
        return
    for case in tree.iter("testcase"):
        outcome, reason = outcome_of(case)
        name = f"{case.get('classname', '')}.{case.get('name', '')}"
        yield Result(path.parent.name, outcome, name, reason)


def read_checks(path: Path) -> Iterator[Result]:
    if path.exists():
        for line in path.read_text(encoding="utf-8").splitlines():
            suite, outcome, name, reason = line.split("\t")
            yield Result(suite, outcome, name, reason)


def summary(results: list[Result]) -> str:
    counts = Counter(result.outcome for result in results)
    return ", ".join(f"{counts[o]} {o}" for o in ("passed", "failed", "skipped"))


def report(folder: Path) -> int:
    results = list(read_checks(folder / "checks.tsv"))
    for path in sorted(folder.glob("*/*.xml")):
        results += read_junit(path)
    reasons = Counter((r.suite, r.reason) for r in results if r.outcome == "skipped")
    for (suite, reason), count in reasons.items():
        print(f"skipped in {suite}: {count} ({reason})")
    for result in results:
        if result.outcome == "failed":
            print(f"failed in {result.suite}: {result.name} {result.reason}")
    print(summary(results))
    outcomes = {result.outcome for result in results}
    return 0 if "passed" in outcomes and "failed" not in outcomes else 1


def main() -> int:
    if sys.argv[1] == "--one":
        print(summary(list(read_junit(Path(sys.argv[2])))))
        return 0
    if sys.argv[1] == "--has-failure":
        return 0 if any(r.outcome == "failed" for r in read_junit(Path(sys.argv[2]))) else 1
    return report(Path(sys.argv[1]))


if __name__ == "__main__":
    sys.exit(main())
