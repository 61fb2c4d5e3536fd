"""A text for a value that is the same wherever the value is the same, types included."""


def canonical(value):
    """Equal for values of equal type, content, order and sign; any NaN is as good as another."""
    name = type(value).__name__
    if isinstance(value, float):
        return f"{name} {value.hex()}"
    if isinstance(value, complex):
        return f"{name} {value.real.hex()} {value.imag.hex()}"
    if isinstance(value, (list, tuple)):
        return f"{name}({', '.join(map(canonical, value))})"
    if isinstance(value, (set, frozenset)):
        return f"{name}({', '.join(sorted(map(canonical, value)))})"
    if isinstance(value, dict):
        return f"{name}({', '.join(canonical(pair) for pair in value.items())})"
    if isinstance(value, slice):
        return f"{name}{canonical((value.start, value.stop, value.step))}"
    return f"{name} {value!a}"


def seen(value):
    """What arrived, and the text for it."""
    return [value, canonical(value)]
