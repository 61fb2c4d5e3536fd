"""Lists the CPython interpreters with headers on this machine, one per minor.

Run by the build with its own Python; arguments are further prefixes to look in
(folders that hold `bin/python3`, or `*/bin/python3`). Prints one line per minor:
`tag;executable;include dir;extension suffix`, lowest minor first. The build's
own Python wins for its minor, then PATH, then version folders, then /usr/bin.
"""

import glob
import os
import subprocess
import sys
from collections.abc import Iterator

MINORS = range(10, 15)

# Free-threaded and debug builds have another ABI and are left out.
PROBE = """
import os, sys, sysconfig
include = sysconfig.get_path("include")
usable = (
    sys.implementation.name == "cpython"
    and not hasattr(sys, "gettotalrefcount")
    and not sysconfig.get_config_var("Py_GIL_DISABLED")
    and os.path.exists(os.path.join(include, "Python.h"))
)
if usable:
    print(sys.version_info[0], sys.version_info[1], include,
          sysconfig.get_config_var("EXT_SUFFIX"), sep=";")
"""


def version_folders() -> Iterator[str]:
    """Prefixes where version tools (pyenv, uv, manylinux images) put Pythons."""
    home = os.path.expanduser("~")
    roots = [os.environ.get("PYENV_ROOT", os.path.join(home, ".pyenv"))]
    roots += [
        os.path.dirname(entry.rstrip("/"))
        for entry in os.environ.get("PATH", "").split(os.pathsep)
        if os.path.basename(entry.rstrip("/")) == "shims"
    ]
    for root in roots:
        yield from sorted(glob.glob(os.path.join(root, "versions", "*")))
    yield from sorted(glob.glob(os.path.join(home, ".local/share/uv/python/*")))
    yield from sorted(glob.glob("/opt/python/*"))


def candidates(prefixes: list[str]) -> Iterator[str]:
    """Executables to ask, best first; some may not exist."""
    yield getattr(sys, "_base_executable", sys.executable)
    for prefix in prefixes:
        yield os.path.join(prefix, "bin", "python3")
        yield from sorted(glob.glob(os.path.join(prefix, "*", "bin", "python3")))
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        if os.path.basename(folder.rstrip("/")) == "shims":
            continue
        for minor in MINORS:
            yield os.path.join(folder, f"python3.{minor}")
    for folder in version_folders():
        yield os.path.join(folder, "bin", "python3")
    yield "/usr/bin/python3"


def probe(executable: str) -> tuple[int, str, str] | None:
    """Minor, include dir and extension suffix, or None if it can't be used."""
    try:
        answer = subprocess.run(
            [executable, "-I", "-S", "-c", PROBE],
            capture_output=True,
            text=True,
            timeout=20,
            check=True,
        ).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return None
    fields = answer.split(";")
    if len(fields) != 4 or fields[0] != "3" or fields[1] not in map(str, MINORS):
        return None
    return int(fields[1]), fields[2], fields[3]


def main() -> None:
    found: dict[int, tuple[str, str, str]] = {}
    asked: set[str] = set()
    for executable in candidates(sys.argv[1:]):
        # A virtual environment's python is a link to its base; asking once will do.
        real = os.path.realpath(executable)
        if real in asked or not os.access(executable, os.X_OK):
            continue
        asked.add(real)
        answer = probe(executable)
        if answer is not None and answer[0] not in found:
            minor, include, suffix = answer
            found[minor] = (executable, include, suffix)
    for minor in sorted(found):
        print(f"3{minor}", *found[minor], sep=";")


if __name__ == "__main__":
    main()
