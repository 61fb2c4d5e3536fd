"""Iteration over remote objects: what is taken, when, and in how many round trips."""

import grpc
import pytest
from conftest import wait_until
from test_round_trips import CallCounter

import envknit
from envknit import DeadlineError, RemoteError


@pytest.fixture
def counter(daemon):
    with grpc.insecure_channel(daemon.address) as channel:
        yield CallCounter(channel)


@pytest.fixture
def things(lib):
    return lib.iterables


def test_next_of_a_generator_is_one_call_and_one_item(things, counter):
    generator = things.numbers(3)
    with counter.expect(Next=1):
        assert next(generator) == 0
    assert things.taken == [0]
    with counter.expect(Next=2):
        assert next(generator) == 1
        assert next(generator) == 2
    assert things.taken == [0, 1, 2]
    with pytest.raises(StopIteration):
        next(generator)
    assert next(generator, "end") == "end"


def test_a_generator_is_never_run_ahead(things):
    seen = []
    for number in things.numbers(100):
        seen.append(number)
        assert things.taken == seen
        if number == 3:
            break
    assert things.taken == [0, 1, 2, 3]


def test_unsized_iterables_are_not_run_ahead_either(things, counter):
    unsized = things.Unsized()
    with counter.expect(Call=1):
        iterator = iter(unsized)
    assert things.taken == []
    with counter.expect(Next=1):
        assert next(iterator) == 0
    assert things.taken == [0]
    assert list(iterator) == [1, 2, 3, 4]


def test_containers_come_in_growing_chunks(things, counter):
    shelf = things.shelf(25)
    with counter.expect(Next=1):
        iterator = iter(shelf)
        assert [next(iterator) for _ in range(10)] == list(range(10))
    assert len(things.taken) == 10
    with counter.expect(Next=1):
        assert next(iterator) == 10
    # Ten and then twenty, of which fifteen were there.
    assert len(things.taken) == 25
    with counter.expect():
        assert list(iterator) == list(range(11, 25))
    assert things.Shelf.made == 1


def test_a_large_container_takes_few_calls(things, counter):
    shelf = things.shelf(5000)
    # 10, 20, 40 … 640, then four times 1,000.
    with counter.expect(Next=11):
        assert sum(1 for _ in shelf) == 5000


def test_leaving_the_loop_early_releases_the_iterator(things):
    shelf = things.shelf(100)
    for _ in shelf:
        break
    wait_until(lambda: things.closed, "the iterator is gone")
    assert things.closed == [10]
    for number in things.numbers(100):
        if number == 2:
            break
    wait_until(lambda: len(things.closed) == 2, "the generator is gone")
    assert things.closed == [10, 13]


def test_the_worker_is_free_between_two_items(lib, things):
    assert [lib.echo(number) for number in things.shelf(3)] == [[0], [1], [2]]
    assert [lib.echo(number) for number in things.numbers(3)] == [[0], [1], [2]]


def test_a_chunk_of_slow_items_is_no_longer_than_the_timeout(fresh_worker):
    with fresh_worker(3.0) as lib:
        # Eight of them take more than three seconds.
        assert list(lib.iterables.slow_shelf(8)) == list(range(8))


def test_two_iterations_at_once(things):
    shelf = things.shelf(3)
    assert [(a, b) for a in shelf for b in shelf] == [(a, b) for a in range(3) for b in range(3)]
    assert list(zip(things.numbers(2), shelf, strict=False)) == [(0, 0), (1, 1)]


def test_exceptions_come_after_the_items_before_them(things):
    for iterable in (things.brittle(9), iter(things.brittle(9))):
        seen = []
        with pytest.raises(LookupError, match="broken shelf") as raised:
            seen.extend(item for item in iterable)
        assert seen == [0, 1, 2]
        assert isinstance(raised.value, RemoteError)
    generator = things.fail_after(1)
    assert next(generator) == 0
    with pytest.raises(KeyError):
        next(generator)
    with pytest.raises(StopIteration):
        next(generator)


def test_iter_itself_may_raise(things):
    with pytest.raises(ValueError, match="not today"):
        iter(things.Unwilling())
    with pytest.raises(TypeError):
        iter(things.Row(1))


def test_what_a_generator_returns_is_kept(things):
    def delegate():
        result = yield from things.numbers(2, {"sum": 1})
        yield result

    assert list(delegate()) == [0, 1, {"sum": 1}]
    with pytest.raises(StopIteration) as end:
        next(things.numbers(0, "value"))
    assert end.value.value == "value"


def test_items_that_are_no_data_are_proxies(things):
    assert [row.number for row in things.plain_list_of_rows(12)] == list(range(12))
    mapping = things.mapping(11)
    assert list(mapping) == [f"k{number}" for number in range(11)]
    assert {key: row.number for key, row in mapping.items()} == {
        f"k{number}": number for number in range(11)
    }
    assert [row.number for row in mapping.values()] == list(range(11))
    assert "k3" in mapping.keys()  # noqa: SIM118 - the view is what is tested


