"""House rules for every tracked file: `python check_files.py CHECKOUT`.

Files stay short, names say what is inside, nothing is left to do, and no path or
host of one machine gets in. One line per finding; ends with 1 if there was one.
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

LONGEST = 450
CODE = {".h", ".cc", ".py", ".pyi", ".proto", ".sh", ".cmake"}

VAGUE_NAME = re.compile(r"(^|_)(util|utils|helper|helpers|manager|common|misc)(_|\.|$)")

# Put together here, so that this file doesn't find itself.
LEFT_TO_DO = re.compile(r"\b(" + "|".join(("TO" + "DO", "FIX" + "ME", "X" + "XX")) + r")\b")
MACHINE = re.compile(
    "|".join(
        (
            r"(?<![\w.])/(work|root|home/\w+)/",
            r"\b(pypi|pythonhosted|npmjs|golang|debian|maven)\.org\b",
        )
    )
)
# The license names its own site; the Go module path of gRPC's health service is fixed.
MACHINE_ALLOWED = {"LICENSE", "protos/grpc/health/v1/health.proto"}
# protozero 1.7's reads a byte past the end of a message that is cut off there.
UNSAFE = re.compile(r"\bget_" + r"bool\(")

TOP_LEVEL = {
    "CMakeLists.txt",
    "CMakePresets.json",
    "LICENSE",
    "README.md",
    *("protos", "server", "python_client", "include", "deploy", "tests"),
}


def check_path(path: Path) -> Iterator[str]:
    top = path.parts[0]
    if not top.startswith(".") and top not in TOP_LEVEL:
        yield f"{path}: {top} is not one of the top level's names"
    for part in path.parts:
        if VAGUE_NAME.search(part.lower()):
            yield f"{path}: the name {part} doesn't say what is inside"


def check_text(path: Path, text: str) -> Iterator[str]:
    lines = text.splitlines()
    if path.suffix in CODE and len(lines) > LONGEST:
        yield f"{path}: {len(lines)} lines, {LONGEST} is the limit: more than one concern?"
    if text and not text.endswith("\n"):
        yield f"{path}: no newline at the end"
    for number, line in enumerate(lines, 1):
        if LEFT_TO_DO.search(line):
            yield f"{path}:{number}: left to do: {line.strip()[:80]}"
        if MACHINE.search(line) and str(path) not in MACHINE_ALLOWED:
            yield f"{path}:{number}: a path or host of one machine: {line.strip()[:80]}"
        if path.suffix in CODE and UNSAFE.search(line):
            yield f"{path}:{number}: reads past the end; write get_uint64() != 0"
        if line != line.rstrip() and path.suffix != ".md":
            yield f"{path}:{number}: space at the end of the line"


def findings(root: Path, paths: list[Path]) -> Iterator[str]:
    for path in paths:
        yield from check_path(path)
        try:
            text = (root / path).read_text(encoding="utf-8")
        except (UnicodeDecodeError, FileNotFoundError):
            continue
        yield from check_text(path, text)


def tracked(root: Path) -> list[Path]:
    listing = subprocess.run(
        ["git", "-C", str(root), "ls-files", "-z"], capture_output=True, text=True, check=True
    ).stdout
    return [Path(name) for name in listing.split("\0") if name]


def main() -> int:
    root = Path(sys.argv[1])
    found = list(findings(root, tracked(root)))
    print("\n".join(found) or "every tracked file keeps the house rules")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
