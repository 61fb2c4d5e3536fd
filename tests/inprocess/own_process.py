"""Tests of what is the process's own: the import hook, sys.modules, sys.path.

Each runs in a fork of the test process, which itself never uses the hook; asserts, skips and
warnings are as in any test.
"""

import functools
import os
import signal
import traceback

import pytest

__all__ = ["in_own_process"]

_PASSED, _SKIPPED, _FAILED = b"p", b"s", b"f"


def in_own_process(test):
    """Runs a test function in a forked child, and fails or skips as it does there."""

    @functools.wraps(test)
    def forked(*args, **kwargs):
        read_end, write_end = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(read_end)
            _run_and_exit(write_end, test, args, kwargs)
        os.close(write_end)
        try:
            with open(read_end, "rb") as pipe:
                verdict = pipe.read()
        except BaseException:
            # A test that takes too long: it does not outlive its report.
            os.kill(pid, signal.SIGKILL)
            raise
        finally:
            _, status = os.waitpid(pid, 0)
        kind, text = verdict[:1], verdict[1:].decode()
        if kind == _SKIPPED:
            pytest.skip(text)
        if kind != _PASSED:
            pytest.fail(text or f"the process ended with status {status}", pytrace=False)

    return forked


def _run_and_exit(write_end, test, args, kwargs):
    verdict = _FAILED
    try:
        test(*args, **kwargs)
        verdict = _PASSED
    except pytest.skip.Exception as skip:
        verdict = _SKIPPED + str(skip).encode()
    except BaseException:
        verdict = _FAILED + traceback.format_exc().encode()
    finally:
        with open(write_end, "wb") as pipe:
            pipe.write(verdict)
        os._exit(0)
