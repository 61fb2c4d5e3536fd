"""What holds for process workers holds for `isolation="subinterpreter"`.

The tests of other files once more, on interpreters. Left out is what needs numpy, signals,
or a process of its own.
"""

import importlib
import itertools

import pytest
from conftest import PACKAGES
from interpreter_hosts import need_host

import envknit

FILES = (
    *("attributes", "async", "context_managers", "copies", "deadlines", "describe"),
    *("exceptions", "handles", "iteration", "named_tuples", "proxies", "values"),
)
NOT_HERE = (
    # It finds a worker by its pid, which several have.
    "test_a_worker_keeps_nothing_of_dropped_results",
    # A tenth of a second is little for a host of several interpreters beside other tests.
    "test_the_call_after_one_that_ignores_interrupts_is_right",
    # They wait in time.sleep(), which only a process's signal ends early.
    "test_answers_the_next_call_with_its_own_result",
    "test_an_iterator_that_was_interrupted_says_so",
    "test_an_object_that_also_has_next_survives_a_deadline",
)
OTHER_FIXTURES = ("numpy1", "numpy2", "lock_file", "environments", "client")

_versions = itertools.count()


@pytest.fixture
def fresh_worker():
    need_host()

    def make(timeout=30.0, name="worklib", **options):
        version = f"1.0.i{next(_versions)}"
        return envknit.worker(
            name, version, PACKAGES, timeout, **{"isolation": "subinterpreter", **options}
        )

    return make


@pytest.fixture
def again():
    def make(context, timeout=30.0, **options):
        name, version = context.title.split()
        return envknit.worker(
            name, version, PACKAGES, timeout, **{"isolation": "subinterpreter", **options}
        )

    return make


@pytest.fixture
def afresh(fresh_worker):
    def make(timeout=30.0, name="worklib", of=None, **options):
        name, version = (of or fresh_worker(name=name)).title.split()
        return envknit.aworker(
            name, version, PACKAGES, timeout, **{"isolation": "subinterpreter", **options}
        )

    return make


@pytest.fixture
def lib(fresh_worker):
    with fresh_worker() as module:
        yield module


def _tests():
    for file in FILES:
        module = importlib.import_module(f"test_{file}")
        for name, value in vars(module).items():
            is_fixture = type(value).__name__ == "FixtureFunctionDefinition" or hasattr(
                value, "_pytestfixturefunction"
            )
            code = getattr(value, "__code__", None)
            if is_fixture:
                yield name, value
            elif name.startswith("test_") and code and value.__module__ == module.__name__:
                arguments = code.co_varnames[: code.co_argcount]
                if name not in NOT_HERE and not set(arguments) & set(OTHER_FIXTURES):
                    yield f"{name}__{file}", value


for _name, _value in _tests():
    globals().setdefault(_name, _value)
