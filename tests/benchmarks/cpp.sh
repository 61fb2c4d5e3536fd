#!/usr/bin/env bash
# Builds and runs the C++ benchmarks: `cpp.sh [option of google-benchmark…]`,
# e.g. `cpp.sh --benchmark_filter=RoundTrip`, or `--benchmark_out=FILE` for JSON.
# Needs what deploy/quickstart.sh installs, and libbenchmark-dev.
set -euo pipefail

checkout=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
build=$checkout/build/bench/cpp
mkdir -p "$build"

quietly() {
  "$@" >"$build/log" 2>&1 || {
    tail -n 30 "$build/log" >&2
    echo "cpp.sh: failed: $*" >&2
    echo "is everything there? deploy/quickstart.sh, apt-get install libbenchmark-dev" >&2
    exit 1
  }
}

quietly cmake -S "$checkout" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release \
  -DENVKNIT_BUILD_BENCHMARKS=ON -DENVKNIT_BUILD_DAEMON=OFF -DENVKNIT_BUILD_PYTHON_CLIENT=OFF
quietly cmake --build "$build" --target benchmark_frame
exec "$build/benchmarks/benchmark_frame" "$@"
