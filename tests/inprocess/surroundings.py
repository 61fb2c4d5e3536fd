"""What using versions must leave as it was."""

import sys

__all__ = ["Surroundings"]


class Surroundings:
    """sys.modules, sys.path and sys.meta_path as they are now.

    What is of the standard library may come: code of the tests and of packages imports it.
    """

    def __init__(self):
        self._before = self._now()

    def check(self):
        for now, before in zip(self._now(), self._before, strict=True):
            assert now == before

    def _now(self):
        modules = {
            name: module
            for name, module in sys.modules.items()
            if name.partition(".")[0] not in (*sys.stdlib_module_names, "envknit")
            # Of sysconfig.
            and not name.startswith("_sysconfigdata_")
        }
        return modules, list(sys.path), list(sys.meta_path)
