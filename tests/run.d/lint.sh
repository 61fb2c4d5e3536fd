# shellcheck shell=bash
# Sourced by tests/run.sh: the suites that read the sources.
# shellcheck disable=SC2154  # set by the sourcing script and steps.sh

tracked() { git -C "$root" ls-files -- "$@"; }

suite_lint() {
  check lint "clang-format" clang_format
  check lint "ruff: rules" "$lint_venv/bin/ruff" check --no-cache "$root"
  check lint "ruff: format" "$lint_venv/bin/ruff" format --no-cache --check "$root"
  check lint "mypy strict" mypy_strict
  check lint "shellcheck" shell_check
  check lint "layers" python_of_tests "$root/tests/layering/check_layers.py" "$root"
  check lint "house rules" python_of_tests "$root/tests/lint/check_files.py" "$root"
  go_tool buf github.com/bufbuild/buf/cmd/buf@v1.50.0
  if [ -n "$tool" ]; then
    check lint "buf lint" buf_lint "$tool"
  else
    skip lint "buf lint" "$why_not"
  fi
  mkdir -p "$results/lint"
  counted lint checks-of-the-checks "$results/lint/checks.xml" \
    "$lint_venv/bin/pytest" -q -p no:cacheprovider --junitxml "$results/lint/checks.xml" \
    "$root/tests/layering" "$root/tests/lint" "$root/tests/cmake" "$here"
}

clang_format() {
  (cd "$root" && tracked '*.h' '*.cc' | xargs clang-format-14 --dry-run -Werror)
}

# Each folder on its own: their scripts are not one package.
mypy_strict() {
  local folder status=0
  export MYPY_CACHE_DIR=$root/build/mypy
  for folder in python_client/src/envknit server/runtime server/cmake deploy tests/layering tests/lint tests/run.d; do
    [ -n "$(tracked "$folder/*.py")" ] || continue
    say "$folder"
    (cd "$root" && tracked "$folder/*.py" "$folder/*.pyi" |
      MYPYPATH=python_client/src:$folder xargs "$lint_venv/bin/mypy" --config-file python_client/pyproject.toml) || status=1
  done
  return "$status"
}

shell_check() {
  (cd "$root" && { tracked '*.sh' && printf '.ci/run\n'; } | xargs shellcheck -x)
}

# On a copy, beside the google/rpc protos that the build takes from PyPI.
buf_lint() {
  local copy=$root/build/buf google
  google=$("$build_venv/bin/python" "$root/server/cmake/locate_packages.py" | cut -d';' -f2)
  rm -rf "$copy"
  mkdir -p "$copy/google/rpc"
  cp -r "$root/protos/." "$copy"
  cp "$google"/google/rpc/{code,status,error_details}.proto "$copy/google/rpc"
  cd "$copy" || return
  "$1" lint
}

suite_tidy() {
  check tidy "configuration of preset clang" configure clang
  [ -z "$ok" ] || check tidy "clang-tidy" clang_tidy
}

# The files that the clang preset compiles.
clang_tidy() {
  (cd "$root" && tracked 'server/*.cc' |
    while read -r file; do
      if grep -qF "$root/$file\"" build/clang/compile_commands.json; then printf '%s\n' "$file"; fi
    done | xargs -P "$jobs" -n 4 clang-tidy-14 --quiet -p build/clang)
}
