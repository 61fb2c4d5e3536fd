# shellcheck shell=bash
# Sourced by tests/run.sh: the suites of the C++ code.
# shellcheck disable=SC2154  # set by the sourcing script and steps.sh

# run_gtests SUITE PRESET   each test executable of that build.
run_gtests() {
  local suite=$1 executable name any=
  mkdir -p "$results/$suite"
  for executable in "$root/build/$2"/tests/test_*; do
    [ -x "$executable" ] || continue
    any=1
    name=$(basename "$executable")
    counted "$suite" "$name" "$results/$suite/$name.xml" \
      timeout 600 "$executable" "--gtest_output=xml:$results/$suite/$name.xml"
  done
  [ -n "$any" ] || record "$suite" failed "no test executables"
}

suite_unit() {
  build_release unit
  [ -z "$ok" ] || run_gtests unit release
}

# Warnings are errors, so building is the check.
suite_clang() {
  check clang "build of preset clang" build_preset clang all
}

suite_tsan() {
  # die_after_fork: the spawner's vfork is a fork to ThreadSanitizer, and the tests
  # of processes start threads after one.
  export TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1:die_after_fork=0:atexit_sleep_ms=0
  check tsan "build of preset tsan" build_preset tsan envknit_tests
  [ -z "$ok" ] || run_gtests tsan tsan
  export TSAN_OPTIONS=halt_on_error=1
  run_threaded_codec
  unset TSAN_OPTIONS
}

suite_asan() {
  build_release asan
  [ -n "$ok" ] || return 0
  check asan "build of preset asan" build_preset asan all
  [ -n "$ok" ] || return 0
  # The workers' modules have no sanitizer; those of the release build serve.
  ln -sfn ../../release/bin/runtime "$root/build/asan/bin/runtime"
  export ASAN_OPTIONS=detect_leaks=1:strict_string_checks=1:detect_stack_use_after_return=1
  export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
  run_gtests asan asan
  run_integration asan "$root/build/asan/bin/envknitd"
  run_sanitized_codec
  unset ASAN_OPTIONS UBSAN_OPTIONS
}

# An uninstrumented python must load the sanitizer first; what it leaks itself is
# not ours.
run_sanitized_codec() {
  once asan "environment for the codec's tests" make_codec_venv
  [ -n "$ok" ] || return 0
  ENVKNIT_TEST_BUILD=$root/build/asan ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0 \
    LD_PRELOAD="$(g++ -print-file-name=libasan.so) $(g++ -print-file-name=libubsan.so)" \
    run_pytest asan tests-pyvalue "$codec_venv" "$root/tests/pyvalue"
}

# As above, for ThreadSanitizer.
run_threaded_codec() {
  once tsan "environment for the codec's tests" make_codec_venv
  [ -n "$ok" ] || return 0
  check tsan "codec of preset tsan" build_preset tsan all
  [ -n "$ok" ] || return 0
  ENVKNIT_TEST_BUILD=$root/build/tsan LD_PRELOAD=$(g++ -print-file-name=libtsan.so) \
    run_pytest tsan tests-pyvalue "$codec_venv" "$root/tests/pyvalue"
}
