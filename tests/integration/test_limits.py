"""Messages that are too large are refused by name, and cost nothing else."""

import pytest
from grpcurl import SERVICE, RpcError


@pytest.fixture
def small(start_daemon, lock_file):
    daemon = start_daemon("--lock", lock_file, "--limits-message", "64KiB")
    daemon.wait_until_ready()
    return daemon


def test_request_over_the_limit_is_refused(small, grpcurl):
    with pytest.raises(RpcError) as caught:
        grpcurl.call_python(small.address, "builtins", "len", "x" * 70_000)
    assert caught.value.reason == "LIMIT_EXCEEDED"
    assert caught.value.info["metadata"]["limit"] == "65536"


def test_request_far_over_the_limit_is_refused(small, grpcurl):
    request = {"environment": {"name": "x" * 1_000_000}}
    with pytest.raises(RpcError) as caught:
        grpcurl.call(small.address, f"{SERVICE}/Call", request)
    assert caught.value.code == 8


def test_response_over_the_limit_is_an_error_of_that_call(small, grpcurl):
    with pytest.raises(RpcError) as caught:
        grpcurl.call_python(small.address, "operator", "mul", "x", 70_000, want="WANT_VALUE")
    assert caught.value.reason == "LIMIT_EXCEEDED"
    assert grpcurl.call_python(small.address, "operator", "add", 1, 2)["outcome"] == {"json": 3}


def test_long_texts_fit_into_the_status(small, grpcurl):
    code = "import sys, os; sys.stderr.write('e' * 20000 + 'last words'); os._exit(4)"
    with pytest.raises(RpcError) as caught:
        grpcurl.call_python(small.address, "builtins", "exec", code)
    assert caught.value.reason == "WORKER_CRASHED"
    assert caught.value.info["metadata"]["stderr"].rstrip().endswith("last words")


def test_release_over_the_limit_is_refused_and_the_worker_lives(small, grpcurl):
    selector = {"package": {"name": "numpy", "version": "1.26.4"}}
    opened = grpcurl.call(small.address, f"{SERVICE}/OpenSession", {"environment": selector})
    release = {"session": opened["session"], "ids": list(range(16_500, 46_500))}
    with pytest.raises(RpcError) as caught:
        grpcurl.call(small.address, f"{SERVICE}/Release", release)
    assert caught.value.reason == "LIMIT_EXCEEDED"
    call = {"session": opened["session"], "target": {"module": "os", "path": "getpid"}}
    pid = grpcurl.call(small.address, f"{SERVICE}/Call", {**call, "want": "WANT_JSON"})
    assert pid["outcome"]["json"] == opened["worker"]["pid"]


def test_labels_of_a_session_are_in_the_log(daemon, grpcurl):
    selector = {"package": {"name": "numpy", "version": "1.26.4"}}
    request = {"environment": selector, "labels": {"job": "nightly"}}
    opened = grpcurl.call(daemon.address, f"{SERVICE}/OpenSession", request)
    (line,) = (line for line in daemon.log().splitlines() if "session opened" in line)
    assert opened["session"] in line
    assert "job=nightly" in line
