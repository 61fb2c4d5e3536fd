"""What help(), completion and notebooks look at."""

import enum


class Color(enum.Enum):
    """Names of colors."""

    RED = 1
    BLUE = 2


class Shape:
    """A shape.

    It has corners.
    """

    looks = 0

    class Corner:
        """Where two edges meet."""

    Kind = Color

    def __init__(self, corners: int = 3, *, name="shape", key=print) -> None:
        self.corners = corners
        self.name = name

    def scale(self, factor, /, origin=(0.0, 0.0)):
        """Makes it larger."""
        return factor

    @property
    def area(self):
        Shape.looks += 1
        raise ValueError("a property ran")

    @area.setter
    def area(self, value):
        raise OverflowError(f"no area {value}")


class Square(Shape):
    def _repr_html_(self):
        return f"<b>{self.corners}</b>"

    def _repr_mimebundle_(self, include=None, exclude=None):
        return {"text/plain": "square", "include": include}

    def _repr_png_(self):
        return b"\x89PNG"

    def _ipython_key_completions_(self):
        return ["corners"]

    def __getitem__(self, key):
        return getattr(self, key)


class Undocumented:
    def __init__(self):
        self.value = 1


class Chooser:
    """Is called, and has items."""

    def __call__(self, value):
        return [value]

    def __len__(self):
        return 2

    def __getitem__(self, index):
        return (10, 20)[index]


class Endless:
    def __dir__(self):
        while True:
            pass


chooser = Chooser()
# Written in C, and its documentation begins with no Python.
mystery = {}.update
shape = Shape()


def fail(message):
    return ValueError(message)


def __getattr__(name):
    if name == "lazy":
        return Shape(9)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def text_of(value):
    return str(value)
