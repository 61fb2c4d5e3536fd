"""The API as people meet it: grpcurl, over the unix socket and TCP."""

import time

import pytest
from grpcurl import ADMIN, SERVICE, RpcError


def test_lists_the_services(daemon, grpcurl):
    services = grpcurl.text(daemon.address, "list").split()
    assert {SERVICE, ADMIN, "grpc.health.v1.Health"} <= set(services)


@pytest.mark.parametrize(
    "symbol",
    [
        SERVICE,
        f"{SERVICE}.Call",
        ADMIN,
        "grpc.health.v1.Health",
        "envknit.v1.CallRequest",
        "google.rpc.ErrorInfo",
    ],
)
def test_describes_everything(daemon, grpcurl, symbol):
    assert symbol in grpcurl.text(daemon.address, "describe", symbol)


def test_error_has_readable_details(daemon, grpcurl):
    done = grpcurl.run("-d", '{"environment":{"name":"nope"}}', daemon.address, f"{SERVICE}/Call")
    assert done.returncode != 0
    assert "NotFound" in done.stderr
    assert '"reason": "ENV_NOT_FOUND"' in done.stderr
    assert '"domain": "envknit"' in done.stderr


def test_unknown_package_names_near_ones(daemon, grpcurl):
    request = {"environment": {"package": {"name": "nunpy"}}, "target": {"module": "numpy"}}
    with pytest.raises(RpcError) as caught:
        grpcurl.call(daemon.address, f"{SERVICE}/Call", request)
    assert caught.value.reason == "PACKAGE_NOT_LOCKED"
    assert caught.value.info["metadata"]["near"] == "numpy"


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"timeout": "-1s"}, "timeout"),
        ({"start_timeout": "0s"}, "start_timeout"),
        ({"isolation": 17}, "isolation"),
        ({"environment": {}}, "environment"),
    ],
)
def test_malformed_field_is_named(daemon, grpcurl, fields, field):
    with pytest.raises(RpcError) as caught:
        grpcurl.call_python(daemon.address, "os", "getpid", **fields)
    assert caught.value.reason == "INVALID_REQUEST"
    assert caught.value.info["metadata"]["field"] == field


def test_inline_environments_are_refused(daemon, grpcurl):
    with pytest.raises(RpcError) as caught:
        grpcurl.call_python(
            daemon.address, "os", "getpid", environment={"inline": {"name": "mine"}}
        )
    assert caught.value.reason == "INLINE_DENIED"


def test_calls_with_json(daemon, grpcurl):
    response = grpcurl.call_python(daemon.address, "numpy", "linalg.norm", [3, 4])
    assert response["outcome"] == {"json": 5}


def test_what_user_code_raises_is_in_the_outcome(daemon, grpcurl):
    response = grpcurl.call_python(daemon.address, "operator", "truediv", 1, 0)
    exception = response["outcome"]["exception"]
    assert exception["type"] == "ZeroDivisionError"
    assert exception["message"] == "division by zero"


def test_timeout_of_the_request_stops_the_work(daemon, grpcurl):
    started = time.monotonic()
    with pytest.raises(RpcError) as caught:
        grpcurl.call_python(daemon.address, "time", "sleep", 60, timeout="0.3s")
    assert caught.value.reason == "DEADLINE_EXPIRED_RUNNING"
    assert caught.value.info["metadata"]["timeout_ms"] == "300"
    assert time.monotonic() - started < 30
    assert grpcurl.call_python(daemon.address, "operator", "add", 1, 2)["outcome"] == {"json": 3}


def test_deadline_of_grpc_is_ours_too(daemon, grpcurl):
    grpcurl.call_python(daemon.address, "operator", "add", 1, 2)
    with pytest.raises(RpcError) as caught:
        grpcurl.call_python(daemon.address, "time", "sleep", 60, max_time=1)
    # Our error is sent 10 ms before gRPC's own, which has no details.
    assert caught.value.message.startswith(("time.sleep did not respond", "context deadline"))
    assert grpcurl.call_python(daemon.address, "operator", "add", 1, 2)["outcome"] == {"json": 3}


def test_crash_is_an_error_and_the_next_call_is_fine(daemon, grpcurl):
    with pytest.raises(RpcError) as caught:
        grpcurl.call_python(daemon.address, "os", "_exit", 3)
    assert caught.value.reason == "WORKER_CRASHED"
    assert caught.value.info["metadata"]["exit_code"] == "3"
    assert grpcurl.call_python(daemon.address, "operator", "add", 1, 2)["outcome"] == {"json": 3}


