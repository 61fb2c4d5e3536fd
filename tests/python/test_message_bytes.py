"""How many bytes a call is on the way to the server and back, HTTP/2 and gRPC included."""

import contextlib
import socket
import subprocess
import threading

import pytest

CALLS = 400

# About 94 and 71 are needed; the rest is room for what gRPC sends of its own
# accord (pings and window updates), which depends on the machine's load.
CEILING_THERE = 120
CEILING_BACK = 95


class CountingProxy:
    """A unix socket in front of another one, which counts what passes each way."""

    def __init__(self, path, target):
        self.address = f"unix:{path}"
        self.there = self.back = 0
        self._target = target.removeprefix("unix:")
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen()
        self._ends = [self._listener]
        self._threads = []
        self._start(self._accept)

    def read(self):
        return self.there, self.back

    def close(self):
        for end in self._ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(20)
        for end in self._ends:
            end.close()

    def _start(self, target, *args):
        thread = threading.Thread(target=target, args=args)
        self._threads.append(thread)
        thread.start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.socket(socket.AF_UNIX)
                self._ends += [near, far]
                far.connect(self._target)
                self._start(self._pass, near, far, "there")
                self._start(self._pass, far, near, "back")

    def _pass(self, source, sink, way):
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 16):
                # Before it is passed on: whoever has the answer finds it counted.
                setattr(self, way, getattr(self, way) + len(data))
                sink.sendall(data)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_WR)


@pytest.fixture
def proxy(daemon, tmp_path):
    counting = CountingProxy(tmp_path / "p.sock", daemon.address)
    yield counting
    counting.close()


def test_a_call_with_two_floats_is_a_small_message(client, proxy):
    script = f"""
with envknit.worker("worklib", "7.0", PACKAGES) as lib:
    echo = lib.echo
    for repetition in range(2):
        for i in range({CALLS}):
            assert echo(3.0, i + 0.5) == [3.0, i + 0.5]
        show(repetition)
        sys.stdin.readline()
"""
    caller = client(script, stdin=subprocess.PIPE, ENVKNIT_ADDRESS=proxy.address)
    caller.line()
    before = proxy.read()
    assert min(before) > 0
    caller.process.stdin.write("\n")
    caller.process.stdin.flush()
    caller.line()
    there, back = ((now - then) / CALLS for now, then in zip(proxy.read(), before, strict=True))
    status, _, err = caller.end()
    assert status == 0, err

    assert there < CEILING_THERE
    assert back < CEILING_BACK
