"""Signatures of callables in a worker, as inspect.signature() gives them."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

__all__ = ["signature_attribute", "signature_of"]

# By the number of the enum Parameter.Kind.
_KINDS = dict(enumerate(sorted(inspect._ParameterKind), start=1))


class _Shown:
    """A default or an annotation that stayed in the worker: its text there."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return self._text

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Shown) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)


def signature_of(description: Mapping[str, Any]) -> inspect.Signature | None:
    """The signature in a description of a callable; None if the worker knows none.

    Defaults that are plain data are themselves; other defaults, and annotations, show as
    the text that they have in the worker.
    """
    signature = description["signature"]
    if signature is None:
        return None
    try:
        return inspect.Signature(
            [_parameter(fields) for fields in signature["parameters"]],
            return_annotation=_annotation(signature["return_annotation"]),
        )
    except (KeyError, ValueError):
        # No Python has such a signature; a class may claim it all the same.
        return None


def signature_attribute(proxy: object, description: Mapping[str, Any]) -> inspect.Signature:
    """What `__signature__` of a proxy is."""
    signature = signature_of(description)
    if signature is None:
        raise AttributeError(f"{proxy!r} has no signature that its worker knows")
    return signature


def _parameter(fields: Mapping[str, Any]) -> inspect.Parameter:
    default: Any = inspect.Parameter.empty
    if "default_value" in fields:
        default = fields["default_value"]
    elif fields["has_default"]:
        default = _Shown(fields.get("default_text", "..."))
    return inspect.Parameter(
        fields["name"],
        _KINDS[fields["kind"]],
        default=default,
        annotation=_annotation(fields["annotation"]),
    )


def _annotation(text: str) -> Any:
    return _Shown(text) if text else inspect.Signature.empty
