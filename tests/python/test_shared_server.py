"""A client of a server that others share: it has lock files of its own."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
from conftest import is_running, wait_until


class Server(NamedTuple):
    unix: str
    tcp: str
    process: subprocess.Popen[bytes]


@pytest.fixture
def server(lock_file, tmp_path):
    """`envknitd serve` with the numpy environments."""
    daemon = Path(sys.executable).parent / "envknitd"
    socket = tmp_path / "s.sock"
    ready, told = os.pipe()
    with subprocess.Popen(
        [
            *(daemon, "serve", "--socket", socket, "--tcp", "127.0.0.1:0"),
            *("--lock", lock_file, "--notify-fd", str(told)),
        ],
        pass_fds=[told],
    ) as process:
        os.close(told)
        with open(ready) as line:
            word, unix, tcp = line.readline().split()
        assert (word, unix) == ("READY", f"unix:{socket}")
        yield Server(unix, tcp.removeprefix("tcp:"), process)
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0


@pytest.mark.parametrize("how", ["unix:/", "host:port", "dns:host:port"])
def test_its_packages_need_no_registration(client, server, how):
    address = {"unix:/": server.unix, "host:port": server.tcp}.get(how, "dns:" + server.tcp)

    script = """
with envknit.worker("numpy", "1.26.4") as np:
    show([np.__version__, np.linalg.norm([3, 4])])
"""
    status, lines, err = client(script, ENVKNIT_ADDRESS=address).end()
    assert (status, lines) == (0, [["1.26.4", 5.0]]), err


def test_it_says_what_it_does_not_have(client, server):
    script = """
for name, version in (("numpy", "9.9"), ("nunpy", "1.26.4")):
    try:
        with envknit.worker(name, version):
            pass
    except envknit.NotRegisteredError as error:
        show([error.reason, "is not registered" in str(error), "numpy" in str(error)])
"""
    status, lines, err = client(script, ENVKNIT_ADDRESS=server.unix).end()
    assert (status, lines) == (0, [["PACKAGE_NOT_LOCKED", True, True]] * 2), err


def test_it_refuses_environments_that_a_client_describes(client, server):
    script = """
try:
    with envknit.worker("worklib", "1.0", PACKAGES):
        pass
except PermissionError as error:
    show(error.reason)
"""
    status, lines, err = client(script, ENVKNIT_ADDRESS=server.unix).end()
    assert (status, lines) == (0, ["INLINE_DENIED"]), err


@pytest.mark.parametrize("end", ["", "os._exit(0)"])
def test_it_ends_the_worker_when_the_client_ended(client, server, end):
    script = f"""
with envknit.worker("numpy", "1.26.4") as np:
    show(np.ctypeslib.os.getpid())
{end}
"""
    running = client(script, ENVKNIT_ADDRESS=server.unix)
    worker = running.line()
    running.process.wait(20)
    # The grace of a lease whose stream broke is 10 s; one that was given back has none.
    wait_until(lambda: not is_running(worker), "the worker is gone", 25 if end else 5)
    assert server.process.poll() is None


def test_a_forked_child_does_not_keep_the_workers_of_its_parent(client, server):
    script = """
import signal, threading, time
with envknit.worker("numpy", "1.26.4") as np:
    show(np.ctypeslib.os.getpid())
    # A call in flight is when gRPC does nothing about a fork.
    busy = threading.Thread(target=np.ctypeslib.os.system, args=("sleep 2",), daemon=True)
    busy.start()
    time.sleep(0.3)
    child = os.fork()
    if child == 0:
        signal.pause()
    show(child)
    os._exit(0)
"""
    running = client(script, ENVKNIT_ADDRESS=server.unix)
    worker, child = running.line(), running.line()
    try:
        running.process.wait(20)
        wait_until(lambda: not is_running(worker), "the worker is gone", 25)
        assert is_running(child)
        assert server.process.poll() is None
    finally:
        os.kill(child, signal.SIGKILL)


def test_its_end_is_an_error_that_names_it(client, server):
    script = """
with envknit.worker("numpy", "1.26.4") as np:
    show(np.add(1, 2))
    sys.stdin.readline()
    try:
        np.add(1, 2)
    except envknit.ServerUnavailable as error:
        show(str(error))
"""
    running = client(script, ENVKNIT_ADDRESS=server.unix, stdin=subprocess.PIPE)
    assert running.line() == 3
    server.process.send_signal(signal.SIGTERM)
    server.process.wait(20)
    running.process.stdin.write("go\n")
    running.process.stdin.close()
    assert server.unix in running.line()


def test_its_environments_need_no_registration(client, server):
    script = """
with envknit.environment("numpy1") as env:
    np = env.import_module("numpy")
    show([np.__version__, env.import_module("math").floor(np.float64(2.5))])
try:
    with envknit.environment("numpy9"):
        pass
except envknit.NotRegisteredError as error:
    show(str(error))
"""
    status, lines, err = client(script, ENVKNIT_ADDRESS=server.unix).end()
    assert status == 0, err
    assert lines[0] == ["1.26.4", 2]
    assert "is not registered" in lines[1]
    assert "numpy1" in lines[1]


def test_it_bounds_what_a_session_holds(client, request, monkeypatch):
    monkeypatch.setenv("ENVKNITD_LIMITS_HANDLES", "3")
    server = request.getfixturevalue("server")
    script = """
import time
with envknit.worker("numpy", "1.26.4") as np:
    kept = []
    try:
        while len(kept) < 50:
            kept.append(np.arange(3))
    except envknit.PoolExhausted as error:
        show([error.reason, dict(error.metadata), "limits.handles" in str(error), len(kept)])
    kept.clear()
    while envknit.status().workers[0].handles:
        time.sleep(0.01)
    show(np.arange(3).tolist())
"""
    status, lines, err = client(script, ENVKNIT_ADDRESS=server.unix).end()
    refused = ["QUOTA_EXCEEDED", {"limit": "3", "value": "4"}, True, 3]
    assert (status, lines) == (0, [refused, [0, 1, 2]]), err
