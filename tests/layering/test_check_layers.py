"""The layering check must find a violation of each kind, and nothing else."""

from pathlib import Path

import pytest
from check_layers import findings


def write(root: Path, path: str, text: str) -> None:
    target = root / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8")


@pytest.mark.parametrize(
    ("path", "line", "reason"),
    [
        ("server/pool/a.cc", '#include "server/worker/b.h"', "pool may not include worker"),
        ("server/pool/a.cc", "#include <grpcpp/server.h>", "pool may not include grpc"),
        ("server/app/a.cc", '#include "grpcpp/server.h"', "app may not include grpc"),
        ("server/worker/a.h", '#include "envknit/worker/v1/control.pb.h"', "protos"),
        ("server/frame/a.h", "  # include <absl/status/status.h>", "frame may not include absl"),
        ("server/env/a.cc", "#include <Python.h>", "env may not include python"),
        ("include/envknit/a.h", '#include "server/base/log.h"', "include may not include base"),
        ("python_client/native/a.cc", '#include "server/env/a.h"', "native may not include env"),
        ("server/new/a.cc", "", "new has no entry"),
        (
            "server/pool/CMakeLists.txt",
            "envknit_library(pool DEPS envknit::worker)",
            "may not link",
        ),
        ("server/frame/CMakeLists.txt", "  DEPS absl::status)", "frame may not link absl::status"),
    ],
)
def test_finds_what_the_table_does_not_allow(
    tmp_path: Path, path: str, line: str, reason: str
) -> None:
    write(tmp_path, path, f"// first line\n{line}\n")
    (found,) = findings(tmp_path)
    assert reason in found
    assert found.startswith(path)


def test_accepts_what_the_table_allows(tmp_path: Path) -> None:
    write(tmp_path, "server/app/main.cc", '#include "server/rpc/server.h"\n#include <vector>\n')
    write(
        tmp_path,
        "server/rpc/a.cc",
        '#include "envknit/v1/value.pb.h"\n#include <grpcpp/grpcpp.h>\n',
    )
    write(tmp_path, "server/pool/a.h", '#include "server/pool/b.h"\n#include "envknit/worker.h"\n')
    write(tmp_path, "python_client/native/lock_module.cc", '#include "server/env/lock_file.h"\n')
    write(
        tmp_path,
        "server/pool/CMakeLists.txt",
        "envknit_library(pool DEPS envknit::base absl::status)\n",
    )
    write(tmp_path, "server/base/a.cc", '// #include "server/pool/b.h" would be wrong\n')
    assert list(findings(tmp_path)) == []
