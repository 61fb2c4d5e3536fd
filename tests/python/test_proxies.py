"""Module proxies, callables and remote objects behave like what they stand for."""

import copy
import gc
import pickle

import pytest
from conftest import wait_until

import envknit
from envknit.isolation.worker import CallProxy, ModuleProxy


def test_a_module_shows_its_public_names(lib):
    assert isinstance(lib, ModuleProxy)
    assert "echo" in dir(lib)
    assert "things" in dir(lib)
    assert isinstance(lib.echo, CallProxy)
    assert isinstance(lib.things, ModuleProxy)
    assert lib.things.make_thing(2).size == 2


def test_data_of_a_module_is_never_cached(lib):
    assert lib.version_info == [1, 0]
    assert lib.remembered == []
    lib.remember("x")
    assert lib.remembered == ["x"]


@pytest.mark.parametrize("name", ["__version__", "__name__", "__doc__", "__file__", "__all__"])
def test_metadata_dunders_are_fetched(lib, name):
    assert getattr(lib, name)


@pytest.mark.parametrize("name", ["__class__", "__dict__", "__wrapped__", "__len__", "__init__"])
def test_other_dunders_of_a_module_are_attribute_errors(lib, name):
    with pytest.raises(AttributeError):
        getattr(lib, name)


def test_proxies_can_not_be_pickled(lib):
    for proxy in (lib, lib.echo, lib.make_thing()):
        with pytest.raises(TypeError, match="can't pickle <remote"):
            pickle.dumps(proxy)
        with pytest.raises(TypeError, match="can't pickle <remote"):
            copy.copy(proxy)
    for iterator in (iter(lib.make_thing()), iter(lib.count_down(3))):
        with pytest.raises(TypeError, match=r"can't pickle .*remote.*: it lives in a worker"):
            pickle.dumps(iterator)


def test_proxies_show_where_they_live(lib):
    assert "remote module worklib in worklib 1.0" in repr(lib)
    assert "remote callable worklib.echo" in repr(lib.echo)
    assert "remote class worklib.Thing" in repr(lib.Thing)
    assert "remote worklib.things.Thing" in repr(lib.make_thing())


def test_attributes_methods_and_properties(lib):
    thing = lib.make_thing(3)
    assert thing.size == 3
    assert thing.double == 6
    assert thing.kind == "thing"
    assert thing.grow(by=2).size == 5
    assert "grow" in dir(thing)


def test_class_methods_and_static_data(lib):
    assert lib.Thing.of_text("four").size == 4
    assert lib.Thing.kind == "thing"
    assert isinstance(lib.Thing(1), lib.Thing)
    assert not isinstance(lib.Meter(1), lib.Thing)


def test_containers(lib):
    thing = lib.make_thing(3)
    assert len(thing) == 3
    assert thing[1] == 1
    assert thing[-2:] == range(1, 3)
    assert 2 in thing
    assert 9 not in thing
    thing[0] = 5
    assert len(thing) == 5
    with pytest.raises(IndexError):
        thing[99]


def test_only_the_operators_of_the_type_are_there(lib):
    meter = lib.Meter(1)
    with pytest.raises(TypeError):
        len(meter)
    with pytest.raises(TypeError):
        meter * 2
    with pytest.raises(TypeError):
        iter(meter)
    assert not callable(meter)
    assert callable(lib.make_thing())


def test_arithmetic_from_both_sides(lib):
    meter = lib.Meter(40)
    assert meter + 2 == 42
    assert 2 + meter == 42
    assert meter + lib.Meter(2) == 42
    assert -meter == -40
    assert float(meter) == 40.0
    assert list(range(50))[meter] == 40
    with pytest.raises(TypeError, match="unsupported operand"):
        meter + "text"
    with pytest.raises(TypeError, match="unsupported operand"):
        meter + object()


def test_adding_in_place_keeps_the_object(lib):
    meter = first = lib.Meter(1)
    meter += 2
    assert first.value == 3
    assert lib.same(meter, first)


def test_comparison_and_hash(lib):
    one, two = lib.Meter(1), lib.Meter(2)
    assert one < two
    assert two > one
    assert one == lib.Meter(1)
    assert one != two
    assert one != object()
    assert hash(one) == hash(lib.Meter(1))
    thing = lib.make_thing()
    assert thing == thing.grow()
    assert thing != lib.make_thing()
    assert len({thing, thing.grow()}) == 1


