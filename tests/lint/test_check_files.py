"""Each house rule must find its violation, and pass what is right."""

from pathlib import Path

import pytest
from check_files import findings


def found_in(root: Path, path: str, text: str) -> list[str]:
    target = root / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8")
    return list(findings(root, [Path(path)]))


@pytest.mark.parametrize(
    ("path", "text", "reason"),
    [
        ("server/pool/a.cc", "int x;\n" * 451, "451 lines"),
        ("server/base/string_util.cc", "int x;\n", "doesn't say what is inside"),
        ("server/common/a.cc", "int x;\n", "doesn't say what is inside"),
        ("scripts/a.sh", "true\n", "not one of the top level's names"),
        ("server/a.cc", "int x;  // TO" + "DO: more\n", "left to do"),
        ("deploy/a.sh", "cd /ro" + "ot/checkout\n", "one machine"),
        ("deploy/a.sh", "curl https://pypi" + ".org/simple\n", "one machine"),
        ("server/a.cc", "x = reader.get_bo" + "ol();\n", "past the end"),
        ("server/a.cc", "int x; \n", "space at the end"),
        ("server/a.cc", "int x;", "no newline"),
    ],
)
def test_finds_each_violation(tmp_path: Path, path: str, text: str, reason: str) -> None:
    (found,) = found_in(tmp_path, path, text)
    assert reason in found


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("server/pool/a.cc", "int x;\n" * 450),
        ("README.md", "A line of text that ends with two spaces  \nfor a break\n"),
        ("python_client/src/envknit/import_hook_management.py", "x = 1\n"),
        (".ci/run", "exec ./tests/run.sh\n"),
        ("tests/golden.bin", ""),
    ],
)
def test_accepts_what_is_right(tmp_path: Path, path: str, text: str) -> None:
    assert found_in(tmp_path, path, text) == []
