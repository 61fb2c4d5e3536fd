"""Fetch and Put as any client meets them: chunks that together are one Value."""

import base64
import json
import string
import subprocess
import zlib

import pytest
from grpcurl import SERVICE, RpcError

NUMPY = {"package": {"name": "numpy", "version": "1.26.4"}}


@pytest.fixture
def session(daemon, grpcurl):
    opened = grpcurl.call(daemon.address, f"{SERVICE}/OpenSession", {"environment": NUMPY})
    return opened["session"]


def responses(text):
    """The JSON messages that grpcurl printed one after the other."""
    decoder, found = json.JSONDecoder(), []
    while text := text.lstrip():
        message, end = decoder.raw_decode(text)
        found.append(message)
        text = text[end:]
    return found


def stream(grpcurl, daemon, method, *requests):
    """All responses of a streaming RPC."""
    text = "\n".join(json.dumps(request) for request in requests)
    done = grpcurl.run(
        *("-format-error", "-max-msg-sz", str(32 << 20), "-d", "@"),
        *(daemon.address, f"{SERVICE}/{method}"),
        text=text,
    )
    if done.returncode != 0:
        raise RpcError(json.loads(done.stderr))
    return responses(done.stdout)


def fetch(grpcurl, daemon, request):
    """The bytes of the whole Value, and the responses they came in."""
    chunks = stream(grpcurl, daemon, "Fetch", request)
    data = b"".join(base64.b64decode(chunk["chunk"]) for chunk in chunks)
    assert len(data) == int(chunks[0]["total_bytes"])
    offset = 0
    for chunk in chunks:
        assert int(chunk.get("offset", 0)) == offset
        offset += len(base64.b64decode(chunk["chunk"]))
    return data, chunks


def put(grpcurl, daemon, data, size, **routing):
    """The one response of a Put in chunks of `size`."""
    requests = []
    for offset in range(0, len(data), size):
        chunk = base64.b64encode(data[offset : offset + size]).decode()
        requests.append({"total_bytes": len(data), "offset": offset, "chunk": chunk})
    requests[0] |= routing
    (response,) = stream(grpcurl, daemon, "Put", *requests)
    return response


def value_of_bytes(content):
    """The serialized message Value with `bytes_value`."""
    length, rest = bytearray(), len(content)
    while rest >= 128:
        length.append(rest & 127 | 128)
        rest >>= 7
    return b"\x32" + bytes([*length, rest]) + content


def call(grpcurl, daemon, session, path, *args):
    request = {
        "session": session,
        "target": {"module": path.rpartition(".")[0], "path": path.rpartition(".")[2]},
        "args": list(args),
        "want": "WANT_JSON",
    }
    return grpcurl.call(daemon.address, f"{SERVICE}/Call", request)["outcome"]["json"]


CONTENT = bytes(range(256)) * 20_000


def test_what_is_put_is_an_argument_of_the_next_call(daemon, grpcurl, session):
    response = put(grpcurl, daemon, value_of_bytes(CONTENT), 1_000_000, session=session)
    handle = response["outcome"]["value"]["handle"]
    name = {"handle": {"id": handle["id"], "epoch": handle["epoch"]}}
    assert call(grpcurl, daemon, session, "builtins.len", name) == len(CONTENT)
    assert call(grpcurl, daemon, session, "zlib.crc32", name) == zlib.crc32(CONTENT)
    target = {"handle": name["handle"]}
    data, chunks = fetch(grpcurl, daemon, {"session": session, "target": target})
    assert data == value_of_bytes(CONTENT)
    assert len(chunks) == 5


def test_an_array_goes_out_and_comes_back(daemon, grpcurl, session):
    request = {
        "session": session,
        "target": {"module": "numpy", "path": "arange"},
        "json_args": [500_000],
    }
    made = grpcurl.call(daemon.address, f"{SERVICE}/Call", request)
    handle = made["outcome"]["value"]["handle"]
    name = {"handle": {"id": handle["id"], "epoch": handle["epoch"]}}
    data, chunks = fetch(
        grpcurl, daemon, {"session": session, "target": name, "max_bytes": 300_000}
    )
    assert len(chunks) == 14
    again = put(grpcurl, daemon, data, 700_000, session=session)["outcome"]["value"]["handle"]
    assert again["tensor"] == {"typestr": "<i8", "shape": ["500000"]}
    same = {"handle": {"id": again["id"], "epoch": again["epoch"]}}
    assert call(grpcurl, daemon, session, "numpy.array_equal", name, same) is True


