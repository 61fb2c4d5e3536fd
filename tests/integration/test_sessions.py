"""Sessions as other languages see them: leases, what is held in them, and who may use them."""

import os

import pytest
from daemon_process import Client, wait_for_end
from grpcurl import ADMIN, SERVICE, RpcError


def sessions(grpcurl, address, **request):
    return grpcurl.call(address, f"{ADMIN}/ListSessions", request).get("sessions", [])


def workers(grpcurl, address):
    return grpcurl.call(address, f"{ADMIN}/ListWorkers").get("workers", [])


def open_session(grpcurl, address, **fields):
    return grpcurl.call(
        address, f"{SERVICE}/OpenSession", {"environment": {"name": "numpy1"}, **fields}
    )


def make_object(grpcurl, address, **fields):
    return grpcurl.call_python(address, "builtins", "object", want="WANT_AUTO", **fields)


def handle_of(response):
    return response["outcome"]["value"]["handle"]


def test_lists_a_session_with_what_is_known_of_it(daemon, grpcurl):
    assert sessions(grpcurl, daemon.address) == []
    opened = open_session(grpcurl, daemon.address, labels={"job": "nightly"})
    make_object(grpcurl, daemon.address, session=opened["session"])
    (listed,) = sessions(grpcurl, daemon.address)
    assert listed["session"] == opened["session"]
    assert listed["environment"] == "numpy1"
    assert listed["isolation"] == "ISOLATION_KIND_PROCESS"
    assert listed["identity"] == f"uid:{os.getuid()}"
    assert listed["labels"] == {"job": "nightly"}
    assert listed["pid"] == opened["worker"]["pid"]
    assert listed["epoch"] == opened["worker"]["epoch"]
    assert (listed["handles"], listed["calls"]) == ("1", "1")
    assert "attached" not in listed
    assert "implicit" not in listed
    assert listed["opened"] <= listed["last_call"] < listed["expires"]
    assert [each["handles"] for each in workers(grpcurl, daemon.address)] == ["1"]


def test_lists_sessions_in_their_order_and_of_one_environment(daemon, grpcurl):
    names = [
        open_session(grpcurl, daemon.address, environment={"name": name})["session"]
        for name in ("numpy2", "numpy1", "numpy2")
    ]
    assert [each["session"] for each in sessions(grpcurl, daemon.address)] == names
    of_one = sessions(grpcurl, daemon.address, environment="numpy1")
    assert [each["session"] for each in of_one] == names[1:2]
    assert sessions(grpcurl, daemon.address, environment="nope") == []
    grpcurl.call(daemon.address, f"{SERVICE}/CloseSession", {"session": names[0]})
    assert [each["session"] for each in sessions(grpcurl, daemon.address)] == names[1:]


def test_a_call_whose_result_stays_opens_a_session(daemon, grpcurl):
    grpcurl.call_python(daemon.address, "operator", "add", 1, 2)
    assert sessions(grpcurl, daemon.address) == []
    made = make_object(grpcurl, daemon.address)
    (listed,) = sessions(grpcurl, daemon.address)
    assert listed["implicit"]
    assert listed["session"] == made["info"]["session"]
    (worker,) = workers(grpcurl, daemon.address)
    assert worker["session"] == listed["session"]
    # The worker is leased: a call without that name runs on another one.
    other = grpcurl.call_python(daemon.address, "os", "getpid")["outcome"]["json"]
    assert other != listed["pid"]
    later = grpcurl.call_python(daemon.address, "os", "getpid", session=listed["session"])
    assert later["outcome"]["json"] == listed["pid"]
    assert "session" not in later["info"]
    grpcurl.call(daemon.address, f"{SERVICE}/CloseSession", {"session": listed["session"]})
    assert sessions(grpcurl, daemon.address) == []


def test_a_session_holds_no_more_objects_than_its_quota(start_daemon, lock_file, grpcurl):
    daemon = start_daemon("--lock", lock_file, "--limits-handles", "2")
    daemon.wait_until_ready()
    info = grpcurl.call(daemon.address, f"{ADMIN}/GetServerInfo")
    assert info["limits"]["handles"] == "2"
    session = open_session(grpcurl, daemon.address)["session"]
    held = [handle_of(make_object(grpcurl, daemon.address, session=session)) for _ in range(2)]
    with pytest.raises(RpcError) as caught:
        make_object(grpcurl, daemon.address, session=session)
    assert caught.value.code == 8
    assert caught.value.reason == "QUOTA_EXCEEDED"
    assert caught.value.info["metadata"] == {"limit": "2", "value": "3"}
    assert sessions(grpcurl, daemon.address)[0]["handles"] == "2"
    for _ in range(2):
        grpcurl.call(
            daemon.address,
            f"{SERVICE}/Release",
            {"session": session, "epoch": held[0]["epoch"], "ids": [held[0]["id"], "999"]},
        )
        assert sessions(grpcurl, daemon.address)[0]["handles"] == "1"
    make_object(grpcurl, daemon.address, session=session)
    # Nothing but handles is refused.
    for _ in range(3):
        assert grpcurl.call_python(daemon.address, "operator", "add", 1, 2, session=session)


