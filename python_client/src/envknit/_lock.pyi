from typing import TypedDict

class _Package(TypedDict):
    name: str
    normalized_name: str
    version: str
    install_path: str

class _Environment(TypedDict):
    name: str
    python: str
    packages: list[_Package]

class _LockFile(TypedDict):
    schema_version: str
    environments: list[_Environment]

def load(path: str) -> _LockFile: ...
def normalize_package_name(name: str) -> str: ...
def import_names(install_path: str, name: str) -> list[str]: ...
def c_extension(install_path: str, name: str) -> str | None: ...
