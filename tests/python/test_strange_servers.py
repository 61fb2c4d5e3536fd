"""Servers that are none, that flood their client, or that stop in the middle."""

import contextlib
import socket
import threading
from concurrent import futures

import grpc
import pytest

ATTACH = "/envknit.v1.IsolationService/Attach"
SCRIPT = """
try:
    with envknit.worker("numpy", "1.26.4"):
        pass
except envknit.EnvknitError as error:
    show([type(error).__name__, error.reason, str(error)])
"""


# At once, and when the client waits for its reply already.
@pytest.fixture(params=[0.0, 0.3])
def deaf_server(request):
    """Address of a listener that closes every connection."""
    stopping = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve():
            with contextlib.suppress(OSError):
                while True:
                    connection, _peer = listener.accept()
                    connection.recv(1)
                    if not stopping.wait(request.param):
                        connection.close()

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"127.0.0.1:{listener.getsockname()[1]}"
        stopping.set()
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


@pytest.fixture
def flooding_server():
    """Address of a server whose first response is 257 MiB long."""

    class Flood(grpc.GenericRpcHandler):
        def service(self, details):
            if details.method != ATTACH:
                return None
            return grpc.stream_stream_rpc_method_handler(lambda _requests, _context: iter([flood]))

    flood = bytes(257 << 20)
    unlimited = [("grpc.max_send_message_length", -1)]
    server = grpc.server(futures.ThreadPoolExecutor(1), [Flood()], options=unlimited)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield f"127.0.0.1:{port}"
    server.stop(None).wait(20)


def test_a_connection_that_says_nothing_means_no_server(client, deaf_server):
    status, lines, err = client(SCRIPT, ENVKNIT_ADDRESS=deaf_server).end()
    assert status == 0, err
    ((kind, reason, text),) = lines
    assert kind == "ServerUnavailable"
    assert reason in ("NOT_REACHED", "NOT_SENT")
    assert f"can't reach a server at {deaf_server}" in text


def test_a_flood_is_refused(client, flooding_server):
    status, lines, err = client(SCRIPT, ENVKNIT_ADDRESS=flooding_server).end()
    assert status == 0, err
    assert "larger than max" in lines[0][2]


def test_a_call_on_an_ending_connection_fails_at_once(client):
    script = """
import signal, time
from envknit.isolation import worker
with envknit.worker("worklib", "1.0", PACKAGES) as lib:
    connection = worker._pool._connection
    os.kill(connection.daemon.pid, signal.SIGSTOP)
    connection.client.finish(0.0)
    started = time.monotonic()
    try:
        lib.echo(1)
    except envknit.ServerUnavailable:
        show(time.monotonic() - started < 5)
    os.kill(connection.daemon.pid, signal.SIGCONT)
"""
    status, lines, err = client(script).end()
    assert (status, lines) == (0, [True]), err
