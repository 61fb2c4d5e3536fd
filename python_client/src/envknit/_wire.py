"""Protobuf wire bytes for the few messages that are not on the hot path."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = [
    "ISOLATION_KINDS",
    "ISOLATION_NAMES",
    "environment_selector",
    "inline_environment",
    "open_session_request",
    "package_selector",
]

#: IsolationKind of target.proto, by the names of `isolation=`.
ISOLATION_KINDS = {"process": 1, "subinterpreter": 2, "auto": 3}
ISOLATION_NAMES = {number: name for name, number in ISOLATION_KINDS.items()}


def _varint(value: int) -> bytes:
    encoded = bytearray()
    while value >= 0x80:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def _field(number: int, content: bytes | str) -> bytes:
    """A length-delimited field; an empty text is left out, as proto3 does."""
    if isinstance(content, str):
        if not content:
            return b""
        content = content.encode("utf-8", "surrogateescape")
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def environment_selector(name: str) -> bytes:
    """An EnvironmentSelector that names an environment of the server's lock files."""
    return _field(1, name)


def package_selector(name: str, version: str, environment: str) -> bytes:
    """An EnvironmentSelector that names a package of the server's lock files."""
    selector = _field(1, name) + _field(2, version) + _field(3, environment)
    return _field(2, selector)


def inline_environment(
    name: str,
    install_paths: Sequence[str],
    packages: Iterable[tuple[str, str]],
    *,
    interpreter: str,
    preferred_python: str,
    known_interpreter: tuple[str, str, str],
) -> bytes:
    """An EnvironmentSelector that describes the environment itself.

    `known_interpreter` is the path, the version and the SOABI of a Python of this
    machine; the server uses it without asking it where it fits.
    """
    body = _field(1, name) + _field(2, interpreter)
    body += b"".join(_field(3, path) for path in install_paths)
    body += b"".join(_field(4, _field(1, pkg) + _field(2, version)) for pkg, version in packages)
    body += _field(5, preferred_python)
    path, version, soabi = known_interpreter
    body += _field(6, _field(1, path) + _field(2, version) + _field(3, soabi))
    return _field(3, body)


def open_session_request(selector: bytes, isolation: str) -> bytes:
    """An OpenSessionRequest for a worker of that isolation, a key of ISOLATION_KINDS."""
    return _field(1, selector) + _varint(2 << 3) + _varint(ISOLATION_KINDS[isolation])
