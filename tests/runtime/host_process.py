"""A real interpreter host, driven as the daemon drives it."""

from __future__ import annotations

import contextlib
import os
import socket
import struct
import subprocess
from typing import Any

import frames
from caller import EPOCH, Caller
from frames import Channel, Frame
from protocol import message
from worker_process import RUNTIME_DIR, known_workers

HOST_TAGS = [tag for tag in sorted(known_workers()) if int(tag) >= 312]


class HostProcess:
    """Starts with construction; `configure()` makes it ready. A context manager."""

    def __init__(self, tag: str) -> None:
        python, module = known_workers()[tag]
        descriptors, host_descriptors = socket.socketpair(type=socket.SOCK_SEQPACKET)
        control, host_control = socket.socketpair()
        self.log = os.memfd_create("log")
        options = {
            "--descriptor-fd": str(host_descriptors.fileno()),
            "--control-fd": str(host_control.fileno()),
            "--runtime": module,
        }
        self.process = subprocess.Popen(
            [
                *(python, "-I", "-S", "-X", "faulthandler"),
                *(str(RUNTIME_DIR / "worker_main.py"), "--host"),
                *(part for option in options.items() for part in option),
            ],
            pass_fds=[host_descriptors.fileno(), host_control.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=self.log,
            stderr=self.log,
            start_new_session=True,
        )
        host_descriptors.close()
        host_control.close()
        self.descriptors = descriptors
        self.control = Channel(control)
        self.hello: Any = None
        self.interpreters: list[Interpreter] = []
        # Frames of interpreters that nobody asked for yet.
        self._waiting: list[Frame] = []

    def configure(self, **limits: int) -> HostProcess:
        frame = self.control.receive()
        assert frame is not None, f"the host ended: {self.output()}"
        assert frame.kind == frames.HELLO
        self.hello = message("envknit.worker.v1.Hello").FromString(frame.payload)
        configure = message("envknit.worker.v1.Configure")(runtime_dir=str(RUNTIME_DIR))
        for name, value in limits.items():
            setattr(configure.limits, name, value)
        self.control.send(Frame(frames.CONFIGURE, configure.SerializeToString()))
        assert self.receive().kind == frames.READY
        return self

    def __enter__(self) -> HostProcess:
        return self

    def __exit__(self, *_: object) -> None:
        self.control.sock.close()
        self.descriptors.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError("the host outlived its channels") from None
        finally:
            for interpreter in self.interpreters:
                interpreter.forget()
            os.close(self.log)

    def output(self) -> str:
        return os.pread(self.log, 1 << 20, 0).decode(errors="replace")

    def receive(self, number: int = 0) -> Frame:
        """The next control frame of that interpreter."""
        for frame in self._waiting:
            if frame.interpreter == number:
                self._waiting.remove(frame)
                return frame
        while True:
            read = self.control.receive()
            assert read is not None, f"the host ended: {self.output()}"
            if read.interpreter == number:
                return read
            self._waiting.append(read)

    def start(self, number: int | None = None, **options: Any) -> Interpreter:
        """Sends what opens an interpreter, and waits for nothing."""
        interpreter = Interpreter(self, number or len(self.interpreters) + 1, **options)
        self.interpreters.append(interpreter)
        return interpreter

    def open(self, **options: Any) -> Interpreter:
        """A ready interpreter."""
        interpreter = self.start(**options)
        ready = self.receive(interpreter.number)
        assert ready.kind == frames.READY, (ready, self.output())
        return interpreter


class Interpreter(Caller):
    """One interpreter of a host, opened by construction; READY comes later."""

    def __init__(
        self,
        host: HostProcess,
        number: int,
        *,
        install_paths: list[str] | None = None,
        epoch: int = EPOCH,
        page_bytes: int = 4096,
        **limits: int,
    ) -> None:
        self.host = host
        self.number = number
        calls, host_calls = socket.socketpair()
        self.calls = Channel(calls)
        self.page_fd = os.memfd_create("page")
        os.ftruncate(self.page_fd, page_bytes)
        socket.send_fds(
            host.descriptors, [struct.pack("<H", number)], [host_calls.fileno(), self.page_fd]
        )
        host_calls.close()
        configure = message("envknit.worker.v1.Configure")(
            epoch=epoch, install_paths=install_paths or []
        )
        for name, value in limits.items():
            setattr(configure.limits, name, value)
        self.send_control(frames.OPEN_INTERPRETER, configure.SerializeToString())

    @property
    def hello(self) -> Any:
        return self.host.hello

    @property
    def process(self) -> subprocess.Popen[bytes]:
        return self.host.process

    def send_control(self, kind: int, payload: bytes = b"", call_id: int = 0) -> None:
        self.host.control.send(Frame(kind, payload, call_id=call_id, interpreter=self.number))

    def output(self) -> str:
        return self.host.output()

    def cancel(self, call_id: int) -> None:
        self.send_control(frames.CANCEL, call_id=call_id)

    def close(self) -> Frame:
        """Waits for INTERPRETER_CLOSED, which it returns."""
        self.send_control(frames.CLOSE_INTERPRETER)
        closed = self.host.receive(self.number)
        assert closed.kind == frames.INTERPRETER_CLOSED
        return closed

    def forget(self) -> None:
        """Closes what the test holds of it."""
        self.calls.sock.close()
        with contextlib.suppress(OSError):
            os.close(self.page_fd)
