"""Two numpys in one program, on a Python that has none.

`.venv/bin/python deploy/demo.py LOCK_FILE`, as deploy/quickstart.sh runs it.
"""

import importlib.util
import statistics
import sys
import time
from typing import Any

import envknit

VERSIONS = ("1.26.4", "2.2.6")


def show(title: str, value: object) -> None:
    print(f"  {title:<38}{value}", flush=True)


def median_microseconds(call: Any, count: int) -> float:
    """The median time of `call()`, in microseconds."""
    times = []
    for _ in range(count):
        started = time.perf_counter()
        call()
        times.append(time.perf_counter() - started)
    return statistics.median(times) * 1e6


def stop_at_its_deadline(np: Any) -> None:
    """Ends a call of many minutes after its second: 4,000 products of a large matrix."""
    matrix = np.eye(1000)
    started = time.monotonic()
    try:
        np.linalg.matrix_power(matrix, 2**4000)
    except TimeoutError as error:
        waited = time.monotonic() - started
        show("a call with timeout=1.0", f"stopped: {type(error).__name__} after {waited:.2f} s")
    else:
        sys.exit("the call was not stopped at its deadline")


def main() -> None:
    envknit.configure_from_lock(sys.argv[1])
    numpy_here = importlib.util.find_spec("numpy") is not None
    print(f"Python {sys.version.split()[0]}, numpy in this interpreter: {numpy_here}")
    old, new = (envknit.worker("numpy", version, timeout=30.0) for version in VERSIONS)
    with old as np1, new as np2:
        show("versions, from one process", f"{np1.__version__} and {np2.__version__}")
        show("np.linalg.norm([3, 4])", f"{np1.linalg.norm([3, 4])} and {np2.linalg.norm([3, 4])}")
        u, s, vt = np2.linalg.svd(np2.random.randn(50, 50))
        show("u, s, vt = np.linalg.svd(a): s[:3]", s[:3].tolist())
        show("  u stayed in its worker", u)
        show("  and works there: norm(u*s @ vt)", np2.linalg.norm(np2.dot(u * s, vt)))
        with envknit.worker("numpy", VERSIONS[1], timeout=1.0) as hasty:
            stop_at_its_deadline(hasty)
        show("the next call's own answer", np2.linalg.norm([6, 8]))
        show("  and u is still there", u.shape)
        norm = np2.linalg.norm
        show(
            "time per call, median of 1000",
            f"{median_microseconds(lambda: norm([3, 4]), 1000):.0f} µs",
        )


if __name__ == "__main__":
    main()
