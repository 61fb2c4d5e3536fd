"""Environments that are pinned to Pythons with sub-interpreters, for tests of what runs there."""

import functools
import os
import shutil
import sys
from pathlib import Path

import pytest

from envknit import SubInterpreterEnv, UnsupportedPlatformError

MINORS = ["3.12", "3.13"]


def write_lock(folder, environments, file="envknit.lock.yaml"):
    """A lock file of {environment: (minor or None, {package: {module: source}})}; its path.

    A package is "name==version"; each is in a folder of its own.
    """
    lines = ['schema_version: "1.0"', "environments:"]
    for name, (minor, packages) in environments.items():
        lines.append(f"  {name}:")
        if minor is not None:
            lines.append(f'    python: "{python_of(minor)}"')
        lines.append("    packages:")
        for package, modules in packages.items():
            distribution, version = package.split("==")
            path = Path(folder, name, distribution)
            path.mkdir(parents=True)
            for module, source in modules.items():
                (path / module).write_text(source)
            entry = f"name: {distribution}, version: {version!r}, install_path: {str(path)!r}"
            lines.append(f"      - {{{entry}}}")
    lock = Path(folder, file)
    lock.write_text("\n".join(lines) + "\n")
    return lock


def python_of(minor):
    """Path of that Python, beside the one that runs this or in $PATH; the minor if there is none.

    A path, because a version is only a preference where a sub-interpreter is asked for.
    """
    name = f"python{minor}"
    beside = sorted(Path(sys.base_prefix).parent.glob(f"{minor}*/bin/{name}"))
    return str(beside[-1]) if beside else shutil.which(name) or minor


@functools.cache
def newest_host():
    """The (major, minor) of the Python that hosts unpinned interpreters, or why there is none."""
    try:
        with SubInterpreterEnv() as interp:
            return tuple(interp.eval_json("import sys; result = sys.version_info[:2]"))
    except UnsupportedPlatformError as error:
        return str(error)


def need_host():
    """Skips the test on a machine that can't have sub-interpreters."""
    if isinstance(newest_host(), str):
        pytest.skip(newest_host())


def opened(lock, name="default", timeout=30.0):
    """A SubInterpreterEnv of a locked environment."""
    need_host()
    interp = SubInterpreterEnv(name, timeout=timeout)
    interp.configure_from_lock(lock, env_name=name)
    return interp


def need_minor(interp, minor):
    """Skips the test unless that Python hosts the interpreter."""
    found = interp.eval_json("import sys; result = '%d.%d' % sys.version_info[:2]")
    if found != minor:
        interp.close()
        pytest.skip(f"no Python {minor} with a runtime; {found} was taken")
    return interp


def locked_modules(minor):
    """The lock file with compiled packages for that Python, or a skip."""
    lock = os.environ.get("ENVKNIT_TEST_INPROCESS_LOCK")
    if not lock:
        pytest.skip("ENVKNIT_TEST_INPROCESS_LOCK names no lock file")
    sibling = Path(lock).parents[1] / minor / Path(lock).name
    if not sibling.exists():
        pytest.skip(f"no compiled packages for Python {minor}")
    return sibling
