"""Prints `pybind11's include dir;the folder that holds google/rpc/*.proto`.

Run by the build with its own Python. Ends with 1 when either is missing, or when
pybind11 is older than the first version that knows CPython 3.13's interpreters.
"""

import importlib.util
import os
import sys


def main() -> int:
    if importlib.util.find_spec("pybind11") is None:
        return 1
    import pybind11

    if pybind11.version_info < (3, 0):
        return 1
    for folder in sys.path:
        if os.path.exists(os.path.join(folder, "google", "rpc", "error_details.proto")):
            print(pybind11.get_include(), folder, sep=";")
            return 0
    return 1


if __name__ == "__main__":
    sys.exit(main())
