"""What crosses by copy is a copy, and nothing else of this process is there."""


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
