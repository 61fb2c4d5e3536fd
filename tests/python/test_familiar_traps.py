"""What goes wrong in implementations of this API that pickle over a pipe: each is right here."""

import os
import subprocess
import sys
import threading

import pytest
from conftest import PACKAGES

import envknit


def test_an_answer_that_comes_after_its_timeout_is_never_the_next_calls(fresh_worker, again):
    context = fresh_worker(timeout=0.3)
    with context as impatient, again(context) as patient:
        for number in range(3):
            with pytest.raises(TimeoutError):
                impatient.sleep(30)
            assert patient.echo(number) == [number]
            assert impatient.echo(-number) == [-number]


def test_threads_get_their_own_answers(lib):
    wrong = []

    def ask(start):
        for number in range(start, start + 100):
            if lib.echo(number) != [number]:
                wrong.append(number)

    threads = [threading.Thread(target=ask, args=(1000 * n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_the_version_of_a_module_is_the_workers(numpy1, numpy2):
    assert (numpy1.__version__, numpy2.__version__) == ("1.26.4", "2.2.6")


def test_submodules_are_reached_by_attribute(numpy1):
    assert numpy1.linalg.norm([3, 4]) == 5.0
    assert numpy1.fft.fft([1, 0]).tolist() == [1, 1]


def test_submodules_that_nobody_imported_are_reached_too(lib):
    assert lib.unimported.answer() == 42
    assert lib.unimported.QUESTION == "unknown"


def test_a_submodule_that_does_not_exist_is_an_attribute_error(lib):
    assert not hasattr(lib, "nothing_like_that")
    with pytest.raises(AttributeError, match="nothing_like_that"):
        lib.nothing_like_that.answer()


def test_a_submodule_whose_import_fails_says_why(lib):
    with pytest.raises(ZeroDivisionError, match="broken on purpose"):
        lib.broken.answer()
    assert lib.echo(1) == [1]


def test_class_attributes_and_class_methods_are_reached(lib):
    assert lib.Thing.kind == "thing"
    assert lib.Thing.of_text("four").size == 4


def test_results_work_without_the_library_here(numpy1):
    matrix = numpy1.arange(6).reshape(2, 3)
    assert matrix.tolist() == [[0, 1, 2], [3, 4, 5]]
    assert len(matrix) == 2
    assert matrix[1, 2] == 5
    assert [row.sum() for row in matrix] == [3, 12]
    first, second = matrix
    assert numpy1.dot(first, second) == 14


def test_generators_are_consumed_one_by_one(lib):
    down = lib.count_down(3)
    assert next(down) == 3
    assert list(down) == [2, 1]
    assert list(down) == []


@pytest.mark.parametrize(
    "callable_", [lambda x: x, threading.current_thread, type("Local", (), {})], ids=repr
)
def test_code_of_the_client_is_refused_with_its_place(lib, callable_):
    if callable_ is threading.current_thread:
        # Of the standard library: the worker has it too.
        assert lib.echo(callable_)[0].__name__ == "current_thread"
        return
    with pytest.raises(TypeError, match=r"args\[0\]\[1\]"):
        lib.echo([1, callable_])
    assert lib.echo(1) == [1]


def test_hasattr_tells_the_truth(lib, numpy1):
    assert hasattr(numpy1, "zeros")
    assert hasattr(numpy1, "pi")
    assert not hasattr(numpy1, "nope")
    assert not hasattr(numpy1, "__wrapped__")
    thing = lib.make_thing()
    assert hasattr(thing, "size")
    assert not hasattr(thing, "weight")


def test_a_timeout_is_its_contexts_own(fresh_worker, again):
    short = fresh_worker(timeout=0.3)
    with short as impatient, again(short, timeout=30.0) as patient:
        patient.sleep(0.6)
        with pytest.raises(TimeoutError):
            impatient.sleep(30)


def test_sys_exit_ends_the_call_and_nothing_else(lib):
    pid = lib.pid()
    with pytest.raises(envknit.RemoteError, match="SystemExit"):
        lib.exit_politely(3)
    assert lib.pid() == pid


def test_a_script_needs_no_main_guard(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "import envknit\n"
        f"with envknit.worker('worklib', '1.0', {str(PACKAGES)!r}) as lib:\n"
        "    print(lib.echo('once'))\n"
    )
    done = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout == "['once']\n"


def test_modules_of_the_host_are_not_there(lib):
    path = lib.path_of_modules()
    assert os.path.dirname(os.path.dirname(pytest.__file__)) not in path
    assert "" not in path
    assert os.getcwd() not in path
    with pytest.raises(ModuleNotFoundError):
        lib.import_by_name("pytest")


def test_dependencies_in_the_same_folder_can_be_imported(lib):
    assert lib.import_by_name("friend_of_worklib") == "friend_of_worklib"


def test_what_a_call_prints_does_not_corrupt_its_answer(lib, capfd):
    assert lib.print_and_return("hello\n" * 10, [1, 2]) == [1, 2]
