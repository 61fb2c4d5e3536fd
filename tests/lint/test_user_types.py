"""What mypy --strict says of programs that use the package: right ones pass, wrong ones don't."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

RIGHT = """
import threading
from concurrent.futures import Future
from pathlib import Path
from types import ModuleType

import envknit
from envknit.isolation import ContextExecutor, ContextThread, VersionRegistry, context_wrap
from envknit.isolation.import_hook import CExtensionError, SchemaVersionError


def version() -> str:
    return "1"


def add(first: int, *, second: int = 2) -> int:
    return first + second


count: int = envknit.configure_from_lock(Path("envknit.lock.yaml"), env="ml", auto_install=False)
envknit.configure_from_lock("envknit.lock.yaml", None, True)
with envknit.use("requests", "2.31.0", auto_worker=True) as mod:
    response = mod.get("https://example.com")
with envknit.use("requests", "2.28.2", env="ml") as block:
    text: str = block.__class__.__name__
module: ModuleType = envknit.import_version("requests", "2.28.2", alias="requests_v228")
module.get("https://example.com")
envknit.set_default("requests", "2.31.0")
envknit.enable(strict=True)
envknit.disable()
registry: VersionRegistry = envknit.get_manager().registry
thread: threading.Thread = ContextThread(target=version, daemon=True)
with ContextExecutor(max_workers=4) as pool:
    future: Future[int] = pool.submit(add, 1, second=2)
wrapped: int = context_wrap(add)(1, second=3)
try:
    envknit.use("numpy", "1.26.4")
except CExtensionError as error:
    name: str | None = error.name
except (SchemaVersionError, envknit.NotRegisteredError):
    pass
major: int = envknit.VERSION_INFO[0]
"""

WRONG = """
import envknit
from envknit.isolation import ContextExecutor, context_wrap

envknit.use("requests", 2.31)
envknit.use("requests", "2.31.0", strict=True)
envknit.configure_from_lock(5)
envknit.enable(strict="yes")
context_wrap(len)(1, 2)
count: str = envknit.configure_from_lock("envknit.lock.yaml")
with ContextExecutor() as pool:
    pool.submit(abs)
envknit.absent_function
"""


def check(folder: Path, source: str) -> list[str]:
    program = folder / "program.py"
    program.write_text(source, encoding="utf-8")
    command = [sys.executable, "-m", "mypy", "--strict", "--python-version", "3.10"]
    command += ["--no-error-summary", "--cache-dir", str(folder / "cache"), str(program)]
    environment = {**os.environ, "MYPYPATH": str(ROOT / "python_client" / "src")}
    run = subprocess.run(
        command, capture_output=True, text=True, env=environment, cwd=folder, timeout=110
    )
    assert not run.stderr
    return run.stdout.splitlines()


def test_a_right_program_passes(tmp_path: Path) -> None:
    assert check(tmp_path, RIGHT) == []


def test_each_mistake_of_a_wrong_program_is_found(tmp_path: Path) -> None:
    found = {line.split(":")[1] for line in check(tmp_path, WRONG) if ": error:" in line}
    mistakes = [number for number, line in enumerate(WRONG.splitlines(), 1) if number > 4 and line]
    mistakes.remove(WRONG.splitlines().index("with ContextExecutor() as pool:") + 1)
    assert found == {str(number) for number in mistakes}
