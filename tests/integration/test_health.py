import pytest
from grpcurl import ADMIN, RpcError

CHECK = "grpc.health.v1.Health/Check"


def test_server_is_healthy(daemon, grpcurl):
    assert grpcurl.call(daemon.address, CHECK)["status"] == "SERVING"


def test_unknown_name_is_not_found(daemon, grpcurl):
    with pytest.raises(RpcError) as caught:
        grpcurl.call(daemon.address, CHECK, {"service": "nope"})
    assert caught.value.code == 5


def test_each_environment_has_its_own_health(start_daemon, grpcurl, tmp_path):
    good = tmp_path / "good"
    good.mkdir()
    lock = tmp_path / "envknit.lock.yaml"
    lock.write_text(
        'schema_version: "1.0"\n'
        "environments:\n"
        f'  good: [{{name: a, version: "1", install_path: {good}}}]\n'
        f'  gone: [{{name: b, version: "1", install_path: {tmp_path}/missing}}]\n'
    )
    daemon = start_daemon("--lock", lock)
    daemon.wait_until_ready()
    status = {
        name: grpcurl.call(daemon.address, CHECK, {"service": name})["status"]
        for name in ("good", "gone")
    }
    assert status == {"good": "SERVING", "gone": "NOT_SERVING"}
    listed = grpcurl.call(daemon.address, f"{ADMIN}/ListEnvironments")["environments"]
    assert [e["name"] for e in listed] == ["good", "gone"]
    assert "missing" in listed[1]["problem"]