def test_a_shared_daemon_has_a_quota_and_a_private_one_none(daemon, start_daemon, grpcurl):
    shared = grpcurl.call(daemon.address, f"{ADMIN}/GetServerInfo")
    assert shared["limits"]["handles"] == "10000"
    owned = start_daemon(private=Client(os.getpid()))
    owned.wait_until_ready()
    assert grpcurl.call(owned.address, f"{ADMIN}/GetServerInfo")["limits"]["handles"] == "0"


def test_every_session_has_a_fresh_worker_that_keeps_its_state(daemon, grpcurl):
    seen = set()
    for _ in range(2):
        opened = open_session(grpcurl, daemon.address)
        session, pid = opened["session"], opened["worker"]["pid"]

        def call(path, *arguments, session=session):
            done = grpcurl.call_python(daemon.address, "random", path, *arguments, session=session)
            return done["outcome"]["json"]

        call("seed", 1)
        first = call("random")
        call("seed", 1)
        assert call("random") == first
        seen.add(pid)
        grpcurl.call(daemon.address, f"{SERVICE}/CloseSession", {"session": session})
        assert wait_for_end(pid)
    assert len(seen) == 2


def test_a_dead_worker_is_replaced_with_its_imports(daemon, grpcurl):
    opened = open_session(grpcurl, daemon.address)
    session = opened["session"]
    grpcurl.call(daemon.address, f"{SERVICE}/Import", {"session": session, "module": "fractions"})
    handle = handle_of(make_object(grpcurl, daemon.address, session=session))
    with pytest.raises(RpcError) as caught:
        grpcurl.call_python(daemon.address, "os", "_exit", 3, session=session)
    assert caught.value.reason == "WORKER_CRASHED"
    first = grpcurl.call_python(
        daemon.address, "sys", "modules.__contains__", "fractions", session=session
    )
    assert first["outcome"]["json"] is True
    (listed,) = sessions(grpcurl, daemon.address)
    assert first["info"]["epoch"] == listed["epoch"] != opened["worker"]["epoch"]
    assert "handles" not in listed
    second = grpcurl.call_python(daemon.address, "os", "getpid", session=session)
    assert second["outcome"]["json"] == listed["pid"]
    assert "epoch" not in second["info"]
    request = {"session": session, "target": {"handle": handle, "path": "__hash__"}}
    with pytest.raises(RpcError) as caught:
        grpcurl.call(daemon.address, f"{SERVICE}/Call", request)
    assert caught.value.reason == "HANDLE_EXPIRED"


def test_no_worker_is_shared_when_all_are_leased(start_daemon, lock_file, grpcurl):
    daemon = start_daemon("--lock", lock_file, "--pool-max-workers", "1")
    daemon.wait_until_ready()
    opened = open_session(grpcurl, daemon.address)
    grpcurl.call_python(daemon.address, "os", "getpid", session=opened["session"])
    with pytest.raises(RpcError) as caught:
        grpcurl.call_python(daemon.address, "os", "getpid")
    assert caught.value.reason == "POOL_EXHAUSTED"
    assert caught.value.info["metadata"]["limit"] == "1"
    with pytest.raises(RpcError) as caught:
        open_session(grpcurl, daemon.address, start_timeout="5s")
    assert caught.value.reason == "POOL_EXHAUSTED"
    grpcurl.call(daemon.address, f"{SERVICE}/CloseSession", {"session": opened["session"]})
    pid = grpcurl.call_python(daemon.address, "os", "getpid")["outcome"]["json"]
    assert pid != opened["worker"]["pid"]


def test_a_session_is_its_identitys_alone(start_daemon, lock_file, grpcurl):
    daemon = start_daemon("--lock", lock_file, "--tcp", "127.0.0.1:0")
    tcp = daemon.wait_until_ready().rpartition("tcp:")[2]
    mine = open_session(grpcurl, daemon.address)["session"]
    with pytest.raises(RpcError) as caught:
        grpcurl.call_python(tcp, "os", "getpid", session=mine)
    assert caught.value.reason == "SESSION_NOT_FOUND"
    grpcurl.call(tcp, f"{SERVICE}/CloseSession", {"session": mine})
    theirs = open_session(grpcurl, tcp)["session"]
    listed = sessions(grpcurl, daemon.address)
    assert [each["session"] for each in listed] == [mine, theirs]
    assert listed[0]["identity"] != listed[1]["identity"] == "anonymous"
    with pytest.raises(RpcError) as caught:
        grpcurl.call_python(daemon.address, "os", "getpid", session=theirs)
    assert caught.value.reason == "SESSION_NOT_FOUND"
