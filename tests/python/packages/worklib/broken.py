"""A submodule whose import fails."""

raise ZeroDivisionError("broken on purpose")
