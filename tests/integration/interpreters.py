"""A daemon whose environments are pinned to Pythons with sub-interpreters, and calls into them."""

import sys
from pathlib import Path

import pytest
from grpcurl import ADMIN, SERVICE, RpcError

SUBINTERPRETER = "ISOLATION_KIND_SUBINTERPRETER"
PROCESS = "ISOLATION_KIND_PROCESS"
AUTO = "ISOLATION_KIND_AUTO"

MINORS = ["3.12", "3.13"]

# Imported by the tests; "sleepy" can't be imported in any test's time.
MODULES = {
    "purelib": "def add(a, b):\n    return a + b\n",
    "sleepy": "import time\ntime.sleep(60)\n",
}


def write_environments(folder):
    """A lock file with, for each module and minor, an environment such as "purelib-3.13"."""
    lines = ["environments:"]
    for module, text in MODULES.items():
        install_path = folder / module
        install_path.mkdir()
        (install_path / f"{module}.py").write_text(text)
        for minor in ["3.11", *MINORS]:
            lines += [
                f"  {module}-{minor}:",
                f'    python: "{minor}"',
                f'    packages: [{{name: {module}, version: "1.0", install_path: {module}}}]',
            ]
    lock = folder / "envknit.lock.yaml"
    lock.write_text("\n".join(lines) + "\n")
    return lock


class Interpreters:
    """The daemon and grpcurl in one, for requests that run in sub-interpreters."""

    def __init__(self, daemon, grpcurl):
        self.daemon = daemon
        self._grpcurl = grpcurl
        listed = self.rpc("ListEnvironments")["environments"]
        self._usable = {each["name"] for each in listed if "problem" not in each}

    def need(self, environment):
        """Skips the test where that environment can't run."""
        if environment not in self._usable:
            pytest.skip(f"no Python with a runtime for {environment}")
        return {"name": environment}

    def rpc(self, method, **request):
        admin = method.startswith(("List", "GetServer"))
        service = ADMIN if admin else SERVICE
        return self._grpcurl.call(self.daemon.address, f"{service}/{method}", request)

    def error(self, method, **request):
        """The RpcError that the request ends with."""
        with pytest.raises(RpcError) as caught:
            self.rpc(method, **request)
        return caught.value

    def open(self, environment, isolation=SUBINTERPRETER, **fields):
        name = self.need(environment)
        return self.rpc("OpenSession", environment=name, isolation=isolation, **fields)

    def execute(self, opened, code, **fields):
        """What the code leaves in `result`, run in an opened session."""
        response = self.rpc("Execute", session=opened["session"], code=code, **fields)
        return response["outcome"]["json"]


@pytest.fixture(scope="session")
def environments(tmp_path_factory):
    return write_environments(tmp_path_factory.mktemp("environments"))


@pytest.fixture
def interpreters(start_daemon, environments, lock_file, grpcurl):
    # Beside the Python that runs the tests there are others where one tool installs them all.
    siblings = Path(sys.base_prefix).parent
    daemon = start_daemon("--lock", environments, "--lock", lock_file, "--python-prefix", siblings)
    daemon.wait_until_ready()
    return Interpreters(daemon, grpcurl)
