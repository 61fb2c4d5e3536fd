"""Two numpys in one process, and the guide's examples on both."""

import math
import os

import pytest

import envknit


@pytest.fixture(params=["numpy1", "numpy2"])
def np(request):
    return request.getfixturevalue(request.param)


def test_two_versions_at_once(numpy1, numpy2):
    assert (numpy1.__version__, numpy2.__version__) == ("1.26.4", "2.2.6")
    assert numpy1.array([1, 2]).sum() == numpy2.array([1, 2]).sum() == 3
    assert numpy1.zeros(2).tolist() == numpy2.zeros(2).tolist()


def test_two_python_minors_under_one_daemon(environments, lock_file, numpy2):
    if not (environments / "other").is_dir():
        pytest.skip("a second Python minor is not on this machine")
    with envknit.worker("numpy", "2.2.6", env="other") as other:
        assert numpy2.arange(3).tolist() == other.arange(3).tolist()
        minors = {np.ctypeslib.os.sys.version_info[:2] for np in (numpy2, other)}
    assert len(minors) == 2


def test_creates_arrays_that_stay_in_the_worker(np):
    zeros = np.zeros(1000)
    assert len(zeros) == 1000
    assert zeros.shape == (1000,)
    assert str(zeros.dtype.name) == "float64"
    assert "numpy.ndarray shape=(1000,)" in repr(zeros)


def test_sums(np):
    assert np.sum(np.arange(100)) == 4950


def test_unpacks_a_tuple_of_arrays(np):
    u, s, vt = np.linalg.svd(np.random.randn(50, 50))
    assert (u.shape, s.shape, vt.shape) == ((50, 50), (50,), (50, 50))
    again = np.dot(u * s, vt)
    assert np.allclose(np.linalg.norm(again), np.linalg.norm(s)) is True


def test_takes_remote_arrays_inside_a_list(np):
    first, second = np.arange(3), np.arange(2)
    assert np.concatenate([first, second]).tolist() == [0, 1, 2, 0, 1]


def test_copies_with_tolist(np):
    assert np.arange(6).reshape(2, 3).tolist() == [[0, 1, 2], [3, 4, 5]]


def test_slices_and_indexes(np):
    array = np.arange(10)
    assert array[2:5].tolist() == [2, 3, 4]
    assert array[-1] == 9
    assert np.arange(6).reshape(2, 3)[1, ::2].tolist() == [3, 5]
    array[0] = 7
    assert array[0] == 7


def test_arithmetic_and_comparison(np):
    array = np.arange(3)
    assert (array + 1).tolist() == [1, 2, 3]
    assert (1 + array).tolist() == [1, 2, 3]
    assert (10 - array).tolist() == [10, 9, 8]
    assert (array * array).tolist() == [0, 1, 4]
    assert (-array).tolist() == [0, -1, -2]
    assert (array @ array) == 5
    assert (array > 0).tolist() == [False, True, True]
    array += 5
    assert array.tolist() == [5, 6, 7]


def test_iterates(np):
    assert list(np.arange(4)) == [0, 1, 2, 3]
    assert max(np.array([3.0, 5.0, 1.0])) == 5.0
    assert 2 in np.arange(3)


def test_says_that_an_array_has_no_single_truth(np):
    with pytest.raises(ValueError, match="ambiguous"):
        bool(np.arange(2))


def test_an_array_cannot_be_hashed(np):
    with pytest.raises(TypeError, match="unhashable"):
        hash(np.arange(2))


def test_takes_a_class_of_the_worker_as_an_argument(np):
    assert np.zeros(3, dtype=np.int8).dtype.name == "int8"
    assert np.array([1.5]).astype(np.int32).tolist() == [1]


def test_knows_the_classes_of_the_worker(np):
    array = np.arange(3)
    assert isinstance(array, np.ndarray)
    assert not isinstance(array, np.dtype)
    assert not isinstance([1], np.ndarray)
    with pytest.raises(TypeError, match="needs a class"):
        isinstance(array, np.zeros)


def test_reaches_methods_of_functions_and_classes(np):
    assert np.add.reduce([1, 2, 3]) == 6
    assert np.ndarray.__name__ == "ndarray"
    assert np.float64.fromhex("0x1p3") == 8.0


def test_gets_numbers_by_value(np):
    assert np.pi == math.pi
    assert type(np.sum([1, 2])) is int
    assert math.isnan(np.nan)
    assert np.linalg.norm([3, 4]) == 5.0


def test_takes_a_buffer_as_a_real_array(np):
    array = np.asarray(bytearray(b"\x01\x02"))
    assert isinstance(array, np.ndarray)
    assert array.tolist() == [1, 2]


def test_tells_the_own_errors_of_numpy(np):
    with pytest.raises(ValueError, match="could not be broadcast"):
        np.arange(3) + np.arange(4)
    with pytest.raises(envknit.RemoteError, match="LinAlgError") as raised:
        np.linalg.inv([[0.0, 0.0], [0.0, 0.0]])
    assert raised.value.remote_type == "numpy.linalg.LinAlgError"


def test_keeps_module_state_between_calls(np):
    np.random.seed(1)
    first = np.random.rand()
    np.random.seed(1)
    assert np.random.rand() == first


def test_the_client_needs_no_numpy_and_gets_none(np):
    import sys

    assert np.zeros(3).tolist() == [0.0, 0.0, 0.0]
    assert "numpy" not in sys.modules


def test_a_local_numpy_takes_a_remote_array(client, lock_file):
    python = os.environ.get("ENVKNIT_TEST_NUMPY_PYTHON")
    if not python:
        pytest.skip("ENVKNIT_TEST_NUMPY_PYTHON names no Python with numpy")
    script = f"""
import numpy
envknit.configure_from_lock({str(lock_file)!r})
with envknit.worker("numpy", "1.26.4") as np:
    local = numpy.asarray(np.arange(6.0).reshape(2, 3))
    assert type(local) is numpy.ndarray and local.shape == (2, 3)
    assert not isinstance(np.zeros(1), numpy.ndarray)
    there = np.asarray(numpy.arange(4, dtype="i2")[::2])
    assert there.tolist() == [0, 2] and there.dtype.name == "int16"
    show(local.tolist())
"""
    status, lines, err = client(script, python=python).end()
    assert (status, lines) == (0, [[[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]]), err
