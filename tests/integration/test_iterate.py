"""Next and Iterate as other languages meet them."""

import pytest
from grpcurl import SERVICE, RpcError

NUMPY = {"package": {"name": "numpy", "version": "1.26.4"}}


def iterate(daemon, grpcurl, target, **fields):
    request = {"environment": NUMPY, "target": target, **fields}
    if "session" in fields:
        del request["environment"]
    return grpcurl.stream(daemon.address, f"{SERVICE}/Iterate", request)


def evaluate(daemon, grpcurl, code, **fields):
    """A handle of what an expression gives, and the session it lives in."""
    response = grpcurl.call_python(
        daemon.address, "builtins", "eval", code, want="WANT_HANDLE", **fields
    )
    session = fields.get("session") or response["info"]["session"]
    return response["outcome"]["value"]["handle"], session


def values(response):
    return [int(value) for value in response["items"]["packed_ints"]["values"]]


def test_next_takes_as_many_as_are_asked_for(daemon, grpcurl):
    handle, session = evaluate(daemon, grpcurl, "range(5)")
    request = {"session": session, "target": {"handle": handle}, "begin": True, "max_items": 2}
    first = grpcurl.call(daemon.address, f"{SERVICE}/Next", request)
    assert values(first) == [0, 1]
    assert "done" not in first
    request = {"session": session, "target": {"handle": first["iterator"]}, "max_items": 9}
    rest = grpcurl.call(daemon.address, f"{SERVICE}/Next", request)
    assert values(rest) == [2, 3, 4]
    assert rest["done"] is True
    ended = grpcurl.call(daemon.address, f"{SERVICE}/Next", request)
    assert ended["done"] is True
    assert ended["outcome"] == {}


def test_iterate_streams_until_the_end(daemon, grpcurl):
    handle, session = evaluate(daemon, grpcurl, "range(7)")
    responses = iterate(daemon, grpcurl, {"handle": handle}, session=session, max_items=3)
    assert [values(response) for response in responses] == [[0, 1, 2], [3, 4, 5], [6]]
    assert [response.get("done", False) for response in responses] == [False, False, True]
    # The iterator is gone with the stream.
    request = {"session": session, "target": {"handle": responses[0]["iterator"]}}
    with pytest.raises(RpcError) as caught:
        grpcurl.call(daemon.address, f"{SERVICE}/Next", request)
    assert caught.value.reason == "HANDLE_EXPIRED"


def test_iterate_without_a_session_leaves_none_behind(daemon, grpcurl):
    responses = iterate(daemon, grpcurl, {"module": "string", "path": "digits"}, max_items=4)
    lists = [response["items"]["list_value"]["items"] for response in responses]
    texts = [item["string_value"] for items in lists for item in items]
    assert "".join(texts) == "0123456789"
    session = responses[0]["info"]["session"]
    with pytest.raises(RpcError) as caught:
        grpcurl.call_python(daemon.address, "os", "getpid", session=session)
    assert caught.value.reason == "SESSION_NOT_FOUND"


def test_items_outlive_the_stream_in_its_session(daemon, grpcurl):
    target = {"module": "numpy", "path": "add.reduce.__self__.__class__.__mro__"}
    responses = iterate(daemon, grpcurl, target)
    session = responses[0]["info"]["session"]
    item = responses[0]["items"]["list_value"]["items"][0]["handle"]
    request = {
        "session": session,
        "target": {"handle": item, "path": "__name__"},
        "want": "WANT_JSON",
    }
    answer = grpcurl.call(daemon.address, f"{SERVICE}/GetAttr", request)
    assert answer["outcome"] == {"json": "ufunc"}
    grpcurl.call(daemon.address, f"{SERVICE}/CloseSession", {"session": session})


def test_what_the_iterator_raises_is_the_last_outcome(daemon, grpcurl):
    handle, session = evaluate(daemon, grpcurl, "(1 // (2 - n) for n in range(5))")
    responses = iterate(daemon, grpcurl, {"handle": handle}, session=session, max_items=8)
    assert len(responses) == 1
    assert values(responses[0]) == [0, 1]
    assert responses[0]["outcome"]["exception"]["type"] == "ZeroDivisionError"


def test_the_timeout_is_for_each_step(daemon, grpcurl):
    code = "(__import__('time').sleep(n * 60) for n in range(2))"
    handle, session = evaluate(daemon, grpcurl, code)
    with pytest.raises(RpcError) as caught:
        iterate(daemon, grpcurl, {"handle": handle}, session=session, timeout="0.5s")
    assert caught.value.reason == "DEADLINE_EXPIRED_RUNNING"
    request = {"session": session, "target": {"handle": handle}}
    dead = grpcurl.call(daemon.address, f"{SERVICE}/Next", request)
    assert dead["outcome"]["exception"]["type"] == "RuntimeError"
    assert "was interrupted" in dead["outcome"]["exception"]["message"]
