"""protobuf's own classes for our messages, made from descriptors: any protobuf version does."""

from __future__ import annotations

import functools
import os
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

ROOT = Path(__file__).resolve().parents[2]
PROTOS = [
    "envknit/v1/attributes.proto",
    "envknit/v1/calls.proto",
    "envknit/v1/describe.proto",
    "envknit/v1/execute.proto",
    "envknit/v1/iteration.proto",
    "envknit/v1/transfer.proto",
    "envknit/worker/v1/control.proto",
]


def build_directory() -> Path:
    """Where the build under test is: $ENVKNIT_TEST_BUILD, or the release preset's."""
    return Path(os.environ.get("ENVKNIT_TEST_BUILD", ROOT / "build" / "release"))


@functools.cache
def _pool() -> descriptor_pool.DescriptorPool:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "descriptors"
        subprocess.run(
            [
                "protoc",
                f"-I{ROOT / 'protos'}",
                "--include_imports",
                f"--descriptor_set_out={path}",
                *PROTOS,
            ],
            check=True,
        )
        files = descriptor_pb2.FileDescriptorSet.FromString(path.read_bytes())
    pool = descriptor_pool.DescriptorPool()
    for file in files.file:
        pool.Add(file)
    return pool


@functools.cache
def message(name: str) -> Any:
    """The class of a message, by its name without "envknit.v1."."""
    full = name if "." in name else f"envknit.v1.{name}"
    return message_factory.GetMessageClass(_pool().FindMessageTypeByName(full))
