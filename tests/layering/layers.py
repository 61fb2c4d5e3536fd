"""What each folder may include and link: the architecture, as a table.

An edge that is not here is a mistake in the code or a decision to be made here.
"""

# Folder → folders whose headers it may include, beside its own.
EDGES: dict[str, set[str]] = {
    "include": set(),
    "base": {"include"},
    "frame": set(),
    "ring": set(),
    "env": {"base", "include"},
    "config": {"base", "include"},
    "process": {"base", "include"},
    "shm": {"base", "include"},
    "worker": {"process", "frame", "base", "include"},
    "pool": {"base", "include"},
    "pyvalue": set(),
    "runtime": {"pyvalue", "frame", "ring"},
    "rpc": {"pool", "frame", "protos", "base", "include"},
    "admin": {"pool", "base", "include"},
    "native": {"pyvalue", "frame", "ring"},
    # The lock parser for Python: an extension module of its own in native/.
    "native_lock": {"env", "base", "include"},
}
# main.cc and the subcommands join everything.
EDGES["app"] = set(EDGES) - {"app", "pyvalue", "runtime", "native", "native_lock"}

# Library → folders that may include it. Each is named once, at its reason.
LIBRARIES: dict[str, set[str]] = {
    # Ten seconds a file, and the daemon's core must not depend on its transport.
    "grpc": {"rpc", "native"},
    "protobuf": {"rpc"},
    # Twenty-five shared libraries that must not enter a user's process.
    "absl": {
        *("include", "base", "env", "config", "process", "shm", "worker", "pool"),
        *("rpc", "admin", "app", "native", "native_lock"),
    },
    # The daemon never embeds Python.
    "python": {"pyvalue", "runtime", "native", "native_lock"},
    "protozero": {"frame", "worker", "pyvalue", "runtime", "rpc", "native"},
    # One bounded reader; the lock file and the configuration are read through it.
    "yaml": {"base"},
    "prometheus": {"admin"},
}

# Include prefix → library.
LIBRARY_HEADERS: dict[str, str] = {
    "grpc/": "grpc",
    "grpc++/": "grpc",
    "grpcpp/": "grpc",
    "google/protobuf/": "protobuf",
    "absl/": "absl",
    "Python.h": "python",
    "pybind11/": "python",
    "protozero/": "protozero",
    "yaml-cpp/": "yaml",
    "prometheus/": "prometheus",
}

# Link target prefix → library.
LIBRARY_TARGETS: dict[str, str] = {
    "gRPC::": "grpc",
    "protobuf::": "protobuf",
    "absl::": "absl",
    "yaml-cpp": "yaml",
    "prometheus-cpp::": "prometheus",
}
