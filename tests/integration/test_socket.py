"""The socket and its lock: one daemon for a path, and nothing that breaks it."""

import os
import re
import shutil
import signal
import socket
import stat
import subprocess

import pytest
from daemon_process import PATIENCE_S

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
EMPTY_SETTINGS = b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"


def connect(path):
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(PATIENCE_S)
    connection.connect(path)
    return connection


def read_to_the_end(connection):
    received = b""
    try:
        while piece := connection.recv(65536):
            received += piece
    except ConnectionResetError:
        pass
    return received


@pytest.fixture
def empty_lock(tmp_path):
    folder = tmp_path / "nothing"
    folder.mkdir()
    lock = tmp_path / "empty.lock.yaml"
    lock.write_text(
        'schema_version: "1.0"\n'
        f'environments:\n  empty: [{{name: nothing, version: "1", install_path: {folder}}}]\n'
    )
    return lock


def test_second_daemon_says_who_serves_and_ends_with_1(start_daemon, empty_lock):
    first = start_daemon("--lock", empty_lock)
    first.wait_until_ready()
    second = start_daemon("--lock", empty_lock, socket=first.socket)
    assert second.wait() == 1
    assert f"process {first.pid}" in second.log()
    connect(first.socket).close()


def test_socket_left_by_a_crash_is_replaced(start_daemon, empty_lock):
    crashed = start_daemon("--lock", empty_lock)
    crashed.wait_until_ready()
    crashed.signal(signal.SIGKILL)
    crashed.wait()
    assert os.path.exists(crashed.socket)
    restarted = start_daemon("--lock", empty_lock, socket=crashed.socket)
    restarted.wait_until_ready()
    connect(restarted.socket).close()


def test_tcp_port_is_not_shared(start_daemon, empty_lock):
    first = start_daemon("--lock", empty_lock, "--tcp", "127.0.0.1:0")
    address = first.wait_until_ready().rpartition("tcp:")[2]
    second = start_daemon("--lock", empty_lock, "--tcp", address)
    assert second.wait() == 1
    (line,) = second.log().splitlines()
    assert f"can't listen on {address}" in line
    assert not os.path.exists(second.socket)


def test_file_in_the_sockets_place_is_left_alone(start_daemon, empty_lock, tmp_path):
    place = tmp_path / "precious"
    place.write_text("data")
    daemon = start_daemon("--lock", empty_lock, socket=place)
    assert daemon.wait() == 1
    assert place.read_text() == "data"


def test_only_the_owner_may_connect(start_daemon, empty_lock):
    daemon = start_daemon("--lock", empty_lock)
    daemon.wait_until_ready()
    assert stat.S_IMODE(os.stat(daemon.socket).st_mode) == 0o600


def test_nothing_is_left_after_the_end(start_daemon, empty_lock, tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    daemon = start_daemon("--lock", empty_lock, socket=folder / "d.sock")
    daemon.wait_until_ready()
    daemon.signal(signal.SIGTERM)
    assert daemon.wait() == 0
    assert list(folder.iterdir()) == []


def test_unnamed_socket_is_in_the_runtime_directory(daemon_binary, empty_lock, tmp_path):
    runtime = tmp_path / "runtime"
    read, write = os.pipe()
    process = subprocess.Popen(
        [daemon_binary, "serve", "--lock", empty_lock, "--notify-fd", str(write)],
        env={**os.environ, "ENVKNIT_RUNTIME_DIR": str(runtime)},
        pass_fds=[write],
        stderr=subprocess.DEVNULL,
    )
    os.close(write)
    with os.fdopen(read) as ready:
        assert ready.read() == f"READY unix:{runtime}/envknitd.sock\n"
    assert stat.S_IMODE(os.stat(runtime).st_mode) == 0o700
    process.terminate()
    assert process.wait(PATIENCE_S) == 0


@pytest.mark.parametrize(
    "garbage",
    [
        b"\x00",
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\xff" * 100_000,
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\xff" * 50_000,
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
        + b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"
        + os.urandom(9000),
    ],
    ids=["nul", "http1", "noise", "preface+noise", "settings+noise"],
)
def test_garbage_ends_one_connection(start_daemon, empty_lock, garbage):
    daemon = start_daemon("--lock", empty_lock)
    daemon.wait_until_ready()
    with connect(daemon.socket) as connection:
        try:
            connection.sendall(garbage)
            connection.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        read_to_the_end(connection)
    connect(daemon.socket).close()
    daemon.signal(signal.SIGTERM)
    assert daemon.wait() == 0


def test_many_connections_at_once(start_daemon, empty_lock):
    daemon = start_daemon("--lock", empty_lock)
    daemon.wait_until_ready()
    connections = [connect(daemon.socket) for _ in range(200)]
    # The server speaks first: each of them was accepted.
    assert all(connection.recv(9) for connection in connections)
    for connection in connections:
        connection.close()


def test_log_is_json_when_asked(start_daemon, empty_lock):
    daemon = start_daemon("--lock", empty_lock, "--log-format", "json")
    daemon.wait_until_ready()
    assert re.search(r'^\{"time":".*"message":"serving".*\}$', daemon.log(), re.MULTILINE)


def test_lock_file_is_held_not_just_there(start_daemon, empty_lock, tmp_path):
    path = tmp_path / "s.sock"
    shutil.copy(empty_lock, f"{path}.lock")
    daemon = start_daemon("--lock", empty_lock, socket=path)
    daemon.wait_until_ready()
