"""A real worker on two socket pairs, driven as the daemon drives it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from pathlib import Path
from typing import Any

import frames
from caller import EPOCH, Caller
from frames import Channel, Frame
from protocol import build_directory, message

RUNTIME_DIR = build_directory() / "bin" / "runtime"


def known_workers() -> dict[str, tuple[str, str]]:
    """tag -> (interpreter, module) of the minors the build has a runtime for."""
    path = build_directory() / "tests" / "runtime" / "workers.txt"
    if not path.exists():
        return {}
    lines = [line.split() for line in path.read_text().splitlines() if line]
    return {tag: (python, module) for tag, python, module in lines if Path(module).exists()}


class WorkerProcess(Caller):
    """Starts with construction; `configure()` makes it ready. A context manager."""

    def __init__(self, tag: str, *, ignore_sigint: bool = False, new_session: bool = True) -> None:
        python, module = known_workers()[tag]
        calls, worker_calls = socket.socketpair()
        control, worker_control = socket.socketpair()
        self.page_fd = os.memfd_create("page")
        os.ftruncate(self.page_fd, 4096)
        self.log = os.memfd_create("log")
        descriptors = [worker_calls.fileno(), worker_control.fileno(), self.page_fd]

        def in_child() -> None:
            if ignore_sigint:
                signal.signal(signal.SIGINT, signal.SIG_IGN)

        self.process = subprocess.Popen(
            [
                python,
                "-I",
                "-S",
                "-X",
                "faulthandler",
                str(RUNTIME_DIR / "worker_main.py"),
                "--call-fd",
                str(descriptors[0]),
                "--control-fd",
                str(descriptors[1]),
                "--status-fd",
                str(descriptors[2]),
                "--runtime",
                module,
            ],
            pass_fds=descriptors,
            stdin=subprocess.DEVNULL,
            stdout=self.log,
            stderr=self.log,
            start_new_session=new_session,
            preexec_fn=in_child,
        )
        worker_calls.close()
        worker_control.close()
        self.calls = Channel(calls)
        self.control = Channel(control)
        self.hello: Any = None

    def configure(self, *, install_paths: list[str] | None = None, **limits: int) -> WorkerProcess:
        frame = self.control.receive()
        assert frame is not None, f"the worker ended: {self.output()}"
        assert frame.kind == frames.HELLO
        self.hello = message("envknit.worker.v1.Hello").FromString(frame.payload)
        configure = message("envknit.worker.v1.Configure")(
            epoch=EPOCH, install_paths=install_paths or [], runtime_dir=str(RUNTIME_DIR)
        )
        for name, value in limits.items():
            setattr(configure.limits, name, value)
        self.control.send(Frame(frames.CONFIGURE, configure.SerializeToString()))
        ready = self.control.receive()
        assert ready is not None, self.output()
        assert ready.kind == frames.READY, self.output()
        return self

    def __enter__(self) -> WorkerProcess:
        return self

    def __exit__(self, *_: object) -> None:
        self.control.sock.close()
        self.calls.sock.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError("the worker outlived its channels") from None
        finally:
            os.close(self.page_fd)
            os.close(self.log)

    def output(self) -> str:
        return os.pread(self.log, 1 << 20, 0).decode(errors="replace")

    def cancel(self, call_id: int) -> None:
        self.control.send(Frame(frames.CANCEL, call_id=call_id))
