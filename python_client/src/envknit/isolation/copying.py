"""Local copies of what lives in workers."""

from __future__ import annotations

import importlib
import operator
from typing import TYPE_CHECKING

from envknit.errors import NotByValueError, RemoteError, StaleHandleError
from envknit.isolation.named_proxy import NamedProxy

if TYPE_CHECKING:
    from typing import Any

    from envknit.isolation.remote_object import RemoteObject

__all__ = ["buffer_of", "copy_of_foreign", "fetch", "is_data", "is_left_behind", "local_array"]

# What may be copied on to another worker without asking, beside arrays.
_PLAIN_DATA = frozenset(
    (
        *("builtins.bool", "builtins.bytearray", "builtins.bytes", "builtins.complex"),
        *("builtins.dict", "builtins.float", "builtins.frozenset", "builtins.int"),
        *("builtins.list", "builtins.memoryview", "builtins.range", "builtins.set"),
        *("builtins.slice", "builtins.str", "builtins.tuple", "array.array"),
    )
)


# As deep as values cross.
_MAX_DEPTH = 40
_CONTAINERS = (list, tuple, dict)


def fetch(value: Any) -> Any:
    """A local copy of an object that stayed in its worker.

    Plain data of any size in bytes, its containers with at most a million elements and 40
    inside each other, and arrays: as numpy arrays if numpy can be imported here, else as
    memoryviews. Nothing is pickled. Local objects are returned as they are; tuples, lists
    and dicts with remote objects inside are copied with those fetched.

    Raises:
        NotByValueError: it, or something in it, can't be copied; the message has the path.
        DeadlineError: a part of it did not come within the timeout of its block.
    """
    if type(value) not in _CONTAINERS:
        return _fetch_leaf(value)
    return _copy_container(value, {}, 1) if _holds_remote(value) else value


def _fetch_leaf(value: Any) -> Any:
    if _is_remote(value):
        return _fetch_remote(value)
    if isinstance(value, NamedProxy):
        raise NotByValueError(
            f"{value!r} can't be copied: modules, functions and classes stay in their worker; "
            "call them there, or fetch what they return"
        )
    return value


def _holds_remote(container: Any) -> bool:
    """Whether a proxy is somewhere inside; of containers of any depth, and of cycles."""
    from envknit.isolation.remote_object import RemoteObject

    proxies = (RemoteObject, NamedProxy)
    seen = {id(container)}
    left = [container]
    while left:
        found = left.pop()
        for item in found.values() if type(found) is dict else found:
            if type(item) in _CONTAINERS:
                if id(item) not in seen:
                    seen.add(id(item))
                    left.append(item)
            elif issubclass(type(item), proxies):
                return True
    return False


def _copy_container(container: Any, copies: dict[int, Any], depth: int) -> Any:
    """The container itself if nothing in it is remote.

    `copies`: those that were made, by the identity of the original, so that what is shared
    stays shared; None for those under way.
    """
    if id(container) in copies:
        if copies[id(container)] is None:
            raise NotByValueError(
                f"a {type(container).__name__} that holds itself can't be copied with the remote "
                "objects inside it: fetch them one by one"
            )
        return copies[id(container)]
    if depth > _MAX_DEPTH:
        raise NotByValueError(
            f"more than {_MAX_DEPTH} containers inside each other can't be copied with the "
            "remote objects inside them: fetch them one by one"
        )
    copies[id(container)] = None

    def copy_of(item: Any) -> Any:
        if type(item) in _CONTAINERS:
            return _copy_container(item, copies, depth + 1)
        return _fetch_leaf(item)

    copied: Any
    if type(container) is dict:
        copied = {key: copy_of(item) for key, item in container.items()}
        same = all(copied[key] is container[key] for key in container)
    else:
        copied = type(container)(map(copy_of, container))
        same = all(map(operator.is_, copied, container))
    copies[id(container)] = container if same else copied
    return copies[id(container)]


def is_left_behind(value: Any) -> bool:
    """Whether something of a result stayed in its worker, so that `fetch` has to ask for it."""
    return _is_remote(value) or (type(value) is tuple and any(map(is_left_behind, value)))


def _fetch_remote(remote: RemoteObject) -> Any:
    try:
        return remote._envknit_context.copy_of(remote._envknit_handle)
    except NotByValueError as error:
        better = NotByValueError(
            f"{remote._envknit_type.full_name} can't be copied: {error}; ask it for plain data "
            "or an array instead (such as .tolist(), .to_numpy() or .to_dict() if it has them), "
            "or leave it in its worker and pass the proxy on"
        )
        better.reason, better.metadata = error.reason, error.metadata
        raise better from None


def local_array(remote: RemoteObject, dtype: Any, copy: bool | None) -> Any:
    """What `numpy.asarray` gets of a remote object."""
    if copy is False:
        raise ValueError(f"{remote!r} lives in its worker: there is no array of it without a copy")
    source: Any = remote
    if remote._envknit_handle.shape is None:
        source = _array_over_there(remote)
    array = fetch(source)
    numpy = importlib.import_module("numpy")
    return numpy.asarray(array) if dtype is None else numpy.asarray(array, dtype=dtype)


def _array_over_there(remote: RemoteObject) -> Any:
    """The array that the object's own `__array__` makes, in its worker."""
    context, handle = remote._envknit_context, remote._envknit_handle
    try:
        return context.call_method(handle, "__array__", ())
    except RemoteError as error:
        if "builtins.AttributeError" not in error.remote_mro:
            raise
        raise TypeError(f"{remote!r} is no array") from None


def is_data(remote: RemoteObject) -> bool:
    """Whether it is an array, or plain data that was too large for its reply."""
    kind = remote._envknit_type
    if remote._envknit_handle.shape is not None:
        return True
    return kind.full_name in _PLAIN_DATA and not kind.is_class


def buffer_of(remote: RemoteObject) -> memoryview:
    """For the buffer protocol: a view of a local copy."""
    return memoryview(fetch(remote))


def copy_of_foreign(proxy: Any) -> Any:
    """A copy of what a proxy of another worker stands for, to be passed on to this one."""
    if _is_remote(proxy) and is_data(proxy):
        return _fetch_remote(proxy)
    error = StaleHandleError(
        f"{proxy!r} lives in another worker than the one that is called. Arrays and plain data "
        "are copied over; other objects can only be used in their own worker: "
        "envknit.environment puts several packages of one environment into one worker"
    )
    error.reason = "CROSS_WORKER"
    raise error


def _is_remote(value: object) -> bool:
    from envknit.isolation.remote_object import RemoteObject

    return isinstance(value, RemoteObject)