def test_unpacking_sum_and_membership(things, counter):
    with counter.expect(Call=1, Next=1):
        first, *rest = things.shelf(4)
    assert (first, rest) == (0, [1, 2, 3])
    a, b, c = things.numbers(3)
    assert (a, b, c) == (0, 1, 2)
    assert sum(things.shelf(5)) == 10
    assert max(things.numbers(5)) == 4
    with counter.expect(Call=2):
        assert 3 in things.numbers(5)
    with counter.expect(Call=2):
        assert "b" in things.OldSequence()
    assert 7 not in things.shelf(5)


def test_reversed(things, counter):
    shelf = things.shelf(15)
    with counter.expect(Call=1, Next=2):
        assert list(reversed(shelf)) == list(range(15))[::-1]
    assert list(reversed(things.mapping(2))) == ["k1", "k0"]
    with pytest.raises(TypeError):
        reversed(things.numbers(2))


def test_objects_with_only_getitem(things):
    assert list(things.OldSequence()) == ["a", "b", "c"]
    a, _b, c = things.OldSequence()
    assert (a, c) == ("a", "c")


def test_classes_that_can_be_iterated(things):
    assert [color.value for color in things.colors()] == [1, 2]


def test_files_give_lines(lib, tmp_path):
    (tmp_path / "lines").write_text("one\ntwo\nthree\n")
    file = lib.iterables.open_file(str(tmp_path / "lines"))
    assert next(file) == "one\n"
    assert list(file) == ["two\n", "three\n"]
    file.close()
    with pytest.raises(ValueError, match="closed"):
        next(file)


def test_methods_of_generators(things):
    generator = things.echoing()
    assert next(generator) == "ready"
    assert generator.send(5) == 5
    assert generator.throw(things.value_error("x")) == "caught x"
    assert generator.close() is None
    with pytest.raises(StopIteration):
        next(generator)


def test_an_iterator_that_was_interrupted_says_so(lib, again, fresh_worker):
    context = fresh_worker()
    with context as lib, again(context, 1.5) as hasty:
        generator = hasty.iterables.hang_after(1)
        assert next(generator) == 0
        with pytest.raises(DeadlineError):
            next(generator)
        for use in (next, list, lib.echo):
            with pytest.raises(RuntimeError, match="was interrupted"):
                use(generator)
        assert "hang_after" in str(generator)
        assert "builtins.generator" in repr(generator)
        generator.close()
        assert lib.echo(1) == [1]


def test_an_object_that_also_has_next_survives_a_deadline(again, fresh_worker):
    context = fresh_worker()
    with context, again(context, 1.5) as hasty:
        cursor = hasty.iterables.Cursor()
        with pytest.raises(DeadlineError):
            cursor.execute_for(600)
        assert cursor.fetch() == "row"
        assert str(cursor) == "a cursor"
        assert next(cursor) == "row"
        with pytest.raises(DeadlineError):
            hasty.iterables.wait_with(cursor)
        with pytest.raises(RuntimeError, match="this Cursor was interrupted"):
            next(cursor)
        assert cursor.fetch() == "row"
        assert str(cursor) == "a cursor"


def test_ctrl_c_ends_the_iterator_not_the_block(client):
    process = client(
        """
import signal, threading
with envknit.worker("worklib", "1", PACKAGES) as lib:
    generator = lib.iterables.hang_after(1)
    show(next(generator))
    threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
    try:
        next(generator)
    except KeyboardInterrupt:
        show("interrupted")
    try:
        next(generator)
    except RuntimeError as error:
        show(str(error))
    show(lib.echo(1))
"""
    )
    code, shown, errors = process.end()
    assert code == 0, errors
    assert shown[:2] == [0, "interrupted"]
    assert "was interrupted" in shown[2]
    assert shown[3] == [1]


def test_items_must_be_data_where_results_are_copies(fresh_worker):
    with fresh_worker(results="copy") as lib:
        assert list(lib.iterables.FIGURES) == [1, 2.5, "x"]
        with pytest.raises(TypeError, match=r"Row can't be copied"):
            list(lib.iterables.ROWS)


def test_arrays(numpy1, counter):
    rows = numpy1.arange(24).reshape(12, 2)
    # list() asks for the length, too.
    with counter.expect(Call=1, Next=2):
        views = list(rows)
    with counter.expect(Call=12):
        assert [int(row.sum()) for row in views] == list(range(1, 48, 4))
    assert list(numpy1.arange(3.0)) == [0.0, 1.0, 2.0]
    for number in numpy1.arange(2):
        assert numpy1.add(number, 1) == number + 1
    with pytest.raises(TypeError):
        iter(numpy1.array(1.0))


def test_proxies_of_iterators_are_iterators(things):
    from collections.abc import Iterable, Iterator

    assert isinstance(things.numbers(1), Iterator)
    assert isinstance(things.shelf(1), Iterable)
    assert not isinstance(things.shelf(1), Iterator)
    assert not isinstance(things.Row(1), Iterable)
    assert envknit.worker.__doc__
