"""Small packages in several versions, as `pip install --target` leaves them, and their lock.

::

    trees = PackageTrees(tmp_path)
    trees.add("pkg", "1.0")                             # pkg/__init__.py with __version__
    trees.add("pkg", "2.0", {"pkg/late.py": "x = 1"}, env="new")
    trees.install("dep", "1.5", into=trees.path_of("pkg", "1.0"))     # came along, not locked
    envknit.configure_from_lock(trees.lock())
"""

import json
import sysconfig
import textwrap
from collections.abc import Mapping
from pathlib import Path

__all__ = ["PackageTrees", "extension_file"]


def extension_file(module, suffix=None):
    """The path of a compiled module, "pkg/_speed" or "pkg._speed"; the suffix is this Python's."""
    return module.replace(".", "/") + (suffix or sysconfig.get_config_var("EXT_SUFFIX"))


class PackageTrees:
    """Packages below a folder, each version in a path of its own, and their lock file."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self._environments = {}

    def path_of(self, name, version):
        """Where a version is, or would be."""
        return self.folder / "packages" / name / version

    def add(self, name, version, files=None, *, env="default", dist_info=True, **keys):
        """Writes a version and gives it an entry in environments of the lock file.

        Args:
            files: Texts or bytes by path within the install path; texts are dedented, and have the
                version where they say @VERSION@. None, or files in `pkg/` without an
                `__init__.py`: there is one with `__version__` and `where()`. One that is
                None is left out (a namespace package).
            env: The environment, or several.
            dist_info: Whether there is a dist-info with RECORD and top_level.txt.
            keys: More keys of the entry; None leaves `install_path` out.

        Returns:
            The install path.
        """
        path = self.install(
            name, version, files, into=self.path_of(name, version), dist_info=dist_info
        )
        entry = {"name": name, "version": version, "install_path": str(path), **keys}
        entry = {key: value for key, value in entry.items() if value is not None}
        for environment in [env] if isinstance(env, str) else env:
            self._environments.setdefault(environment, []).append(entry)
        return path

    def install(self, name, version, files=None, *, into, dist_info=True):
        """Writes a version into an install path that may have others; the lock doesn't name it."""
        module = name.replace("-", "_")
        contents = dict(files or {})
        if files is None or any(path.startswith(f"{module}/") for path in files):
            contents.setdefault(f"{module}/__init__.py", _PLAIN_PACKAGE)
        contents = {path: content for path, content in contents.items() if content is not None}
        _write(Path(into), contents, version)
        if dist_info:
            _write_dist_info(Path(into), name, version, contents)
        return Path(into)

    def lock(self, content: str | Mapping | None = None, name="envknit.lock.yaml"):
        """Writes the lock file: of what add() wrote, or a text or mapping instead."""
        if content is None:
            content = {"schema_version": "1.0", "environments": self._environments}
        # JSON is YAML.
        text = (
            textwrap.dedent(content) if isinstance(content, str) else json.dumps(content, indent=1)
        )
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return path


_PLAIN_PACKAGE = """
    __version__ = "@VERSION@"

    def where():
        return __file__
"""


def _write(folder, contents, version):
    for path, content in contents.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, str):
            text = textwrap.dedent(content).replace("@VERSION@", version)
            target.write_text(text, encoding="utf-8")
        else:
            target.write_bytes(content)


def _write_dist_info(folder, name, version, written):
    top_level = sorted({path.partition("/")[0].partition(".")[0] for path in written})
    info = f"{name.replace('-', '_')}-{version}.dist-info"
    metadata = {
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/top_level.txt": "".join(f"{top}\n" for top in top_level),
        f"{info}/RECORD": "".join(f"{path},,\n" for path in [*written, f"{info}/METADATA"]),
    }
    _write(folder, metadata, version)
