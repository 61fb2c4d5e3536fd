"""How many calls the server counts for what a program writes."""

import contextlib
import inspect

import grpc
import pytest


def varint(data, at):
    value = shift = 0
    while True:
        value |= (data[at] & 0x7F) << shift
        at += 1
        if data[at - 1] < 0x80:
            return value, at
        shift += 7


def fields(data):
    """The fields of a message: (number, value), with bytes for nested ones."""
    at = 0
    while at < len(data):
        tag, at = varint(data, at)
        value, at = varint(data, at)
        if tag & 7 == 2:
            value, at = data[at : at + value], at + value
        yield tag >> 3, value


class CallCounter:
    """Reads GetServerInfo.calls of a server."""

    def __init__(self, channel):
        self._info = channel.unary_unary("/envknit.v1.AdminService/GetServerInfo")

    def read(self):
        counted = {}
        for number, value in fields(self._info(b"")):
            if number == 9:
                entry = dict(fields(value))
                counted[entry[1].decode()] = entry.get(2, 0)
        return counted

    @contextlib.contextmanager
    def expect(self, **calls):
        before = self.read()
        yield
        after = self.read()
        grown = {name: after[name] - before.get(name, 0) for name in after}
        # Nobody waits for releases, and they come in batches of their own time.
        grown.pop("Release", None)
        assert {name: count for name, count in grown.items() if count} == calls


@pytest.fixture
def counter(daemon):
    with grpc.insecure_channel(daemon.address) as channel:
        yield CallCounter(channel)


def test_a_function_is_one_round_trip(counter, numpy1):
    with counter.expect(Call=1):
        numpy1.zeros(3)


def test_a_function_of_a_submodule_is_one_round_trip(counter, numpy1):
    with counter.expect(Call=1):
        numpy1.linalg.norm([3, 4])


def test_looking_at_callables_and_submodules_asks_nothing(counter, numpy1):
    with counter.expect():
        assert callable(numpy1.zeros)
        assert numpy1.linalg.norm
        assert "zeros" in dir(numpy1)
        assert "numpy" in repr(numpy1)


def test_dir_asks_once_for_what_only_the_worker_knows(counter, numpy1):
    array = numpy1.arange(4)
    with counter.expect(Describe=1):
        assert "shape" in dir(array)
    with counter.expect(Describe=1):
        assert "mean" in dir(numpy1.ndarray)


def test_a_signature_and_a_docstring_are_one_round_trip_each(counter, numpy1):
    with counter.expect(Describe=1):
        assert str(inspect.signature(numpy1.zeros)).startswith("(shape, ")
    with counter.expect(GetAttr=1):
        assert "zeros" in inspect.getdoc(numpy1.zeros)


def test_names_by_which_tools_probe_ask_nothing(counter, numpy1):
    array, svd = numpy1.arange(4), numpy1.linalg.svd
    with counter.expect():
        for proxy in (numpy1, numpy1.ndarray, svd, array):
            for name in ("_repr_html_", "_ipython_display_", "_repr_pretty_", "__wrapped__"):
                assert not hasattr(proxy, name)
            assert repr(proxy)
        assert not hasattr(svd, "_partialmethod")
        assert not hasattr(svd, "_is_coroutine")
        assert inspect.isroutine(svd)


def test_setting_and_deleting_are_one_round_trip_each(counter, lib):
    thing = lib.make_thing()
    with counter.expect(SetAttr=1):
        thing.size = 7
    with counter.expect(DelAttr=1):
        del thing.size


def test_a_method_is_one_round_trip(counter, numpy1):
    array = numpy1.arange(4)
    with counter.expect(Call=1):
        array.sum()


def test_an_operator_is_one_round_trip(counter, numpy1):
    array = numpy1.arange(4)
    with counter.expect(Call=3):
        array + 1
        array[1:3]
        len(array)


def test_unpacking_a_tuple_of_arrays_is_one_round_trip(counter, numpy1):
    with counter.expect(Call=1):
        _fractions, _wholes = numpy1.modf([1.5, 2.5])


def test_unpacking_a_named_tuple_is_one_round_trip(counter, numpy2):
    with counter.expect(Call=1):
        result = numpy2.linalg.svd([[1.0, 0.0], [0.0, 2.0]])
        _u, s, vt = result
        assert len(result) == 3
        assert result[1] is s
        assert result[-2:] == (s, vt)
        assert list(result)[2] is vt
    with counter.expect(GetAttr=1, Call=1):
        assert numpy2.array_equal(result.S, s)


def test_data_is_fetched_each_time(counter, numpy1):
    with counter.expect(GetAttr=3):
        assert numpy1.pi == numpy1.pi
        assert numpy1.__version__ == "1.26.4"


def test_an_attribute_of_an_object_is_one_round_trip(counter, numpy1):
    array = numpy1.arange(4)
    with counter.expect(GetAttr=1):
        assert array.shape == (4,)


def test_a_class_as_an_argument_is_asked_for_once(counter, numpy1):
    with counter.expect(GetAttr=1, Call=2):
        numpy1.zeros(1, dtype=numpy1.int8)
        numpy1.zeros(1, dtype=numpy1.int8)


def test_a_second_block_imports_again_but_opens_nothing(counter, numpy1, lock_file):
    import envknit

    with counter.expect(Import=1), envknit.worker("numpy", "1.26.4"):
        pass


def test_a_class_method_is_one_round_trip_once_the_class_is_known(counter, lib):
    with counter.expect(GetAttr=1, Call=1):
        lib.Thing.of_text("four")
    with counter.expect(Call=1):
        lib.Thing.of_text("five")
