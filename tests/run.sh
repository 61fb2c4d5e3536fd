#!/usr/bin/env bash
# Builds and runs every check and test:
#   ./tests/run.sh [--quick | --full] [--suite NAME[,NAME…]] [--list] [--help]
#   --quick   only lint, unit, runtime, python and inprocess, on one build
#   --full    also clang-tidy (a quarter of an hour more)
#   --suite   only these suites
#   --list    prints the suites
# Installs what is missing (Debian packages as root or with sudo; Python and Go
# tools under build/). The last line is `N passed, N failed, N skipped`; the exit
# status is 0 only if nothing failed. PYTHON=… chooses the Python.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
here=$root/tests/run.d
# shellcheck source=deploy/steps.sh
. "$root/deploy/steps.sh"
# shellcheck source=deploy/numpy_environments.sh
. "$root/deploy/numpy_environments.sh"
# shellcheck source=tests/run.d/results.sh
. "$here/results.sh"
# shellcheck source=tests/run.d/setup.sh
. "$here/setup.sh"
# shellcheck source=tests/run.d/packages.sh
. "$here/packages.sh"
# shellcheck source=tests/run.d/lint.sh
. "$here/lint.sh"
# shellcheck source=tests/run.d/cpp.sh
. "$here/cpp.sh"
# shellcheck source=tests/run.d/python.sh
. "$here/python.sh"
# shellcheck source=tests/run.d/inprocess_packages.sh
. "$here/inprocess_packages.sh"
# shellcheck source=tests/run.d/clients.sh
. "$here/clients.sh"
# shellcheck source=tests/run.d/fuzz.sh
. "$here/fuzz.sh"

declare -A about=(
  [lint]="formatting, types, shell, protos, layers, house rules"
  [unit]="the C++ tests of a release build"
  [runtime]="tests/pyvalue and tests/runtime: codec and worker runtime of the release build"
  [python]="tests/python against the installed package"
  [inprocess]="tests/inprocess: use(), defaults and hooks on every Python found"
  [pythons]="a selection of tests/python on every other Python found"
  [integration]="tests/integration: a real daemon, real workers, grpcurl"
  [clang]="a clang build with -Wthread-safety, without gRPC"
  [tsan]="the C++ tests under ThreadSanitizer, without gRPC"
  [asan]="the C++ tests and tests/integration under ASan and UBSan"
  [fuzz]="a few minutes of libFuzzer on frames, values and requests"
  [benchmarks]="that the benchmarks run (few rounds; figures: tests/benchmarks/run.sh)"
  [tidy]="clang-tidy (with --full)"
)
suites=(lint unit runtime python inprocess pythons integration clang tsan asan fuzz benchmarks)

while [ $# -gt 0 ]; do
  case $1 in
    --quick) suites=(lint unit runtime python inprocess) ;;
    --full) suites+=(tidy) ;;
    --suite | --suite=*)
      if [ "$1" = --suite ]; then shift; fi
      list=${1:-}
      IFS=, read -ra suites <<<"${list#--suite=}"
      for suite in "${suites[@]}"; do
        [ -n "${about[$suite]:-}" ] || fail "no suite '$suite'" "one of: ${!about[*]}"
      done
      [ "${#suites[@]}" -gt 0 ] || fail "--suite needs a name" "one of: ${!about[*]}"
      ;;
    --list)
      for suite in "${suites[@]}" tidy; do printf '%-12s %s\n' "$suite" "${about[$suite]}"; done
      exit 0
      ;;
    -h | --help)
      sed -n '2,10s/^# \{0,1\}//p' "$0"
      exit 0
      ;;
    *) fail "unknown argument: $1" "see $0 --help" ;;
  esac
  shift
done

started=$SECONDS
clear_results
set_up
for suite in "${suites[@]}"; do
  say
  say "=== $suite: ${about[$suite]}"
  suite_started=$SECONDS
  "suite_$suite"
  say "    $suite took $((SECONDS - suite_started)) s"
done
say
say "took $(((SECONDS - started) / 60)) min $(((SECONDS - started) % 60)) s; logs: build/logs, results: build/results"
report_results
