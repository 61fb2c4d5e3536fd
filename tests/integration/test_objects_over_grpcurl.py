"""Describe, SetAttr and DelAttr as people call them."""

import pytest
from grpcurl import SERVICE, RpcError

NUMPY = {"package": {"name": "numpy", "version": "1.26.4"}}


def ask(daemon, grpcurl, method, **request):
    return grpcurl.call(daemon.address, f"{SERVICE}/{method}", request)


def test_describe_tells_how_to_call_it(daemon, grpcurl):
    target = {"module": "numpy", "path": "linalg.svd"}
    description = ask(daemon, grpcurl, "Describe", environment=NUMPY, target=target)["description"]
    assert description["kind"] == "NAME_KIND_CALLABLE"
    assert description["module"] == "numpy.linalg"
    assert description["qualname"] == "svd"
    assert description["doc"].startswith("Singular Value Decomposition.")
    signature = description["signature"]
    assert signature["text"] == "(a, full_matrices=True, compute_uv=True, hermitian=False)"
    assert signature["parameters"][0] == {"name": "a", "kind": "KIND_POSITIONAL_OR_KEYWORD"}
    assert signature["parameters"][1] == {
        "name": "full_matrices",
        "kind": "KIND_POSITIONAL_OR_KEYWORD",
        "has_default": True,
        "default_value": {"bool_value": True},
    }


def test_describe_needs_no_handle_for_what_a_module_holds(daemon, grpcurl):
    target = {"module": "numpy", "path": "pi"}
    found = ask(daemon, grpcurl, "Describe", environment=NUMPY, target=target, repr=True)
    assert found["description"]["repr"] == "3.141592653589793"
    assert found["description"]["type"]["name"] == "float"
    assert "session" not in found.get("info", {})


def test_describe_of_what_is_not_there(daemon, grpcurl):
    target = {"module": "numpy", "path": "nope"}
    found = ask(daemon, grpcurl, "Describe", environment=NUMPY, target=target)
    assert found["outcome"]["exception"]["type"] == "AttributeError"
    assert "description" not in found


def test_attributes_of_an_object_of_the_session(daemon, grpcurl):
    made = grpcurl.call_python(
        daemon.address, "types", "SimpleNamespace", want="WANT_AUTO", json_kwargs={"a": 1}
    )
    session = made["info"]["session"]
    target = {"handle": made["outcome"]["value"]["handle"]}
    asked = {"session": session, "target": target}
    done = ask(daemon, grpcurl, "SetAttr", **asked, name="b", value={"stringValue": "x"})
    assert done["outcome"] == {"value": {"none": {}}}
    assert ask(daemon, grpcurl, "DelAttr", **asked, name="a")["outcome"] == {"value": {"none": {}}}
    found = ask(daemon, grpcurl, "Describe", **asked, repr=True)["description"]
    assert found["repr"] == "namespace(b='x')"
    assert found["names"] == [{"name": "b", "kind": "NAME_KIND_DATA"}]
    gone = ask(daemon, grpcurl, "DelAttr", **asked, name="a")
    assert gone["outcome"]["exception"]["type"] == "AttributeError"


@pytest.mark.parametrize(
    ("method", "fields"), [("SetAttr", {"value": {"intValue": "3"}}), ("DelAttr", {})]
)
def test_modules_are_not_changed(daemon, grpcurl, method, fields):
    target = {"module": "numpy", "path": "linalg"}
    with pytest.raises(RpcError) as caught:
        ask(daemon, grpcurl, method, environment=NUMPY, target=target, name="svd", **fields)
    assert caught.value.code == 7
    assert caught.value.reason == "ATTRIBUTE_DENIED"
    assert caught.value.info["metadata"]["attribute"] == "svd"
    assert caught.value.info["metadata"]["module"] == "numpy.linalg"