def test_import_describes_module_and_worker(daemon, grpcurl):
    request = {"environment": {"name": "numpy1"}, "module": "numpy"}
    response = grpcurl.call(daemon.address, f"{SERVICE}/Import", request)
    assert response["module"]["version"] == "1.26.4"
    worker = response["worker"]
    info = grpcurl.call(daemon.address, f"{ADMIN}/GetServerInfo")
    assert worker["instance"] == info["instance"]
    assert worker["isolation"] == "ISOLATION_KIND_PROCESS"


def test_handles_live_in_the_session_that_the_reply_names(daemon, grpcurl):
    made = grpcurl.call_python(daemon.address, "numpy", "arange", 5, want="WANT_AUTO")
    handle = made["outcome"]["value"]["handle"]
    request = {
        "session": made["info"]["session"],
        "target": {"handle": handle, "path": "sum"},
        "want": "WANT_JSON",
    }
    assert grpcurl.call(daemon.address, f"{SERVICE}/Call", request)["outcome"] == {"json": 10}
    release = {"session": request["session"], "epoch": handle["epoch"], "ids": [handle["id"]]}
    grpcurl.call(daemon.address, f"{SERVICE}/Release", release)
    with pytest.raises(RpcError) as caught:
        grpcurl.call(daemon.address, f"{SERVICE}/Call", request)
    assert caught.value.reason == "HANDLE_EXPIRED"
    assert caught.value.info["metadata"]["handle"] == handle["id"]


def test_handle_of_another_living_worker_is_told_apart(daemon, grpcurl):
    made = [
        grpcurl.call_python(daemon.address, "numpy", "arange", 5, want="WANT_AUTO")
        for _ in range(2)
    ]
    request = {
        "session": made[0]["info"]["session"],
        "target": {"handle": made[1]["outcome"]["value"]["handle"], "path": "sum"},
    }
    with pytest.raises(RpcError) as caught:
        grpcurl.call(daemon.address, f"{SERVICE}/Call", request)
    assert caught.value.reason == "CROSS_WORKER"
    grpcurl.call(daemon.address, f"{SERVICE}/CloseSession", {"session": made[1]["info"]["session"]})


def test_session_keeps_state_until_it_is_closed(daemon, grpcurl):
    opening = {"environment": {"name": "numpy1"}, "labels": {"job": "test"}}
    opened = grpcurl.call(daemon.address, f"{SERVICE}/OpenSession", opening)
    session = opened["session"]
    pids = {
        grpcurl.call_python(daemon.address, "os", "getpid", session=session)["outcome"]["json"]
        for _ in range(3)
    }
    assert pids == {opened["worker"]["pid"]}
    grpcurl.call(daemon.address, f"{SERVICE}/CloseSession", {"session": session})
    with pytest.raises(RpcError) as caught:
        grpcurl.call_python(daemon.address, "os", "getpid", session=session)
    assert caught.value.reason == "SESSION_NOT_FOUND"


def test_counts_calls_by_method(daemon, grpcurl):
    before = grpcurl.call(daemon.address, f"{ADMIN}/GetServerInfo").get("calls", {})
    grpcurl.call_python(daemon.address, "operator", "add", 1, 2)
    after = grpcurl.call(daemon.address, f"{ADMIN}/GetServerInfo")["calls"]
    assert int(after["Call"]) == int(before.get("Call", 0)) + 1


def test_same_api_over_tcp(start_daemon, lock_file, grpcurl):
    daemon = start_daemon("--lock", lock_file, "--tcp", "127.0.0.1:0")
    ready = daemon.wait_until_ready()
    assert ready.startswith(f"READY unix:{daemon.socket} tcp:127.0.0.1:")
    address = ready.rpartition("tcp:")[2]
    assert SERVICE in grpcurl.text(address, "list")
    assert grpcurl.call_python(address, "numpy", "linalg.norm", [3, 4])["outcome"] == {"json": 5}
    with pytest.raises(RpcError) as caught:
        grpcurl.call_python(address, "time", "sleep", 60, timeout="0.2s")
    assert caught.value.reason == "DEADLINE_EXPIRED_RUNNING"


def test_access_log_has_one_line_for_a_call(daemon, grpcurl):
    grpcurl.call_python(daemon.address, "operator", "add", "secret argument", "x")
    lines = [line for line in daemon.log().splitlines() if " call " in line]
    assert len(lines) == 1
    assert "method=Call environment=numpy1 status=OK" in lines[0]
    assert "secret" not in daemon.log()