def test_without_a_session_a_fetch_leaves_none_and_a_put_names_one(daemon, grpcurl):
    request = {
        "environment": NUMPY,
        "target": {"module": "string", "path": "printable"},
        "max_bytes": 10,
    }
    data, chunks = fetch(grpcurl, daemon, request)
    assert data[2:] == string.printable.encode()
    assert len(chunks) == 11
    assert not any("session" in chunk.get("info", {}) for chunk in chunks)
    response = put(grpcurl, daemon, value_of_bytes(CONTENT), 1_000_000, environment=NUMPY)
    handle = response["outcome"]["value"]["handle"]
    name = {"handle": {"id": handle["id"], "epoch": handle["epoch"]}}
    session = response["info"]["session"]
    assert call(grpcurl, daemon, session, "builtins.len", name) == len(CONTENT)


def test_errors_name_what_is_wrong(daemon, grpcurl, session):
    request = {"session": session, "target": {"module": "sys", "path": "modules"}}
    with pytest.raises(RpcError) as caught:
        fetch(grpcurl, daemon, request)
    assert caught.value.reason == "NOT_BY_VALUE"
    data = value_of_bytes(CONTENT)
    chunk = base64.b64encode(data[:1000]).decode()
    first = {"session": session, "total_bytes": len(data), "chunk": chunk}
    for second, field in (
        ({**first, "offset": 999}, "offset"),
        ({**first, "offset": 1000, "total_bytes": 5}, "total_bytes"),
    ):
        del second["session"]
        with pytest.raises(RpcError) as caught:
            stream(grpcurl, daemon, "Put", first, second)
        assert caught.value.reason == "INVALID_REQUEST"
        assert caught.value.info["metadata"]["field"] == field
    with pytest.raises(RpcError) as caught:
        stream(grpcurl, daemon, "Put", first)
    assert caught.value.info["metadata"]["field"] == "total_bytes"


def test_a_client_that_goes_gives_the_transfer_back(daemon, grpcurl, session):
    code = (
        "import array, weakref\n"
        "data = array.array('B', bytes(200_000_000))\n"
        "watch = weakref.ref(data)"
    )
    call(grpcurl, daemon, session, "builtins.exec", *run_in_main(grpcurl, daemon, session, code))
    request = {"session": session, "target": {"module": "__main__", "path": "data"}}
    reader = subprocess.Popen(
        [
            *(grpcurl.binary, "-plaintext", "-d", json.dumps(request)),
            *(daemon.address, f"{SERVICE}/Fetch"),
        ],
        stdout=subprocess.PIPE,
    )
    assert reader.stdout.read(1000)
    reader.kill()
    reader.stdout.close()
    reader.wait()
    code = "del data"
    call(grpcurl, daemon, session, "builtins.exec", *run_in_main(grpcurl, daemon, session, code))
    for _ in range(100):
        gone = {
            "session": session,
            "target": {"module": "__main__", "path": "watch"},
            "want": "WANT_STR",
        }
        answer = grpcurl.call(daemon.address, f"{SERVICE}/Call", gone)
        if answer["outcome"]["value"]["string_value"] == "None":
            return
    pytest.fail("the transfer still holds the data")


def run_in_main(grpcurl, daemon, session, code):
    """The arguments of exec() for statements in the worker's __main__."""
    request = {
        "session": session,
        "target": {"module": "__main__", "path": "__dict__"},
        "want": "WANT_HANDLE",
    }
    found = grpcurl.call(daemon.address, f"{SERVICE}/GetAttr", request)
    handle = found["outcome"]["value"]["handle"]
    return {"string_value": code}, {"handle": {"id": handle["id"], "epoch": handle["epoch"]}}
