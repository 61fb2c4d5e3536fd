"""What a row's step works with, one module for each kind of contestant."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from settings import Settings

_WORLDS = {
    "envknit": "EnvknitWorld",
    "managers": "ManagersWorld",
    "rpyc": "RpycWorld",
    "execnet": "ExecnetWorld",
    "socketpair": "SocketpairWorld",
    "in-process": "InProcessWorld",
}
KINDS = tuple(_WORLDS)
#: The kinds whose worlds have ``call(module, path, args)`` for plain data.
CALLING = ("managers", "rpyc", "execnet", "socketpair")


def make_world(kind: str, settings: Settings) -> Any:
    """The world of a kind of contestant; loads no other kind's module."""
    module = importlib.import_module(f"{__name__}.{kind.replace('-', '_')}_world")
    return getattr(module, _WORLDS[kind])(settings)
