"""A long-lived client: nothing grows with the number of blocks, and what is closed is gone."""

#: Of a process: its descriptors, its threads, its resident bytes.
MEASURE = """
from envknit.isolation import worker as worker_module
def measure(pid):
    with open(f"/proc/{pid}/statm") as statm:
        pages = int(statm.read().split()[1])
    fds = len(os.listdir(f"/proc/{pid}/fd"))
    return [fds, len(os.listdir(f"/proc/{pid}/task")), pages * os.sysconf("SC_PAGE_SIZE")]
def measure_both():
    return measure(os.getpid()), measure(envknit.status().daemon)
"""


def test_a_thousand_blocks_leave_nothing(client):
    script = (
        MEASURE
        + """
def use(times):
    for _ in range(times):
        with envknit.worker("worklib", "1.0", PACKAGES) as lib:
            lib.make_thing().grow()
        envknit.status()
use(200)
show(measure_both())
use(1000)
show(measure_both())
found = envknit.status()
show([len(found.workers), len(found.sessions)])
"""
    )
    status, lines, err = client(script).end(120)
    assert status == 0, err
    before, after, counts = lines
    assert counts == [1, 1]
    for (fds, threads, rss), (fds_after, threads_after, rss_after) in zip(
        before, after, strict=True
    ):
        assert fds_after <= fds + 2
        # gRPC keeps some of its own for a while.
        assert threads_after <= threads + 4
        assert rss_after < rss + (4 << 20)


def test_a_hundred_keys_are_a_hundred_workers_until_they_are_closed(client):
    script = (
        MEASURE
        + """
import time
def use(first, last):
    for number in range(first, last):
        with envknit.worker("worklib", f"1.{number}", PACKAGES) as lib:
            lib.pid()
    found = envknit.status()
    pids = [worker.pid for worker in found.workers]
    show([len(found.sessions), len(set(pids)), all(os.path.exists(f"/proc/{p}") for p in pids)])
    return pids
def close_all():
    for session in worker_module._pool._sessions.values():
        session.close()
    deadline = time.monotonic() + 60
    while envknit.status().workers and time.monotonic() < deadline:
        time.sleep(0.05)
    found = envknit.status()
    show([len(found.sessions), len(found.workers)])
use(1000, 1010)
close_all()
show(measure_both())
pids = use(0, 100)
show(measure_both())
close_all()
show([p for p in pids if os.path.exists(f"/proc/{p}")])
show(measure_both())
"""
    )
    status, lines, err = client(script).end(240)
    assert status == 0, err
    few, no_few, before, many, during, none, alive, after = lines
    assert few == [10, 10, True]
    assert many == [100, 100, True]
    assert no_few == none == [0, 0]
    assert alive == []
    # The client has one connection, however many workers there are.
    assert during[0][0] <= before[0][0] + 2
    assert during[0][1] <= before[0][1] + 4
    # The daemon has some descriptors and no thread for each.
    assert during[1][0] <= before[1][0] + 100 * 10
    assert during[1][1] <= before[1][1] + 4
    for now, then in zip(after, before, strict=True):
        assert now[0] <= then[0] + 2
        assert now[1] <= then[1] + 4
        assert now[2] < then[2] + (16 << 20)
