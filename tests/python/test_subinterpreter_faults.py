"""What goes wrong in one sub-interpreter, and what the others of its host see of it."""

import threading

import pytest
from conftest import wait_until
from interpreter_hosts import MINORS, need_minor, opened, write_lock

import envknit

PID = "import os; result = os.getpid()"
SPIN = "while True: pass"
# The whole sum is one call of C code, which no interrupt reaches.
C_LOOP = "sum(range(10 ** 14))"
SEGFAULT = "import ctypes; ctypes.string_at(0)"
EXIT = "import os; os._exit(3)"
REPLACED = "ignore:the worker of sub-interpreter:RuntimeWarning"

pytestmark = pytest.mark.filterwarnings(REPLACED)


@pytest.fixture(params=MINORS)
def pair(request, tmp_path):
    """Two SubInterpreterEnvs of one host, after calls; the first with a short timeout."""
    lock = write_lock(tmp_path, {"default": (request.param, {"l==1": {"l.py": "state = []"}})})
    with opened(lock, timeout=1.0) as culprit, opened(lock) as neighbour:
        need_minor(culprit, request.param)
        assert culprit.eval_json(PID) == neighbour.eval_json(PID)
        culprit.minor = request.param
        yield culprit, neighbour


def in_background(interp, code):
    """Runs code in a thread, and waits until it does; () → its answer or exception."""
    ended = []

    def run():
        try:
            ended.append(interp.eval_json(code))
        except Exception as error:
            ended.append(error)

    thread = threading.Thread(target=run)
    thread.start()

    def answer():
        thread.join(60)
        assert not thread.is_alive(), "the neighbour hangs"
        return ended[0]

    return answer


def wait_for_file(tmp_path):
    """Code that says that it runs, and goes on until it is told to stop."""
    return (
        f"import os, time\nopen({str(tmp_path / 'runs')!r}, 'w').close()\n"
        f"while not os.path.exists({str(tmp_path / 'stop')!r}): time.sleep(0.01)\nresult = 7"
    )


def waiting(neighbour, tmp_path):
    answer = in_background(neighbour, wait_for_file(tmp_path))
    wait_until((tmp_path / "runs").exists, "the neighbour's call runs")
    return answer


def test_a_busy_loop_is_stopped_and_harms_nobody(pair, tmp_path):
    culprit, neighbour = pair
    culprit.run_string("import l; l.state.append(1)")
    answer = waiting(neighbour, tmp_path)
    with pytest.raises(envknit.DeadlineError, match="within 1 s"):
        culprit.run_string(SPIN)
    (tmp_path / "stop").touch()
    assert answer() == 7
    assert culprit.eval_json("import l; result = l.state") == [1]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (C_LOOP, envknit.DeadlineError),
        (EXIT, envknit.WorkerCrashed),
        (SEGFAULT, envknit.WorkerCrashed),
    ],
    ids=["C loop", "os._exit", "segfault"],
)
def test_what_ends_the_host_is_collateral_for_the_neighbour(pair, tmp_path, code, expected):
    culprit, neighbour = pair
    if code == SEGFAULT and culprit.minor == "3.12":
        pytest.skip("ctypes of Python 3.12 can't load in a sub-interpreter")
    answer = waiting(neighbour, tmp_path)
    with pytest.raises(expected) as caught:
        culprit.run_string(code)
    assert caught.value.metadata.get("collateral") != "true"
    hit = answer()
    assert isinstance(hit, envknit.WorkerCrashed)
    assert hit.metadata["collateral"] == "true"
    for interp in pair:
        with pytest.warns(RuntimeWarning, match="was replaced by a new one"):
            assert interp.eval_json("import l; result = l.state") == []


def test_an_idle_neighbour_finds_a_new_interpreter(pair):
    culprit, neighbour = pair
    neighbour.run_string("import l; l.state.append(1)")
    before = neighbour.interp_id
    with pytest.raises(envknit.WorkerCrashed):
        culprit.run_string(EXIT)

    def replaced():
        # The end of the host may reach a call that came just before.
        try:
            return neighbour.eval_json("import l; result = l.state") == []
        except envknit.WorkerCrashed:
            return False

    wait_until(replaced, "a new interpreter answers")
    assert neighbour.interp_id != before


def test_try_import_is_tried_again_after_a_neighbours_crash(tmp_path):
    # Waits in the host that will end; not where it is tried first, nor in the next host.
    slow = (
        "import os, time\n"
        f"with open({str(tmp_path / 'host')!r}) as file: host = int(file.read())\n"
        "if os.getpid() == host:\n"
        f"    open({str(tmp_path / 'runs')!r}, 'w').close()\n"
        "    while True: time.sleep(0.01)\n"
    )
    lock = write_lock(tmp_path, {"default": (None, {"slow==1": {"slow.py": slow}})})
    with opened(lock) as culprit, opened(lock) as neighbour:
        host = neighbour.eval_json(PID)
        assert culprit.eval_json(PID) == host
        (tmp_path / "host").write_text(str(host))
        found = []
        thread = threading.Thread(target=lambda: found.append(neighbour.try_import("slow")))
        thread.start()
        wait_until((tmp_path / "runs").exists, "the import runs")
        with pytest.raises(envknit.WorkerCrashed):
            culprit.run_string(EXIT)
        thread.join(60)
        assert found == [True]
        assert neighbour.eval_json(PID) != host
