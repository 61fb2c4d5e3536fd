"""Makes what a run needs under build/bench/, once, and finds it again later.

For each Python minor a folder of its own: the reference and each peer from the
package index in a virtual environment of its own, the packages that workers
load (`pip install --target`), and the lock file that names them. A step writes a
stamp with its inputs when it is done, so a broken or outdated one is made anew
and a good one costs nothing.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from contestants import HERE
from settings import Package, Settings

REFERENCE_VERSION = "0.2.0"
TARGET_VERSION = "1.0"
# How many workers a row has beside the first one.
_COPIES = 3
# What the virtual environment of a contestant has. The reference finds lock files
# only with pyyaml, and its results are the client's own numpy objects.
_INSTALLED = {
    "reference": (f"envknit=={REFERENCE_VERSION}", "pyyaml", "numpy=={numpy}"),
    "rpyc": ("rpyc==6.0.2",),
    "execnet": ("execnet==2.1.2",),
}


class WorkshopError(Exception):
    """Something is missing that this run needs; the text says what to do."""


class Workshop:
    """The prepared files for one base interpreter; not thread-safe."""

    def __init__(self, folder: Path, base_python: str, say: Callable[[str], None]) -> None:
        self._python = base_python
        self._say = say
        minor = self._ask("import sys; print('%d.%d' % sys.version_info[:2])")
        # The newest numpy 1 has no wheels for Python 3.13.
        self._numpy = "1.26.4" if tuple(map(int, minor.split("."))) < (3, 13) else "2.2.6"
        self.folder = folder / f"python{minor}"
        self.logs = self.folder / "logs"
        self.logs.mkdir(parents=True, exist_ok=True)

    def python_of(self, contestant: str) -> str:
        """The interpreter for ``contestant``: the base one unless it needs packages."""
        if contestant not in _INSTALLED:
            return self._python
        wanted = [package.format(numpy=self._numpy) for package in _INSTALLED[contestant]]
        return self._venv(contestant, wanted)

    def _venv(self, name: str, packages: list[str]) -> str:
        venv = self.folder / name
        self._once(
            venv,
            f"virtual environment {name} ({', '.join(packages) or 'pip'})",
            [self._python, *packages],
            lambda: self._make_venv(venv, packages),
        )
        return str(venv / "bin" / "python")

    def settings(self) -> Path:
        """The settings file; the packages and the lock file are there when it is."""
        numpy = self.folder / "numpy"
        self._once(
            numpy,
            f"numpy {self._numpy} for the workers",
            [self._python, self._numpy],
            lambda: self._pip("install", "--target", str(numpy), f"numpy=={self._numpy}"),
        )
        target = self._make_target()
        _stand_in(numpy, target)
        copies = [self.folder / f"numpy-copy-{index}" for index in range(_COPIES)]
        for copy in copies:
            _stand_in(numpy, copy)
        settings = Settings(
            lock=str(self.folder / "bench.lock.yaml"),
            python=self._python,
            packages={
                "numpy": Package(self._numpy, str(numpy)),
                "bench_target": Package(TARGET_VERSION, str(target)),
            },
            copies=[str(copy) for copy in copies],
        )
        lines = ['schema_version: "1.0"', "environments:"]
        for name, package in settings.packages.items():
            lines += [
                f"  {name}:",
                f"    - name: {name}",
                f'      version: "{package.version}"',
                f'      install_path: "{package.path}"',
            ]
        Path(settings.lock).write_text("\n".join(lines) + "\n", encoding="utf-8")
        path = self.folder / "settings.json"
        settings.write(path)
        return path

    def _make_target(self) -> Path:
        """Installs target/ as a package with metadata; so small that it is done every time."""
        folder = self.folder / "bench_target"
        metadata = folder / f"bench_target-{TARGET_VERSION}.dist-info"
        metadata.mkdir(parents=True, exist_ok=True)
        shutil.copy(HERE / "target" / "bench_target.py", folder)
        (metadata / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: bench-target\nVersion: {TARGET_VERSION}\n",
            encoding="utf-8",
        )
        (metadata / "top_level.txt").write_text("bench_target\n", encoding="utf-8")
        (metadata / "RECORD").write_text("bench_target.py,,\n", encoding="utf-8")
        return folder

    def _once(self, folder: Path, title: str, inputs: list[str], make: Callable[[], None]) -> None:
        stamp = folder.with_name(folder.name + ".made")
        wanted = "\n".join(inputs) + "\n"
        if folder.is_dir() and stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted:
            return
        self._say(f"preparing {title}")
        stamp.unlink(missing_ok=True)
        shutil.rmtree(folder, ignore_errors=True)
        make()
        stamp.write_text(wanted, encoding="utf-8")

    def _make_venv(self, venv: Path, packages: list[str]) -> None:
        self._run(
            [self._python, "-m", "venv", str(venv)],
            "Making a virtual environment failed: on Debian, apt-get install python3-venv",
        )
        if packages:
            self._install(str(venv / "bin" / "python"), "install", *packages)

    def _pip(self, *arguments: str) -> None:
        """pip of an environment made for it: the system's may be absent or managed."""
        self._install(self._venv("pip", []), *arguments)

    def _install(self, python: str, *arguments: str) -> None:
        self._run(
            [python, "-m", "pip", *arguments, "-q"],
            "Installing failed: is the package index reachable?",
        )

    def _run(self, command: list[str], advice: str) -> None:
        done = subprocess.run(
            [*command], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            output = (done.stdout + done.stderr).strip()[-1500:]
            raise WorkshopError(f"{advice}\n  command: {' '.join(command)}\n{output}")

    def _ask(self, code: str) -> str:
        done = subprocess.run(
            [self._python, "-I", "-c", code], capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise WorkshopError(f"{self._python} doesn't run: {done.stderr.strip()}")
        return done.stdout.strip()


def _stand_in(package: Path, folder: Path) -> None:
    """Makes ``folder`` an install directory that has the files of ``package`` too, by links."""
    folder.mkdir(exist_ok=True)
    for entry in package.iterdir():
        link = folder / entry.name
        if link.is_symlink():
            link.unlink()
        link.symlink_to(entry)


def base_interpreter(python: str) -> str:
    """The interpreter below ``python``: itself, or what its virtual environment was made of."""
    code = "import sys; print(getattr(sys, '_base_executable', '') or sys.executable)"
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise WorkshopError(f"{python} doesn't run: {done.stderr.strip()}")
    # One name for it, however it was reached: the stamps hold it.
    return str(Path(done.stdout.strip()).resolve())


def find_ours(named: str | None, checkout: Path) -> str:
    """The interpreter that has this project's package; WorkshopError when there is none."""
    python = named or str(checkout / ".venv" / "bin" / "python")
    if shutil.which(python) is None:
        raise WorkshopError(
            f"{python} is not there: run deploy/quickstart.sh first, name an interpreter that has"
            " the package (--ours PYTHON), or leave it out (--contestants reference,managers)"
        )
    # Both packages have the same name; only ours has this class.
    code = "import envknit; print(envknit.RemoteError and envknit.__version__)"
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        reason = (done.stderr.strip().splitlines() or ["no output"])[-1]
        raise WorkshopError(
            f"{python} has no working envknit of this project ({reason}): run"
            " deploy/quickstart.sh, or name another interpreter with --ours PYTHON"
        )
    return python
