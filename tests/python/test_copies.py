"""What crosses by copy is a copy, and nothing else of this process is there."""

import pytest

import envknit


def test_a_copied_argument_is_a_snapshot(lib):
    values = [1, [2], {"k": [3]}]
    lib.remember(values)
    values[1].append(9)
    values[2]["k"].clear()
    assert lib.recall()[-1] == [1, [2], {"k": [3]}]


def test_a_copied_result_is_a_snapshot(lib):
    lib.remember([1])
    came = lib.recall()
    came[-1].append(2)
    assert lib.recall()[-1] == [1]


def test_a_copied_array_is_a_snapshot_both_ways(numpy2):
    local = bytearray(b"abc")
    there = numpy2.asarray(memoryview(local))
    local[0] = 0
    assert there.tolist() == list(b"abc")
    view = memoryview(there)
    there[1] = 7
    assert view.tolist() == list(b"abc")


def test_user_code_has_no_stdin(lib):
    assert lib.sys.stdin.read() == ""


def test_up_to_15_mib_come_by_value_and_more_stays(lib):
    edge = 15 * 2**20
    by_value = lib.large.block(edge - 256)
    assert type(by_value) is bytes
    stays = lib.large.block(edge)
    assert "remote builtins.bytes" in repr(stays)
    assert len(stays) == edge
    assert envknit.fetch(stays) == by_value + bytes(range(256))


def test_names_beyond_what_an_import_lists_are_asked_for(lib):
    many = lib.many
    assert (many.name_0, many.name_4999) == (0, 4999)
    assert many.zzz_last() == "called"
    assert not hasattr(many, "name_5000")
    with pytest.raises(AttributeError, match="name_5000"):
        _ = many.name_5000
