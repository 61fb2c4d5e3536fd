"""Calls to something that runs Python code, as the daemon makes them, and waits for it."""

from __future__ import annotations

import os
import struct
import time
from typing import Any

import frames
from frames import Channel, Frame
from protocol import message

EPOCH = 77
WANTS = ["", "auto", "value", "handle", "tensor", "str", "json", "none", "copy"]


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
    if kind == "bigint_value":
        return int.from_bytes(field, "little", signed=True)
    if kind == "raw_string_value":
        return field.decode("utf-8", "surrogatepass")
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


class Caller:
    """A call channel and a status page. Who derives from it opens both, and has output()."""

    calls: Channel
    page_fd: int
    next_id = 1

    def output(self) -> str:
        """What it has printed so far."""
        raise NotImplementedError

    def cancel(self, call_id: int) -> None:
        raise NotImplementedError

    def page(self, offset: int) -> int:
        return struct.unpack("<Q", os.pread(self.page_fd, 8, offset))[0]

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

    def execute(self, code: str, *, want: str = "", session: int = 1) -> Any:
        """What an Execute gives: plain data, or the JSON message."""
        request = message("ExecuteRequest")(code=code, want=WANTS.index(want))
        frame = self.reply(self.send(frames.EXECUTE, request, session=session))
        outcome = self.outcome(frame)
        return outcome.json if outcome.WhichOneof("result") == "json" else from_value(outcome.value)

    def try_import(self, name: str) -> Any:
        """The TryImportResponse."""
        request = message("TryImportRequest")(module=name)
        frame = self.reply(self.send(frames.TRY_IMPORT, request))
        if frame.status:
            raise FailedError(frame)
        return message("TryImportResponse").FromString(frame.payload)


def wait_until(condition: Any, what: str, seconds: float = 20.0) -> Any:
    deadline = time.monotonic() + seconds
    while not (result := condition()):
        assert time.monotonic() < deadline, f"after {seconds:g} s still not: {what}"
        time.sleep(0.005)
    return result
