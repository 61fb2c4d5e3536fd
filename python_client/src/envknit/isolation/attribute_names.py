"""Which names of a proxy lead to its worker, and which are local matters."""

from __future__ import annotations

__all__ = [
    "CALLABLE_DUNDERS",
    "METADATA_DUNDERS",
    "can_be_asked_for",
    "is_asked_for",
    "is_assignable",
    "is_dunder",
]

#: Dunders that are fetched from the worker; all others are local matters.
METADATA_DUNDERS = frozenset(
    (
        *("__version__", "__doc__", "__name__", "__file__", "__all__", "__path__"),
        *("__package__", "__author__", "__license__"),
    )
)
#: Those of callables, classes and their objects.
CALLABLE_DUNDERS = METADATA_DUNDERS | {"__qualname__", "__module__"}

# What inspect and asyncio look for on every callable.
_PROBES = frozenset(
    ("_partialmethod", "_is_coroutine", "_is_coroutine_mark", "_is_coroutine_marker")
)


def is_dunder(name: str) -> bool:
    """Whether it is one of Python's own names."""
    return name.startswith("__") and name.endswith("__")


def can_be_asked_for(name: str) -> bool:
    """Whether it can be told to a worker: some text, and in UTF-8."""
    if name.isascii():
        return name != ""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def is_asked_for(name: str, dunders: frozenset[str]) -> bool:
    """Whether reading the attribute asks the worker.

    `dunders` are those that do. Names by which tools probe any object (`_repr_html_`,
    `_ipython_display_`) don't: what a type has of them is told with it.
    """
    if not name.startswith("_"):
        return can_be_asked_for(name)
    if is_dunder(name):
        return name in dunders
    if name.startswith("_envknit_") or name in _PROBES:
        return False
    if name.startswith(("_repr_", "_ipython_", "_jupyter_")) and name.endswith("_"):
        return False
    return can_be_asked_for(name)


def is_assignable(name: str) -> bool:
    """Whether assigning the attribute of an object or a class is the worker's matter."""
    return is_asked_for(name, CALLABLE_DUNDERS)