def test_what_does_not_know_is_itself_all_the_same(lib):
    one, other, thing = lib.Undecided(), lib.Undecided(), lib.make_thing()
    again = lib.echo(one)[0]
    assert (one == again) is True
    assert (one != again) is False
    assert (one == other) is False
    assert (one != other) is True
    assert (thing == one) == "no thing"
    assert (one == thing) == "no thing"
    assert one in [other, again]


def test_names_are_what_they_name(lib, numpy1):
    thing = lib.make_thing()
    kind = thing.kind_of_it()
    for named in (lib.Thing, lib.things.Thing):
        assert kind == named
        assert named == kind
        assert (kind != named) is False
        assert hash(kind) == hash(named)
    assert kind != lib.Meter
    assert lib.Meter != kind
    assert {lib.Thing: 1}[kind] == {kind: 1}[lib.things.Thing] == 1
    float64 = numpy1.arange(3.0).dtype
    assert float64.type in (numpy1.float32, numpy1.float64)
    assert float64.type not in (numpy1.float32, numpy1.int64)
    # Its type knows more of it than identity.
    assert numpy1.float64 == float64
    assert numpy1.float32 != float64


def test_names_are_compared_with_names(lib, numpy1):
    assert numpy1.zeros == numpy1.zeros
    assert numpy1.zeros != numpy1.ones
    assert numpy1.add == numpy1.core.umath.add
    assert hash(numpy1.add) == hash(numpy1.core.umath.add)
    assert numpy1.linalg == numpy1.linalg != numpy1
    assert len({numpy1.linalg, numpy1, numpy1.zeros, numpy1.zeros}) == 3
    for local in (1, None, float, print):
        assert numpy1.zeros != local
    assert numpy1.zeros != lib.echo
    thing = lib.make_thing()
    assert thing.grow == thing.grow == lib.echo(thing)[0].grow
    assert hash(thing.grow) == hash(lib.echo(thing)[0].grow)
    assert thing.grow != lib.make_thing().grow


def test_truth(lib):
    assert lib.make_thing(3)
    assert not lib.make_thing(1)
    assert lib.Meter(0)


def test_calls(lib):
    assert lib.make_thing(3)(5) == 15
    assert list(map(lib.make_thing(2), [1, 2])) == [2, 4]


def test_iteration_leaves_the_worker_free_between_two_items(lib):
    collected = []
    for item in lib.count_down(3):
        collected.append(lib.echo(item))
    assert collected == [[3], [2], [1]]
    assert list(lib.make_thing(3)) == [0, 1, 2]
    first, *rest = lib.count_down(4)
    assert (first, rest) == (4, [3, 2, 1])


def test_callables_can_be_arguments(lib):
    assert lib.kind_of(lib.Thing) == "builtins.type"
    assert lib.kind_of(lib.things) == "builtins.module"
    assert lib.same(lib.echo, lib.echo)


def test_dropped_proxies_are_dropped_in_the_worker(lib):
    things = [lib.make_thing() for _ in range(50)]
    kept = things[0]
    del things
    gc.collect()
    wait_until(lambda: lib.Thing.dropped == 49, "49 objects were dropped")
    assert kept.size == 3


def test_an_object_given_twice_is_released_once_for_each(lib):
    thing = lib.make_thing()
    again = thing.grow()
    del again
    for _ in range(3):
        assert thing.size == 4
    assert lib.Thing.dropped == 0


def test_proxies_outlive_the_block(fresh_worker):
    with fresh_worker() as lib:
        thing = lib.make_thing(2)
    assert thing.grow().size == 3
    assert lib.echo(1) == [1]


def test_async_with_is_a_type_error(fresh_worker):
    async def body():
        async with fresh_worker():
            pass

    with pytest.raises(TypeError, match="async"):
        body().send(None)


def test_a_context_says_what_it_is(fresh_worker):
    assert "worklib" in repr(fresh_worker(timeout=2.5))
    assert "timeout=2.5 s" in repr(fresh_worker(timeout=2.5))
    assert envknit.worker.__doc__
