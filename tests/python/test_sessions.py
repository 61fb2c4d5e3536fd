"""Which blocks share a worker, and what threads, forks and Ctrl-C do to it."""

import threading

import pytest
from conftest import FORK_WARNING, PACKAGES

import envknit


def test_blocks_with_the_same_arguments_share_one_worker(again, fresh_worker):
    context = fresh_worker()
    with context as first, again(context, timeout=5) as second:
        assert first.pid() == second.pid()
        first.remember(1)
        assert second.recall() == [1]
    with again(context) as third:
        assert third.recall() == [1]


def test_another_key_is_another_worker(lib, fresh_worker):
    with fresh_worker() as other:
        assert other.pid() != lib.pid()
        other.remember("mine")
        assert lib.recall() == []


def test_nothing_of_the_host_is_visible(lib):
    paths = lib.path_of_modules()
    assert paths[0] == str(PACKAGES)
    assert not any("site-packages" in path for path in paths)
    assert "" not in paths


def test_threads_share_a_proxy(lib):
    wrong = []

    def work(number):
        for step in range(50):
            answer = lib.echo(number, step)
            if answer != [number, step]:
                wrong.append(answer)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_another_worker_is_free_while_one_is_busy(lib, fresh_worker):
    with fresh_worker() as other:
        thread = threading.Thread(target=lib.sleep, args=(1.0,))
        thread.start()
        assert other.echo(1) == [1]
        assert thread.is_alive()
        thread.join()


def test_ctrl_c_cancels_the_call_and_leaves_the_context_usable(client):
    script = """
import signal, threading, time
with envknit.worker("worklib", "1.0", PACKAGES) as lib:
    before = lib.pid()
    threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
    started = time.monotonic()
    try:
        lib.sleep(30)
    except KeyboardInterrupt:
        show(time.monotonic() - started < 10)
    show(lib.echo(1))
    show(lib.pid() == before)
"""
    status, lines, err = client(script).end()
    assert (status, lines) == (0, [True, [1], True]), err


def test_a_forked_child_has_workers_of_its_own(client):
    script = """
from envknit.isolation import worker
with envknit.worker("worklib", "1.0", PACKAGES) as lib:
    thing = lib.make_thing()
    here = lib.pid()
    child = os.fork()
    if child == 0:
        try:
            thing.grow()
        except envknit.StaleHandleError:
            show("stale")
        show(lib.pid() != here)
        del thing
        # An ordinary end: nothing of the parent's may be touched by it.
        sys.exit(0)
    assert os.waitpid(child, 0)[1] == 0
    show(thing.grow().size)
    show(lib.pid() == here)
"""
    status, lines, err = client(script).end()
    assert (status, lines) == (0, ["stale", True, 4, True]), err


@pytest.mark.filterwarnings(FORK_WARNING)
def test_a_forked_child_that_uses_nothing_disturbs_nothing(lib):
    import multiprocessing

    thing = lib.make_thing()
    context = multiprocessing.get_context("fork")
    child = context.Process(target=print, args=())
    child.start()
    child.join(20)
    assert child.exitcode == 0
    assert thing.grow().size == 4


def test_a_worker_can_use_signals_and_processes(lib):
    assert lib.signal.getsignal(2) is not None
    assert lib.start_sleeping_child() > 0


def test_the_environment_variable_names_a_server(client, daemon):
    script = """
with envknit.worker("worklib", "1.0", PACKAGES) as lib:
    show(lib.echo(1))
    from envknit.isolation import worker
    show(worker._pool._connection.daemon)
"""
    status, lines, err = client(script, ENVKNIT_ADDRESS=daemon.address).end()
    assert (status, lines) == (0, [[1], None]), err


def test_says_when_that_server_cannot_be_reached(client, tmp_path):
    script = """
try:
    with envknit.worker("worklib", "1.0", PACKAGES):
        pass
except envknit.ServerUnavailable as error:
    show(str(error))
"""
    address = f"unix:{tmp_path}/none.sock"
    status, lines, err = client(script, ENVKNIT_ADDRESS=address).end()
    assert status == 0, err
    assert address in lines[0]
    assert envknit.ServerUnavailable.__mro__[2] is ConnectionError


def test_says_when_the_daemon_cannot_be_started(client, tmp_path):
    script = """
try:
    with envknit.worker("worklib", "1.0", PACKAGES):
        pass
except RuntimeError as error:
    show(str(error))
"""
    for daemon in (tmp_path / "missing", "/bin/false"):
        status, lines, err = client(script, ENVKNIT_DAEMON=str(daemon)).end()
        assert status == 0, err
        assert "failed to start" in lines[0]


def test_everything_says_what_it_is(fresh_worker):
    from envknit.isolation import worker

    context = fresh_worker(timeout=2.5)
    assert repr(context) == f"<WorkerContext of {context.title}, timeout=2.5 s>"
    assert repr(context.session) == f"<WorkerSession of {context.title}, no worker>"
    with context as lib:
        assert repr(context.session) == f"<WorkerSession of {context.title}, open>"
        lib.pid()
    assert repr(context.session) == f"<WorkerSession of {context.title}, used>"
    daemon = worker._pool._connection.daemon
    assert repr(daemon) == f"<PrivateDaemon pid={daemon.pid} {daemon.address}>"
    connection = f"<Connection to the private daemon at {daemon.address}>"
    assert repr(worker._pool._connection) == connection
    assert repr(worker._pool).startswith("<ProcessPool of ")
    assert repr(worker._pool).endswith(f"in use, daemon={daemon!r}>")
