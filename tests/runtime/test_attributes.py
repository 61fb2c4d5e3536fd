"""Setting and deleting attributes: on objects of the session, never on modules."""

import frames
import pytest
from caller import FailedError, RaisedError, from_value, to_value
from protocol import message

CODE = """
class Point:
    def __init__(self): self.x = 1
    @property
    def fixed(self): return 7
    @property
    def loud(self): return 1
    @loud.setter
    def loud(self, value): raise KeyError(value)
    @loud.deleter
    def loud(self): raise IndexError("gone")
point = Point()
nested = [point]
"""


@pytest.fixture
def points(worker):
    worker.run(CODE)
    return worker


def change(worker, target, name, *value, **options):
    kind, title = (
        (frames.SET_ATTR, "SetAttrRequest") if value else (frames.DEL_ATTR, "DelAttrRequest")
    )
    request = message(title)(name=name)
    request.target.CopyFrom(worker.request(target, **options).target)
    if value:
        request.value.CopyFrom(to_value(value[0]))
    return worker.outcome(worker.reply(worker.send(kind, request)))


@pytest.mark.parametrize(
    ("target", "read"), [("__main__:point", "__main__:point"), ("__main__:Point", "__main__:Point")]
)
def test_sets_and_deletes(points, target, read):
    assert from_value(change(points, target, "label", {"a": [1, None]}).value) is None
    assert points.get(f"{read}.label") == {"a": [1, None]}
    assert from_value(change(points, target, "label").value) is None
    with pytest.raises(RaisedError) as raised:
        points.get(f"{read}.label")
    assert raised.value.remote.type == "AttributeError"


def test_a_handle_becomes_the_identical_object(points):
    handle = points.get("__main__:point")
    change(points, (handle, ""), "myself", handle)
    assert points.call("operator:is_", handle, points.get((handle, "myself"))) is True


def test_steps_lead_to_the_object(points):
    change(points, "__main__:nested", "x", 5, steps=((0,),))
    assert points.get("__main__:point.x") == 5


def test_a_dot_in_the_name_is_part_of_it(points):
    change(points, "__main__:point", "a.b", 1)
    assert points.call("builtins:getattr", points.get("__main__:point"), "a.b") == 1


@pytest.mark.parametrize(
    ("name", "value", "kind"),
    [
        ("fixed", (1,), "AttributeError"),
        ("loud", ("k",), "KeyError"),
        ("loud", (), "IndexError"),
        ("nope", (), "AttributeError"),
    ],
)
def test_what_it_raises_is_in_the_outcome(points, name, value, kind):
    with pytest.raises(RaisedError) as raised:
        change(points, "__main__:point", name, *value)
    assert raised.value.remote.type == kind


@pytest.mark.parametrize("value", [(1,), ()])
def test_modules_are_refused(points, value):
    points.run("import math, sys; sys.modules['posing'] = point; alias = math")
    handle = points.get("__main__:alias", want="handle")
    targets = [("math:", "math"), ("__main__:alias", "math"), ((handle, ""), "math")]
    for target, title in [*targets, ("posing:", "posing")]:
        with pytest.raises(FailedError) as refused:
            change(points, target, "x", *value)
        assert refused.value.reason == "ATTRIBUTE_DENIED"
        assert refused.value.failure.code == 7
        assert refused.value.metadata == {"module": title, "attribute": "x"}
        assert f"attribute 'x' of module '{title}'" in refused.value.failure.message
    assert points.get("__main__:point.x") == 1


@pytest.mark.parametrize(
    ("kind", "fields", "field"),
    [
        (frames.SET_ATTR, {"target": {"module": "m"}, "value": {"int_value": 1}}, "name"),
        (frames.SET_ATTR, {"target": {"module": "m"}, "name": "x"}, "value"),
        (frames.SET_ATTR, {"name": "x", "value": {"int_value": 1}}, "target"),
        (frames.DEL_ATTR, {"target": {"module": "m"}}, "name"),
        (frames.DEL_ATTR, {"name": "x"}, "target"),
        (
            frames.SET_ATTR,
            {"target": {"module": "__main__", "path": "point"}, "name": "x", "value": {}},
            "value",
        ),
    ],
)
def test_malformed_requests_name_the_field(points, kind, fields, field):
    title = "SetAttrRequest" if kind == frames.SET_ATTR else "DelAttrRequest"
    request = message(title)(**fields)
    with pytest.raises(FailedError) as refused:
        points.outcome(points.reply(points.send(kind, request)))
    assert refused.value.reason == "INVALID_REQUEST"
    assert refused.value.metadata["field"] == field


@pytest.mark.parametrize("kind", [frames.SET_ATTR, frames.DEL_ATTR, frames.DESCRIBE])
@pytest.mark.parametrize("payload", [b"\xff\xff", b"\x4a\x05x", b"\x4a\x02\x0a\x09", b"\x52"])
def test_garbage_is_an_invalid_request(worker, kind, payload):
    with pytest.raises(FailedError) as refused:
        worker.outcome(worker.reply(worker.send(kind, payload)))
    assert refused.value.reason == "INVALID_REQUEST"
