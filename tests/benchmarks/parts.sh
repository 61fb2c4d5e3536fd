#!/usr/bin/env bash
# Builds and runs the benchmarks of single parts:
#   parts.sh frame [option of google-benchmark…]   e.g. --benchmark_filter=RoundTrip
#   parts.sh codec                                 beside pickle and marshal
#   parts.sh                                       both
# Needs what deploy/quickstart.sh installs, and libbenchmark-dev and libgtest-dev.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
checkout=$(cd "$here/../.." && pwd)
build=$checkout/build/bench/parts
mkdir -p "$build"

part=${1:-}
case $part in
  '' | frame | codec) ;;
  *)
    sed -n '2,6s/^# \{0,1\}//p' "$0" >&2
    exit 2
    ;;
esac

quietly() {
  "$@" >"$build/log" 2>&1 || {
    tail -n 30 "$build/log" >&2
    echo "parts.sh: failed: $*" >&2
    echo "is everything there? deploy/quickstart.sh, apt-get install libbenchmark-dev libgtest-dev" >&2
    exit 1
  }
}

# The build's own Python is asked which of the codec's modules it can load.
python=$checkout/build/venv-build/bin/python
[ -x "$python" ] || python=$(command -v "${PYTHON:-python3}")
tag=$("$python" -c 'import sys; print("%d%d" % sys.version_info[:2])')

quietly cmake -S "$checkout" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release \
  -DPython3_EXECUTABLE="$python" \
  -DENVKNIT_BUILD_BENCHMARKS=ON -DENVKNIT_BUILD_DAEMON=OFF -DENVKNIT_BUILD_PYTHON_CLIENT=OFF

if [ "$part" != codec ]; then
  quietly cmake --build "$build" --target benchmark_frame
  "$build/benchmarks/benchmark_frame" "${@:2}"
fi
if [ "$part" != frame ]; then
  quietly cmake --build "$build" --target "pyvalue_test_$tag"
  "$python" "$here/codec_benchmark.py" "$build/tests/pyvalue"
fi
