"""A submodule that the package itself does not import."""

QUESTION = "unknown"


def answer():
    return 42
