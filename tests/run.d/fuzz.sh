# shellcheck shell=bash
# Sourced by tests/run.sh: the fuzzers of tests/fuzz, two at a time: those of frames and
# values for ENVKNIT_FUZZ_SECONDS (60), the others for half of it. What they found stays in build/fuzz/found/NAME: run
# build/fuzz/tests/fuzz_NAME on such a file to see it again. What they learnt is kept in
# build/fuzz/learnt for the next time.
# shellcheck disable=SC2154  # set by the sourcing script and steps.sh

# Pairs of equal time.
fuzzers=(frame value json request attach reply)

suite_fuzz() {
  local name first second beside status ready=()
  check fuzz "build of preset fuzz" build_preset fuzz envknit_fuzzers
  [ -n "$ok" ] || return 0
  once fuzz "environment for the codec's tests" make_codec_venv
  [ -n "$ok" ] || return 0
  check fuzz "seeds" "$codec_venv/bin/python" "$root/tests/fuzz/seeds.py" "$root/build/fuzz/seeds"
  [ -n "$ok" ] || return 0
  for name in "${fuzzers[@]}"; do
    if [ -x "$root/build/fuzz/tests/fuzz_$name" ]; then
      ready+=("$name")
    else
      skip fuzz "fuzz_$name" "$(cat "$root/build/fuzz/tests/left_out.txt")"
    fi
  done
  while [ "${#ready[@]}" -gt 0 ]; do
    first=${ready[0]} second=${ready[1]:-}
    ready=("${ready[@]:2}")
    if [ -z "$second" ]; then
      check fuzz "fuzz_$first" run_fuzzer "$first"
      continue
    fi
    run_fuzzer "$second" >"$log_dir/fuzz-beside.log" 2>&1 </dev/null &
    beside=$!
    check fuzz "fuzz_$first" run_fuzzer "$first"
    status=0
    wait "$beside" || status=$?
    check fuzz "fuzz_$second" ended "$status" "$log_dir/fuzz-beside.log"
  done
}

# ended STATUS LOG   what a program beside did.
ended() {
  cat "$2"
  return "$1"
}

# run_fuzzer NAME
run_fuzzer() {
  local work=$root/build/fuzz seconds=${ENVKNIT_FUZZ_SECONDS:-60}
  case $1 in
    frame | value) ;;
    *) seconds=$(((seconds + 1) / 2)) ;;
  esac
  mkdir -p "$work/learnt/$1" "$work/found/$1"
  UBSAN_OPTIONS=print_stacktrace=1 "$work/tests/fuzz_$1" \
    -max_total_time="$seconds" -timeout=20 -rss_limit_mb=2048 -max_len=4096 \
    -print_final_stats=1 -verbosity=0 -artifact_prefix="$work/found/$1/" \
    "$work/learnt/$1" "$work/seeds/$1"
}
