# shellcheck shell=bash
# Sourced by tests/run.sh: how checks are run and counted. Everything ends as
# JUnit XML, or as a line of checks.tsv, in build/results; count_results.py adds
# them up.
# shellcheck disable=SC2154  # set by the sourcing script and steps.sh
results=$root/build/results

clear_results() {
  rm -rf "$results"
  mkdir -p "$results" "$log_dir"
}

# record SUITE passed|failed|skipped NAME [REASON]
record() { printf '%s\t%s\t%s\t%s\n' "$1" "$2" "$3" "${4:-}" >>"$results/checks.tsv"; }

skip() {
  say "    skipped: $2 ($3)"
  record "$1" skipped "$2" "$3"
}

# logged LOG COMMAND…   sets `status` to how it ended. Never part of a condition,
# and called by none: that would switch `set -e` off inside the command.
logged() {
  local log=$1
  shift
  set +e
  (set -e && "$@") >"$log" 2>&1 </dev/null
  status=$?
  set -e
}

show_end() {
  say "    FAILED: $1; the end of $2:"
  tail -n 60 "$2" | sed 's/^/      | /'
}

# check SUITE NAME COMMAND…   one check; its output is shown only if it fails.
# Sets `ok` to 1 if it passed, else to nothing.
# shellcheck disable=SC2034  # the suites read it
check() {
  local suite=$1 name=$2 log started=$SECONDS status
  shift 2
  log=$log_dir/$suite-$(printf '%s' "$name" | tr -cs 'a-zA-Z0-9.' '-').log
  logged "$log" "$@"
  ok=
  if [ "$status" -eq 0 ]; then
    ok=1
    say "    passed: $name ($((SECONDS - started)) s)"
    record "$suite" passed "$name"
  else
    show_end "$name" "$log"
    record "$suite" failed "$name"
  fi
}

# counted SUITE NAME XML COMMAND…   a test program that counts for itself, in
# XML. One that fails without saying so there is one failure more.
counted() {
  local suite=$1 name=$2 xml=$3 log started=$SECONDS status
  shift 3
  log=$log_dir/$suite-$name.log
  rm -f "$xml"
  logged "$log" "$@"
  if [ "$status" -eq 0 ] && [ -s "$xml" ]; then
    say "    passed: $name ($(python_of_tests "$here/count_results.py" --one "$xml"), $((SECONDS - started)) s)"
    return
  fi
  show_end "$name" "$log"
  python_of_tests "$here/count_results.py" --has-failure "$xml" ||
    record "$suite" failed "$name" "ended with status $status and without a result"
}

report_results() { python_of_tests "$here/count_results.py" "$results"; }
