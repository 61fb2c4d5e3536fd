"""The ground that the other tests here stand on: what is in the folders is what they claim."""

import importlib.metadata
import subprocess
import sys
from pathlib import Path

import pytest

import envknit
from envknit import _core, _lock

NAMES = ("attrs", "click", "jinja2", "packaging", "pydantic", "requests", "rich", "sqlalchemy")
IMPORTS = {"attrs": "attr"}

# Imports a package from a folder with nothing but the standard library beside it.
IMPORT = """
import importlib, sys
sys.path[1:1] = sys.argv[2:]
module = importlib.import_module(sys.argv[1])
print(module.__file__)
"""


@pytest.fixture(scope="module")
def environments(inprocess_lock):
    """Name of the environment, then of the package: its entry in the lock file."""
    return {
        environment["name"]: {package["name"]: package for package in environment["packages"]}
        for environment in _lock.load(str(inprocess_lock))["environments"]
    }


def versions(folder):
    """The distributions of a folder, by their normalized names."""
    return {
        _lock.normalize_package_name(found.metadata["Name"]): found.version
        for found in importlib.metadata.distributions(path=[folder])
    }


def compiled(folder):
    return sorted(path.name for path in Path(folder).rglob("*.so"))


def test_the_client_is_of_this_python_and_not_installed():
    tag = f"cpython-{sys.version_info[0]}{sys.version_info[1]}-"
    for module in (_lock, _core):
        assert tag in Path(module.__file__).name
        assert Path(module.__file__).parent == Path(envknit.__file__).parent
    assert "site-packages" not in envknit.__file__


def test_two_versions_of_each_package(environments):
    assert list(environments) == ["old", "new"]
    for name in NAMES:
        assert environments["old"][name]["version"] != environments["new"][name]["version"]


@pytest.mark.parametrize("environment", ["old", "new"])
def test_each_folder_has_the_version_it_claims(environments, environment):
    folders = set()
    for name, package in environments[environment].items():
        assert versions(package["install_path"])[name] == package["version"]
        folders.add(package["install_path"])
    assert len(folders) == len(environments[environment])


def test_each_requests_has_a_urllib3_of_its_own(environments):
    majors = {
        name: versions(packages["requests"]["install_path"])["urllib3"].split(".")[0]
        for name, packages in environments.items()
    }
    assert majors == {"old": "1", "new": "2"}


def test_one_environment_is_pure_and_the_other_has_compiled_parts(environments):
    for package in environments["old"].values():
        assert compiled(package["install_path"]) == []
    tag = f".cpython-{sys.version_info[0]}{sys.version_info[1]}-"
    having = {}
    for name, package in environments["new"].items():
        files = compiled(package["install_path"])
        assert all(tag in file for file in files), files
        if files:
            having[name] = {file.partition(".")[0] for file in files}
    assert having == {
        "markupsafe": {"_speedups"},
        "pydantic": {"_pydantic_core"},
        "requests": {"md", "md__mypyc"},
    }


@pytest.mark.parametrize("environment", ["old", "new"])
def test_each_package_runs_on_this_python(environments, environment):
    packages = environments[environment]
    paths = [package["install_path"] for package in packages.values()]
    for name, package in packages.items():
        arguments = [IMPORTS.get(name, name), *dict.fromkeys([package["install_path"], *paths])]
        shown = subprocess.run(
            [sys.executable, "-I", "-S", "-W", "ignore", "-c", IMPORT, *arguments],
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert shown.returncode == 0, shown.stderr
        assert Path(shown.stdout.strip()).is_relative_to(Path(package["install_path"]).resolve())


def test_there_is_a_numpy_for_workers(numpy_lock):
    environments = _lock.load(str(numpy_lock))["environments"]
    assert "numpy2" in {environment["name"] for environment in environments}
