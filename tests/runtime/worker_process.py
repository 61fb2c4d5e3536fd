"""A real worker on two socket pairs, driven as the daemon drives it."""

from __future__ import annotations

import os
import signal
import socket
import struct
import subprocess
import time
from pathlib import Path
from typing import Any

import frames
from frames import Channel, Frame
from protocol import build_directory, message

EPOCH = 77
RUNTIME_DIR = build_directory() / "bin" / "runtime"
WANTS = ["", "auto", "value", "handle", "tensor", "str", "json", "none", "copy"]


def known_workers() -> dict[str, tuple[str, str]]:
    """tag -> (interpreter, module) of the minors the build has a runtime for."""
    path = build_directory() / "tests" / "runtime" / "workers.txt"
    if not path.exists():
        return {}
    lines = [line.split() for line in path.read_text().splitlines() if line]
    return {tag: (python, module) for tag, python, module in lines if Path(module).exists()}


def to_value(value: Any) -> Any:
    """A Value message of plain Python data; messages stay what they are."""
    made = message("Value")()
    if isinstance(value, made.__class__):
        return value
    if isinstance(value, message("Handle")):
        made.handle.id, made.handle.epoch = value.id, value.epoch
    elif value is None:
        made.none.SetInParent()
    elif isinstance(value, bool):
        made.bool_value = value
    elif isinstance(value, int):
        made.int_value = value
    elif isinstance(value, float):
        made.float_value = value
    elif isinstance(value, str):
        made.string_value = value
    elif isinstance(value, bytes):
        made.bytes_value = value
    elif isinstance(value, dict):
        made.dict_value.SetInParent()
        for key, item in value.items():
            made.dict_value.keys.append(to_value(key))
            made.dict_value.values.append(to_value(item))
    else:
        kind = made.tuple_value if isinstance(value, tuple) else made.list_value
        kind.SetInParent()
        kind.items.extend(to_value(item) for item in value)
    return made


def from_value(value: Any) -> Any:
    """Plain data of a Value message; handles stay messages."""
    kind = value.WhichOneof("kind")
    field = getattr(value, kind)
    if kind == "none":
        return None
    if kind in ("list_value", "tuple_value"):
        items = [from_value(item) for item in field.items]
        return items if kind == "list_value" else tuple(items)
    if kind == "dict_value":
        return dict(zip(map(from_value, field.keys), map(from_value, field.values), strict=True))
    if kind in ("packed_ints", "packed_floats"):
        return tuple(field.values) if field.tuple else list(field.values)
    return field


class FailedError(Exception):
    """The worker answered with a Failure."""

    def __init__(self, frame: Frame) -> None:
        self.failure = message("envknit.worker.v1.Failure").FromString(frame.payload)
        assert self.failure.code == frame.status
        super().__init__(self.failure)

    @property
    def reason(self) -> str:
        return self.failure.reason

    @property
    def metadata(self) -> dict[str, str]:
        return dict(self.failure.metadata)


class RaisedError(Exception):
    """User code raised."""

    def __init__(self, exception: Any, frame: Frame) -> None:
        self.remote = exception
        self.frame = frame
        super().__init__(f"{exception.module}.{exception.type}: {exception.message}")


class WorkerProcess:
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
        self.next_id = 1
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

    def page(self, offset: int) -> int:
        return struct.unpack("<Q", os.pread(self.page_fd, 8, offset))[0]

    # Requests.

    def send(
        self, kind: int, request: Any = None, *, session: int = 1, deadline_ns: int = 0
    ) -> int:
        """Sends a request and returns its call id."""
        call_id = self.next_id
        self.next_id += 1
        payload = request if isinstance(request, bytes) else b""
        if request is not None and not payload and not isinstance(request, bytes):
            payload = request.SerializeToString()
        self.calls.send(
            Frame(kind, payload, call_id=call_id, session=session, first_handle=deadline_ns)
        )
        return call_id

    def reply(self, call_id: int) -> Frame:
        frame = self.calls.receive()
        assert frame is not None, f"the worker ended: {self.output()}"
        assert frame.kind == frames.REPLY
        assert frame.call_id == call_id
        return frame

    def cancel(self, call_id: int) -> None:
        self.control.send(Frame(frames.CANCEL, call_id=call_id))

    def request(
        self,
        target: Any,
        args: tuple = (),
        kwargs: dict | None = None,
        *,
        want: str = "auto",
        steps: tuple = (),
        **fields: Any,
    ) -> Any:
        """A CallRequest. `target` is "module:path" or (handle, path)."""
        made = message("CallRequest")(want=WANTS.index(want), **fields)
        if isinstance(target, str):
            made.target.module, _, made.target.path = target.partition(":")
        else:
            handle, made.target.path = target
            made.target.handle.id, made.target.handle.epoch = handle.id, handle.epoch
        for step in steps:
            if isinstance(step, str):
                made.target.steps.add().attr = step
            else:
                made.target.steps.add().item.CopyFrom(to_value(step[0]))
        made.args.extend(to_value(arg) for arg in args)
        for name, value in (kwargs or {}).items():
            made.kwargs.add(name=name, value=to_value(value))
        return made

    def outcome(self, frame: Frame) -> Any:
        if frame.status:
            raise FailedError(frame)
        outcome = message("CallResponse").FromString(frame.payload).outcome
        if outcome.WhichOneof("result") == "exception":
            raise RaisedError(outcome.exception, frame)
        return outcome

    def call_outcome(
        self, target: Any, *args: Any, session: int = 1, kind: int = frames.CALL, **options: Any
    ) -> Any:
        call_id = self.send(kind, self.request(target, args, **options), session=session)
        return self.outcome(self.reply(call_id))

    def call(self, target: Any, *args: Any, **options: Any) -> Any:
        """The plain value, or the Handle message, of one call."""
        outcome = self.call_outcome(target, *args, **options)
        if outcome.WhichOneof("result") == "json":
            return outcome.json
        return from_value(outcome.value)

    def get(self, target: Any, **options: Any) -> Any:
        return self.call(target, kind=frames.GET_ATTR, **options)

    def run(self, code: str, **options: Any) -> Any:
        """Executes statements in the worker's __main__."""
        namespace = self.get("__main__:__dict__", want="handle", **options)
        return self.call("builtins:exec", code, namespace, **options)

    def import_module(self, name: str, session: int = 1) -> Any:
        request = message("ImportRequest")(module=name)
        frame = self.reply(self.send(frames.IMPORT, request, session=session))
        if frame.status:
            raise FailedError(frame)
        response = message("ImportResponse").FromString(frame.payload)
        if response.WhichOneof("result") == "exception":
            raise RaisedError(response.exception, frame)
        return response.module


def wait_until(condition: Any, what: str, seconds: float = 20.0) -> Any:
    deadline = time.monotonic() + seconds
    while not (result := condition()):
        assert time.monotonic() < deadline, f"after {seconds:g} s still not: {what}"
        time.sleep(0.005)
    return result
