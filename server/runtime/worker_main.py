"""Starts a worker: loads the runtime's extension module and hands over to it.

Run by the daemon as `python -I -S -X faulthandler worker_main.py --call-fd N --control-fd N
--status-fd N --runtime FILE`, or for a host of interpreters as `worker_main.py --host
--descriptor-fd N --control-fd N --runtime FILE`. Nothing is imported that the interpreter has
not loaded already: it is the cold start of every worker.
"""

import sys

# The daemon tells by it a missing runtime from other failures (protos/README.md).
NO_RUNTIME = 97
USAGE = """usage: worker_main.py --call-fd N --control-fd N --status-fd N --runtime FILE
       worker_main.py --host --descriptor-fd N --control-fd N --runtime FILE"""


def main(arguments: list[str]) -> None:
    """arguments: the command line without the script; does not return."""
    names = ["--call-fd", "--control-fd", "--status-fd"]
    hosts = arguments[:1] == ["--host"]
    if hosts:
        del arguments[0]
        names = ["--descriptor-fd", "--control-fd"]
    options = dict(zip(arguments[::2], arguments[1::2], strict=False))
    try:
        descriptors = [int(options[name]) for name in names]
        path = options["--runtime"]
    except (KeyError, ValueError) as error:
        raise SystemExit(USAGE) from error
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
    run = runtime.run_host if hosts else runtime.run
    run(*descriptors, __file__.rpartition("/")[0] or ".")


main(sys.argv[1:])
