"""Starts a worker: loads the runtime's extension module and hands over to it.

Run by the daemon as `python -I -S -X faulthandler worker_main.py --call-fd N --control-fd N
--status-fd N --runtime FILE`. Nothing is imported that the interpreter has not loaded already:
it is the cold start of every worker.
"""

import sys

# The daemon tells by it a missing runtime from other failures (protos/README.md).
NO_RUNTIME = 97


def main(arguments: list[str]) -> None:
    """arguments: the command line without the script; does not return."""
    options = dict(zip(arguments[::2], arguments[1::2], strict=False))
    try:
        descriptors = [int(options[name]) for name in ("--call-fd", "--control-fd", "--status-fd")]
        path = options["--runtime"]
    except (KeyError, ValueError) as error:
        raise SystemExit(
            "usage: worker_main.py --call-fd N --control-fd N --status-fd N --runtime FILE"
        ) from error
    # The frozen parts of importlib, under the names by which they are loaded at every start.
    bootstrap = sys.modules["_frozen_importlib"]
    external = sys.modules["_frozen_importlib_external"]
    loader = external.ExtensionFileLoader("envknit_runtime", path)
    spec = bootstrap.ModuleSpec("envknit_runtime", loader, origin=path)
    try:
        runtime = loader.create_module(spec)
        loader.exec_module(runtime)
    except ImportError as error:
        sys.stderr.write(f"{path}: {error}\n")
        raise SystemExit(NO_RUNTIME) from error
    runtime.run(*descriptors, __file__.rpartition("/")[0] or ".")


main(sys.argv[1:])
