"""Assigning to objects in a worker."""

import pytest

import envknit


def test_an_attribute_of_an_object_is_set_and_deleted(lib):
    shape = lib.Shape()
    shape.corners = 5
    shape.corners += 1
    assert shape.corners == 6
    shape.label = {"a": [1, 2]}
    assert shape.label == {"a": [1, 2]}
    del shape.label
    assert not hasattr(shape, "label")


def test_an_object_of_the_worker_arrives_as_itself(lib):
    shape, thing = lib.Shape(), lib.make_thing()
    shape.owner = thing
    assert lib.same(shape.owner, thing)
    shape.make = lib.make_thing
    assert shape.make(4).size == 4


def test_an_attribute_of_a_class_is_set_and_deleted(lib):
    lib.Shape.sides = 4
    assert lib.Square().sides == 4
    del lib.Shape.sides
    assert not hasattr(lib.Square(), "sides")


def test_a_documentation_is_set(lib):
    lib.Shape.__doc__ = "Another."
    assert lib.Shape.__doc__ == "Another."


def test_what_the_setter_raises_is_raised_here(lib):
    shape = lib.Shape()
    with pytest.raises(OverflowError, match="no area 3") as raised:
        shape.area = 3
    assert isinstance(raised.value, envknit.RemoteError)
    with pytest.raises(AttributeError) as missing:
        del shape.nope
    assert isinstance(missing.value, envknit.RemoteError)


def test_what_can_not_cross_is_named(lib):
    shape = lib.Shape()
    with pytest.raises(TypeError, match=r"value\[1\].*object"):
        shape.corners = [1, object()]
    assert shape.corners == 3


@pytest.mark.parametrize("name", ["x", "Shape", "__doc__", "__class__", "_envknit_context"])
def test_a_module_says_why_it_is_not_assigned_to(lib, name):
    for module in (lib, lib.things):
        with pytest.raises(AttributeError, match=r"lives in its worker.*call a function of it"):
            setattr(module, name, 1)
        with pytest.raises(AttributeError, match="lives in its worker"):
            delattr(module, name)
    assert lib.echo(1) == [1]


@pytest.mark.parametrize(
    "name", ["_envknit_handle", "_envknit_context", "_envknit_new", "__class__", "__dict__"]
)
def test_names_of_the_proxies_themselves_are_protected(lib, name):
    for proxy in (lib.Shape(), lib.Shape, lib.echo):
        with pytest.raises(AttributeError, match="can't set"):
            setattr(proxy, name, 1)
        with pytest.raises(AttributeError, match="can't delete"):
            delattr(proxy, name)
    assert lib.Shape().corners == 3


def test_an_object_of_a_lost_worker_is_not_set(lib):
    shape = lib.Shape()
    with pytest.raises(envknit.WorkerCrashed):
        lib.kill_myself()
    with pytest.warns(RuntimeWarning, match="replaced"):
        lib.echo(1)
    with pytest.raises(envknit.StaleHandleError):
        shape.corners = 1
    with pytest.raises(envknit.StaleHandleError):
        del shape.corners


def test_an_array_is_assigned_to(numpy1):
    array = numpy1.arange(6)
    array.shape = (2, 3)
    assert array.tolist() == [[0, 1, 2], [3, 4, 5]]
    with pytest.raises(ValueError, match="cannot reshape"):
        array.shape = (5,)


def test_a_dot_is_part_of_a_name(lib):
    space = lib.make_namespace({"a.b": 1, "a": lib.make_namespace({"b": 2})})
    assert getattr(space, "a.b") == 1
    assert space.a.b == 2
    setattr(space, "c.d", 3)
    setattr(space, "a.b", lib.echo)
    assert getattr(space, "c.d") == 3
    assert getattr(space, "a.b")(4) == [4]
    delattr(space, "c.d")
    assert not hasattr(space, "c.d")
    assert not hasattr(space, "a.nope")
    setattr(lib.Shape, "x.y", 5)
    assert getattr(lib.Shape, "x.y") == 5
    delattr(lib.Shape, "x.y")
    assert not hasattr(lib.Shape, "x.y")


def test_a_dot_is_part_of_a_name_of_a_module(lib, numpy1):
    assert not hasattr(numpy1, "linalg.norm")
    assert not hasattr(numpy1, "core.multiarray")
    assert not hasattr(numpy1.add, "reduce.__name__")
    assert numpy1.linalg.norm([3.0, 4.0]) == 5.0
    lib.things.set_name_of_this_module("one.two", 12)
    lib.things.set_name_of_this_module("three.four", lib.echo)
    assert getattr(lib.things, "one.two") == 12
    assert getattr(lib.things, "three.four")(1) == [1]


@pytest.mark.parametrize("name", ["", "\ud800", "a\udfff.b", "_\ud800"])
def test_what_is_no_name_is_an_attribute_error(lib, name):
    shape = lib.Shape()
    for proxy in (lib, lib.things, lib.echo, lib.Shape, shape, shape.scale):
        with pytest.raises(AttributeError):
            getattr(proxy, name)
        with pytest.raises(AttributeError):
            setattr(proxy, name, 1)
        with pytest.raises(AttributeError):
            delattr(proxy, name)
