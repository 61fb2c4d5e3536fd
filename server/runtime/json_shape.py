"""What code leaves in `result`, in the shape that JSON gives it.

Loaded by the runtime with the first Execute, never imported by name. Needs no other module:
`json` would be one more that user code finds loaded.
"""

from typing import Any

MAX_KEY_CHARACTERS = 64
# Of json.dumps and json.loads: floats that hold every int up to here.
MAX_EXACT_INT = 1 << 53

_SCALARS = frozenset((str, int, float, bool, type(None)))
_STR = frozenset((str,))


class _RefusedError(Exception):
    """(offender, why, keys from the inside out)."""


class _TooDeepError(Exception):
    """Nested deeper than the limit."""


def to_json_shape(value: Any, max_depth: int, exact: bool) -> tuple[Any, ...]:
    """(plain value,), or (path, offender, why) of what is no JSON, or () if nested too deeply.

    exact: every number must be one that JavaScript holds: no NaN, no int beyond 2**53.
    """
    try:
        return (_Shaper(max_depth, exact).shape(value),)
    except _RefusedError as error:
        offender, why, keys = error.args
        return "result" + "".join(f"[{_key_text(key)}]" for key in reversed(keys)), offender, why
    except _TooDeepError:
        return ()


def _key_text(key: Any) -> str:
    if issubclass(type(key), str):
        text = str.__str__(key)[:MAX_KEY_CHARACTERS]
        text = text.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{text}"'
    if issubclass(type(key), int) and type(key) is not bool:
        return int.__repr__(key)[:MAX_KEY_CHARACTERS]
    return type.__repr__(type(key)) if type(key) not in _SCALARS else repr(key)


class _Shaper:
    def __init__(self, max_depth: int, exact: bool) -> None:
        self._max_depth = max_depth
        self._exact = exact
        # Ids of the containers around the value in hand.
        self._around: set[int] = set()

    def shape(self, value: Any) -> Any:
        kind: Any = type(value)
        if value is None or kind is bool:
            return value
        if issubclass(kind, str):
            return self._text(value)
        if issubclass(kind, int):
            number = int.__int__(value)
            if self._exact and abs(number) > MAX_EXACT_INT:
                raise _RefusedError(value, "an int beyond 2^53 is not JSON", [])
            return number
        if issubclass(kind, float):
            real = float.__float__(value)
            # Neither of NaN and the infinities is equal to itself less itself.
            if self._exact and real - real != 0:
                raise _RefusedError(value, "NaN and infinities are not JSON", [])
            return real
        if issubclass(kind, (list, tuple)):
            return self._inside(value, self._items)
        if issubclass(kind, dict):
            return self._inside(value, self._pairs)
        raise _RefusedError(value, "", [])

    def _text(self, value: str) -> str:
        text = str.__str__(value)
        if self._exact and not text.isascii():
            try:
                text.encode()
            except UnicodeEncodeError:
                why = "a str with lone surrogates is not JSON"
                raise _RefusedError(value, why, []) from None
        return text

    def _inside(self, container: Any, shape: Any) -> Any:
        if id(container) in self._around:
            raise _RefusedError(container, "it contains itself", [])
        if len(self._around) >= self._max_depth:
            raise _TooDeepError
        self._around.add(id(container))
        try:
            return shape(container)
        finally:
            self._around.discard(id(container))

    def _items(self, items: Any) -> list[Any]:
        taken = list(items)
        # Most are flat lists: what needs no change is looked at without a step for each.
        if not self._exact and _SCALARS.issuperset(map(type, taken)):
            return taken
        for i, item in enumerate(taken):
            try:
                taken[i] = self.shape(item)
            except _RefusedError as error:
                error.args[2].append(i)
                raise
        return taken

    def _pairs(self, pairs: Any) -> dict[str, Any]:
        taken = dict(pairs.items())
        if (
            not self._exact
            and _STR.issuperset(map(type, taken))
            and _SCALARS.issuperset(map(type, taken.values()))
        ):
            return taken
        made = {}
        for key, item in taken.items():
            try:
                made[self._key(key)] = self.shape(item)
            except _RefusedError as error:
                error.args[2].append(key)
                raise
        return made

    def _key(self, key: Any) -> str:
        """As json.dumps writes it."""
        kind: Any = type(key)
        if issubclass(kind, str):
            return self._text(key)
        if key is None or kind is bool:
            return {None: "null", True: "true", False: "false"}[key]
        if issubclass(kind, int):
            return int.__repr__(key)
        if issubclass(kind, float):
            text = float.__repr__(key)
            return {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}.get(text, text)
        raise _RefusedError(key, "a key that is no str, number, bool or None is not JSON", [])
