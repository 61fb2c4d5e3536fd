"""Fails on an include or a link that layers.py doesn't allow.

`python check_layers.py [CHECKOUT]` prints one line per finding, `path:line: what`,
and ends with 1 if there was one. Tests may include what they like.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from layers import EDGES, LIBRARIES, LIBRARY_HEADERS, LIBRARY_TARGETS

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
TARGET = re.compile(
    r"(?<![\w:])(?:envknit::(\w+)|((?:gRPC|protobuf|absl|prometheus-cpp)::\w+|yaml-cpp\b\S*))"
)


def folder_of(path: Path) -> str | None:
    """The layer a file of the checkout belongs to; None: not a layer."""
    parts = path.parts
    if parts[0] == "include":
        return "include"
    if parts[:2] == ("python_client", "native"):
        return "native_lock" if path.name.startswith("lock") else "native"
    if parts[0] == "server" and len(parts) > 2 and parts[1] != "cmake":
        return parts[1]
    return None


def folder_of_include(header: str) -> str | None:
    """The layer a quoted include belongs to; None: a library or the standard."""
    if header.endswith(".pb.h"):
        return "protos"
    if header.startswith("envknit/"):
        return "include"
    return folder_of(Path(header))


def library_of(name: str, prefixes: dict[str, str]) -> str | None:
    for prefix, library in prefixes.items():
        if name.startswith(prefix):
            return library
    return None


def objection(folder: str, header: str) -> str | None:
    """Why this folder may not include this header, or None if it may."""
    target = folder_of_include(header)
    if target is not None:
        if target == folder or target in EDGES[folder]:
            return None
        if {target, folder} == {"native", "native_lock"}:
            return None
        return f"{folder} may not include {target} ({header})"
    library = library_of(header, LIBRARY_HEADERS)
    if library is not None and folder not in LIBRARIES[library]:
        return f"{folder} may not include {library} ({header})"
    return None


def check_source(root: Path, path: Path, folder: str) -> Iterator[str]:
    text = (root / path).read_text(encoding="utf-8")
    for number, line in enumerate(text.splitlines(), 1):
        match = INCLUDE.match(line)
        reason = objection(folder, match.group(2)) if match else None
        if reason:
            yield f"{path}:{number}: {reason}"


def check_links(root: Path, path: Path, folder: str) -> Iterator[str]:
    text = (root / path).read_text(encoding="utf-8")
    for number, line in enumerate(text.splitlines(), 1):
        for match in TARGET.finditer(line.split("#")[0]):
            own, foreign = match.groups()
            if own is not None:
                allowed = own == folder or own in EDGES[folder] | {"include"}
            else:
                library = library_of(foreign, LIBRARY_TARGETS)
                allowed = library is None or folder in LIBRARIES[library]
            if not allowed:
                yield f"{path}:{number}: {folder} may not link {match.group()}"


def findings(root: Path) -> Iterator[str]:
    for top in ("include", "server", "python_client/native"):
        for full in sorted((root / top).rglob("*")):
            path = full.relative_to(root)
            folder = folder_of(path)
            if folder is None or not full.is_file():
                continue
            if folder not in EDGES:
                yield f"{path}:1: {folder} has no entry in tests/layering/layers.py"
            elif path.suffix in (".h", ".cc"):
                yield from check_source(root, path, folder)
            elif path.name == "CMakeLists.txt" and folder != "native":
                yield from check_links(root, path, folder)


def main() -> int:
    root = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parents[2])
    found = list(findings(root))
    print("\n".join(found) or "no include or link across the layers")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
