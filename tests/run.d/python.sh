# shellcheck shell=bash
# Sourced by tests/run.sh: the suites of pytest, and the benchmarks.
# What the tests are given is described in tests/README.md.
# shellcheck disable=SC2154  # set by the sourcing script and steps.sh

# run_pytest SUITE NAME VENV ARGUMENT…
run_pytest() {
  local suite=$1 name=$2 venv=$3
  shift 3
  mkdir -p "$results/$suite"
  # A background job of a shell ignores SIGINT, and would hand that on.
  counted "$suite" "$name" "$results/$suite/$name.xml" \
    env --default-signal=INT timeout 1800 "$venv/bin/python" -m pytest -q -p no:cacheprovider -c "$root/tests/pytest.ini" \
    --rootdir "$root/tests" --junitxml "$results/$suite/$name.xml" "$@"
}

suite_runtime() {
  local folder
  build_release runtime
  [ -n "$ok" ] || return 0
  once runtime "environment for the codec's tests" make_codec_venv
  [ -n "$ok" ] || return 0
  prepare_environments runtime
  [ -n "$ok" ] || return 0
  export ENVKNIT_TEST_BUILD=$root/build/release
  for folder in pyvalue runtime; do
    run_pytest runtime "tests-$folder" "$codec_venv" "$root/tests/$folder"
  done
}

suite_python() {
  [ -d "$root/tests/python" ] || { skip python tests/python "there are none"; return; }
  prepare_python python
  [ -n "$ok" ] || return 0
  once python "environment with well-known packages" packages_environment
  [ -z "$ok" ] || run_pytest python tests-python "$tests_venv" "$root/tests/python"
}

# run_integration SUITE DAEMON
run_integration() {
  [ -d "$root/tests/integration" ] || { skip "$1" tests/integration "there are none"; return; }
  prepare_python "$1"
  [ -n "$ok" ] || return 0
  go_tool grpcurl github.com/fullstorydev/grpcurl/cmd/grpcurl@v1.9.3
  export ENVKNIT_TEST_DAEMON=$2 ENVKNIT_TEST_GRPCURL=$tool ENVKNIT_TEST_NO_GRPCURL=$why_not
  run_pytest "$1" tests-integration "$tests_venv" "$root/tests/integration"
}

suite_integration() {
  build_release integration
  [ -z "$ok" ] || run_integration integration "$root/build/release/bin/envknitd"
}

suite_benchmarks() {
  [ -x "$root/tests/benchmarks/run.sh" ] || { skip benchmarks tests/benchmarks "there are none"; return; }
  prepare_python benchmarks
  mkdir -p "$results/benchmarks"
  [ -z "$ok" ] || check benchmarks "tests/benchmarks/run.sh --quick" \
    timeout 1200 "$root/tests/benchmarks/run.sh" --quick --ours "$tests_venv/bin/python" \
    --json "$results/benchmarks/table.json" --markdown "$results/benchmarks/table.md"
  [ -z "$ok" ] || check benchmarks "tests/benchmarks/import_benchmark.py --quick" \
    timeout 300 "$tests_venv/bin/python" "$root/tests/benchmarks/import_benchmark.py" --quick
}
