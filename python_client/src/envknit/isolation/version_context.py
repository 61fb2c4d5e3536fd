"""`envknit.use()`: a version of a package for the imports of a block, in this process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from envknit._registry import module_name, registry
from envknit.errors import CExtensionError
from envknit.isolation import import_router, standard_library
from envknit.isolation.active_versions import active_versions, context_modules
from envknit.isolation.attribute_names import METADATA_DUNDERS, is_dunder
from envknit.isolation.default_versions import PackageHome, package_home
from envknit.isolation.import_tracebacks import without_import_steps

if TYPE_CHECKING:
    from types import ModuleType, TracebackType

    from envknit.isolation.worker_context import WorkerContext

__all__ = ["VersionContext", "c_extension_error", "import_of", "locate", "use"]


class VersionContext:
    """The block of `use()`. May be entered any number of times, nested and by several tasks."""

    def __init__(self, name: str, found: PackageHome, *, gives_module: bool) -> None:
        self.name = name
        self.version = found.package.version
        self._found = found
        self._gives_module = gives_module

    def __repr__(self) -> str:
        return f"<VersionContext {self.name} {self.version} of {self._found.package.install_path}>"

    @property
    def module(self) -> ModuleType:
        """The package's module in this version, imported when it is first asked for."""
        return import_of(self.name, self._found)

    def __getattr__(self, name: str) -> Any:
        # The value of a plain `with use(...) as m` does what that of auto_worker=True does.
        if is_dunder(name) and name not in METADATA_DUNDERS:
            raise AttributeError(f"VersionContext has no attribute {name!r}")
        return getattr(self.module, name)

    def __enter__(self) -> VersionContext | ModuleType:
        module = self.module if self._gives_module else None
        outer = active_versions.get()
        entered = outer.extended(
            self.name, self.version, self._found.home, self._found.import_names
        )
        entered.restore = (self, outer, context_modules.get())
        active_versions.set(entered)
        context_modules.set({})
        return self if module is None else module

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        current = active_versions.get()
        if current.restore is None or current.restore[0] is not self:
            remaining = current.without(self)
            if remaining is not None:
                active_versions.set(remaining)
            raise RuntimeError(
                f"the block of {self.name} {self.version} is left in another context than it was "
                f"entered in, or before a block inside it: enter and leave it in one task or thread"
            )
        _, outer, modules = current.restore
        active_versions.set(outer)
        context_modules.set(modules)

    async def __aenter__(self) -> None:
        raise TypeError("use() is a plain context manager, also in coroutines: write `with`")

    async def __aexit__(self, *exc: object) -> None:
        """Never reached; `async with` looks for it first."""


def use(
    name: str, version: str, auto_worker: bool = False, *, env: str | None = None
) -> VersionContext | WorkerContext:
    """Makes imports in a block give this version of a package, in this process.

    ::

        with envknit.use("requests", "2.28.2"):
            import requests

    Tasks and threads have their own blocks. What was imported goes on working after the block,
    and its own imports, late ones too, stay with its version.

    Args:
        name: The distribution's or the import name ("pillow" or "PIL").
        version: The exact version.
        auto_worker: The block's value is the package's module; of a C extension, or a package
            that can't do without one, it is the proxy of `worker()`.
        env: Which environment, if several have that version; else the first in the lock. Its
            other packages are what this one's imports find.

    Raises:
        NotRegisteredError: No such package, or not in that version.
        CExtensionError: It is a C extension, and `auto_worker` is false.
    """
    found = locate(name, version, env)
    compiled = found.compiled_file()
    if not auto_worker:
        if compiled is not None:
            raise c_extension_error(found, compiled)
        return VersionContext(name, found, gives_module=False)
    if compiled is None:
        from envknit.isolation.compiled_needs import needs_compiled

        try:
            import_of(name, found)
            if not needs_compiled(found):
                return VersionContext(name, found, gives_module=True)
        except CExtensionError:
            # A dependency of it is compiled, and there is no way around that.
            pass
    from envknit.isolation.worker import worker

    return worker(name, version, env=env)


def locate(name: str, version: str, env: str | None = None) -> PackageHome:
    """The package in its world, with the router in place.

    Raises:
        NotRegisteredError: No such package, or not in that version.
    """
    found = package_home(*registry.locate(name, version, env))
    import_router.install()
    standard_library.install()
    return found


def c_extension_error(found: PackageHome, compiled: str) -> CExtensionError:
    """What `use()` raises, with the way out."""
    name, version = found.package.name, found.package.version
    return CExtensionError(
        f"{name} {version} is a C extension ({compiled}): a process can't have several versions of "
        f"one. Use envknit.worker({name!r}, {version!r}), or envknit.use(..., auto_worker=True)",
        name=name,
        path=compiled,
    )


def import_of(name: str, found: PackageHome) -> ModuleType:
    """The module of a package that is named as in `use()`.

    Raises:
        CExtensionError: Something it imports is compiled.
        BaseException: What its code raises.
    """
    module = module_name(found.import_names, name)
    home = found.home.home_of(module.partition(".")[0])
    if home is None:
        raise ModuleNotFoundError(
            f"{found.package.name} {found.package.version} has no module {module!r} in "
            f"{found.package.install_path}",
            name=module,
        )
    try:
        return import_router.import_routed(home, module)
    except BaseException as error:
        raise without_import_steps(error)  # noqa: B904 - it is the same one
