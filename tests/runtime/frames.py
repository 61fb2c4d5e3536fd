"""The frame contract of protos/README.md, in Python: the daemon's side for these tests."""

from __future__ import annotations

import dataclasses
import socket
import struct

HEADER = struct.Struct("<IBBHIIQQQIBxH")

IMPORT, GET_ATTR, CALL, RELEASE, END_SESSION, SET_ATTR, DEL_ATTR, FETCH, PUT = range(1, 10)
NEXT, DESCRIBE, EXECUTE, TRY_IMPORT = range(10, 14)
REPLY = 32
HELLO, CONFIGURE, READY, START_FAILED, PING, PONG, CANCEL, STOP = range(64, 72)
OPEN_INTERPRETER, CLOSE_INTERPRETER, INTERPRETER_CLOSED = range(72, 75)

INTERRUPTED, RETIRE, SKIPPED, TRUNCATED, MORE = 1, 2, 4, 8, 16


@dataclasses.dataclass
class Frame:
    kind: int
    payload: bytes = b""
    flags: int = 0
    carrier: int = 0
    execution_us: int = 0
    call_id: int = 0
    session: int = 0
    first_handle: int = 0
    handle_count: int = 0
    status: int = 0
    interpreter: int = 0
    version: int = 1

    def encode(self) -> bytes:
        header = HEADER.pack(
            len(self.payload),
            self.version,
            self.kind,
            self.flags,
            self.carrier,
            self.execution_us,
            self.call_id,
            self.session,
            self.first_handle,
            self.handle_count,
            self.status,
            self.interpreter,
        )
        return header + self.payload


class Channel:
    """One end of a channel: whole frames, with a timeout."""

    def __init__(self, sock: socket.socket, timeout: float = 30.0) -> None:
        self.sock = sock
        sock.settimeout(timeout)

    def send(self, frame: Frame) -> None:
        self.sock.sendall(frame.encode())

    def receive(self) -> Frame | None:
        """The next frame; None if the other end is closed."""
        header = self._exactly(HEADER.size)
        if header is None:
            return None
        (
            length,
            version,
            kind,
            flags,
            carrier,
            execution_us,
            call_id,
            session,
            first_handle,
            handle_count,
            status,
            interpreter,
        ) = HEADER.unpack(header)
        payload = self._exactly(length)
        assert payload is not None, "a frame was cut"
        return Frame(
            kind,
            payload,
            flags,
            carrier,
            execution_us,
            call_id,
            session,
            first_handle,
            handle_count,
            status,
            interpreter,
            version,
        )

    def _exactly(self, count: int) -> bytes | None:
        data = bytearray()
        while len(data) < count:
            try:
                piece = self.sock.recv(count - len(data))
            except ConnectionResetError:
                piece = b""
            if not piece:
                assert not data, "closed inside a frame"
                return None
            data += piece
        return bytes(data)
