"""Workers with a real numpy: two versions of it, and a second minor where there is one."""

import frames
import pytest
from caller import RaisedError
from environments import known_environments
from protocol import message
from worker_process import WorkerProcess

ENVIRONMENTS = known_environments()
CAPABILITIES = (
    message("TypeInfo").DESCRIPTOR.fields_by_name["capabilities"].enum_type.values_by_name
)


@pytest.fixture(params=sorted(ENVIRONMENTS) or ["none"])
def worker(request):
    if request.param == "none":
        pytest.skip("no environments: set ENVKNIT_TEST_ENVIRONMENTS (tests/README.md)")
    tag, path = ENVIRONMENTS[request.param]
    with WorkerProcess(tag) as process:
        yield process.configure(install_paths=[path])


def tensor(typestr, shape, data, strides=()):
    return message("Value")(
        tensor={"typestr": typestr, "shape": shape, "strides": strides, "inline": data}
    )


def test_what_an_array_can_do(worker):
    (info,) = worker.call_outcome("numpy:arange", 3).types
    names = {value.number: name for name, value in CAPABILITIES.items()}
    assert {names[number].removeprefix("CAPABILITY_") for number in info.capabilities} == {
        *("SIZED", "CONTAINER", "SUBSCRIPT", "ITERABLE", "NUMBER", "ORDERED", "BUFFER")
    }
    assert {"sum", "reshape", "tolist"} <= set(info.methods)
    assert not {"shape", "T", "dtype"} & set(info.methods)
    assert {"__array__", "__matmul__", "__getitem__"} <= set(info.special_methods)
    (info,) = worker.call_outcome("numpy:ndarray", kind=frames.GET_ATTR).types
    assert info.is_class
    assert list(info.mro) == ["numpy.ndarray", "builtins.object"]
    assert list(info.special_methods) == ["__call__"]


def test_an_import_lists_numpys_names(worker):
    module = worker.import_module("numpy")
    kinds = {name.name: name.kind for name in module.names}
    assert (kinds["zeros"], kinds["ndarray"], kinds["linalg"], kinds["pi"]) == (3, 2, 1, 4)
    assert module.version == worker.get("numpy:__version__")
    linalg = next(sub for sub in module.submodules if sub.path == "linalg")
    assert "norm" in {name.name for name in linalg.names}


def test_arrays_stay_and_scalars_widen(worker):
    array = worker.call("numpy:zeros", 1000)
    assert array.length == 1000
    assert (array.tensor.typestr, list(array.tensor.shape)) == ("<f8", [1000])
    assert worker.call("numpy:linalg.norm", [3.0, 4.0]) == 5.0
    assert worker.call("numpy:sum", worker.call("numpy:arange", 100)) == 4950
    assert worker.call("numpy:float32", 1.5) == 1.5
    assert worker.call("numpy:array", 5).HasField("tensor")


def test_a_tuple_of_arrays_is_one_call(worker):
    parts = worker.call("numpy:divmod", worker.call("numpy:arange", 10), 3)
    assert [list(part.tensor.shape) for part in parts] == [[10], [10]]
    both = worker.call("numpy:concatenate", list(parts))
    assert list(both.tensor.shape) == [20]


def test_a_named_tuple_is_one_handle_that_unpacks(worker):
    matrix = worker.call("numpy:random.randn", 50, 50)
    parts = worker.call("numpy:linalg.svd", matrix)
    assert parts.length == 3
    unpacked = [worker.call((parts, "__getitem__"), i) for i in range(3)]
    assert [list(part.tensor.shape) for part in unpacked] == [[50, 50], [50], [50, 50]]
    assert list(worker.get((parts, "S")).tensor.shape) == [50]


def test_operators_and_slices(worker):
    array = worker.call("numpy:arange", 10)
    part = message("Value")()
    part.ext.type = "builtins.slice"
    for bound in (2, 5, None):
        field = part.ext.fields.add()
        if bound is None:
            field.none.SetInParent()
        else:
            field.int_value = bound
    sliced = worker.call((array, "__getitem__"), part)
    assert worker.call((sliced, "tolist")) == [2, 3, 4]
    assert worker.call((worker.call((sliced, "__add__"), sliced), "tolist")) == [4, 6, 8]
    assert worker.call((sliced, "__len__")) == 3


def test_tensors_arrive_as_writable_arrays(worker):
    import array

    data = array.array("d", range(6)).tobytes()
    for strides, expected in [((), [[0, 1, 2], [3, 4, 5]]), ((8, 16), [[0, 2, 4], [1, 3, 5]])]:
        got = worker.call("numpy:asarray", tensor("<f8", [2, 3], data, strides))
        assert worker.call((got, "tolist")) == expected
        worker.call((got, "fill"), 7.0)
        assert worker.get((got, "flags.owndata")) is True
    back = worker.call("numpy:arange", 3.0, want="tensor")
    assert back.inline == array.array("d", range(3)).tobytes()


def test_the_type_of_arrays_and_of_the_class(worker):
    outcome = worker.call_outcome("numpy:zeros", 3, session=2)
    (info,) = outcome.types
    assert (info.module, info.name, list(info.mro)) == (
        "numpy",
        "ndarray",
        ["numpy.ndarray", "builtins.object"],
    )
    assert {"sum", "tolist", "reshape"} <= set(info.methods)
    assert not {"shape", "T"} & set(info.methods)
    assert {"__add__", "__getitem__", "__matmul__", "__lt__"} <= set(info.special_methods)
    (class_info,) = worker.call_outcome("numpy:ndarray", kind=frames.GET_ATTR, session=2).types
    assert class_info.is_class
    assert class_info.type_id != info.type_id


def test_numpys_own_errors_are_told(worker):
    with pytest.raises(RaisedError) as raised:
        worker.call("numpy:linalg.inv", [[0.0, 0.0], [0.0, 0.0]])
    assert raised.value.remote.type == "LinAlgError"
    assert "builtins.ValueError" in raised.value.remote.mro


def test_state_is_kept(worker):
    worker.call("numpy:random.seed", 1)
    first = worker.call("numpy:random.rand")
    worker.call("numpy:random.seed", 1)
    assert worker.call("numpy:random.rand") == first


def test_an_interrupted_import_of_numpy_retires_the_worker(worker):
    call_id = worker.send(frames.IMPORT, message("ImportRequest")(module="numpy"))
    # Under way once the page says so.
    while not worker.page(56):
        pass
    worker.cancel(call_id)
    reply = worker.reply(call_id)
    # Or it was done before the interrupt came.
    assert reply.flags in (0, frames.RETIRE | frames.INTERRUPTED, frames.RETIRE)
    if not reply.flags:
        assert worker.call("numpy:linalg.norm", [3.0, 4.0]) == 5.0
