"""A module that puts an object in its own place, as some packages do."""

import sys


class _Posing:
    __name__ = "posing"
    answer = 42

    def greet(self, name="you"):
        return f"hello {name}"

    def __dir__(self):
        return ["answer", "greet"]


sys.modules[__name__] = _Posing()
