# shellcheck shell=bash
# Sourced by tests/run.sh: the client on every Python minor that is promised, staged
# as a wheel would install it but without building one for each; and its suites.
# shellcheck disable=SC2154  # set by the sourcing script and setup.sh

promised_minors=(3.10 3.11 3.12 3.13)

# interpreter_of MINOR   prints the one whose modules the build has, or nothing.
interpreter_of() {
  "$build_venv/bin/python" "$root/server/cmake/find_pythons.py" |
    awk -F';' -v tag="${1/./}" '$1 == tag { print $2 }'
}

# why_no_client MINOR INTERPRETER   prints why it can't be tested, or nothing.
why_no_client() {
  if [ -z "$2" ]; then
    echo "no CPython $1 with C headers on this machine"
  elif ! "$2" -c 'import ensurepip, venv' 2>/dev/null; then
    echo "$2 has no ensurepip"
  fi
}

# stage_client MINOR   build/python/MINOR/envknit from the sources and the build.
stage_client() {
  local tree=$root/build/python/$1 build=$root/build/release
  rm -rf "$tree.new"
  mkdir -p "$tree.new"
  (cd "$root/python_client/src" && find envknit -name __pycache__ -prune -o -type f -print0 |
    xargs -0 cp --parents -t "$tree.new")
  cp "$build/python/envknit/"{_core,_lock}".cpython-${1/./}-"*.so "$tree.new/envknit"
  ln -s "$build/bin" "$tree.new/envknit/_daemon"
  printf 'VERSION = "%s"\n' \
    "$(sed -n 's/^project(envknit VERSION \([0-9.]*\).*/\1/p' "$root/CMakeLists.txt")" \
    >"$tree.new/envknit/_version.py"
  rm -rf "$tree"
  mv "$tree.new" "$tree"
}

staged_venv() { printf '%s' "$root/build/venv-tests-$1"; }

# make_staged_venv MINOR INTERPRETER   a venv that sees the staged client, with the
# command that the wheel would install.
make_staged_venv() {
  # shellcheck disable=SC2034  # with that one, fresh_venv makes it
  local venv python=$2 packages
  venv=$(staged_venv "$1")
  fresh_venv "$venv" "${test_tools[@]}" 'grpcio>=1.60,<2'
  packages=$("$venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
  printf '%s\n' "$root/build/python/$1" >"$packages/envknit.pth"
  printf '#!%s\nimport sys\n\nfrom envknit._daemon_entry import main\n\nsys.exit(main())\n' \
    "$venv/bin/python" >"$venv/bin/envknitd"
  chmod +x "$venv/bin/envknitd"
  stage_client "$1"
  (cd / && "$venv/bin/python" -c 'import envknit, envknit._core, envknit._lock')
}

# prepare_clients SUITE MINOR…   sets `minors` to those of them that can be tested,
# and skips the others.
prepare_clients() {
  local suite=$1 minor interpreter why
  shift
  minors=()
  once "$suite" "build of the client for every Python" build_preset release envknit_clients
  [ -z "$ok" ] || prepare_environments "$suite"
  [ -n "$ok" ] || return 0
  for minor in "$@"; do
    interpreter=$(interpreter_of "$minor")
    why=$(why_no_client "$minor" "$interpreter")
    if [ -n "$why" ]; then
      skip "$suite" "tests-$suite-$minor" "$why"
    else
      once "$suite" "staged client for Python $minor" make_staged_venv "$minor" "$interpreter"
      [ -z "$ok" ] || minors+=("$minor")
    fi
  done
}

# on_each_minor COMMAND…   COMMAND… MINOR for each of `minors`, all at a time: they
# wait more than they compute.
on_each_minor() {
  local minor
  for minor in "${minors[@]}"; do
    "$@" "$minor" &
  done
  wait
}

inprocess_on() {
  ENVKNIT_TEST_INPROCESS_LOCK=$environments/inprocess/$1/envknit.lock.yaml \
    run_pytest inprocess "tests-inprocess-$1" "$(staged_venv "$1")" "$root/tests/inprocess"
}

suite_inprocess() {
  local minor minors with_packages=()
  prepare_clients inprocess "${promised_minors[@]}"
  [ "${#minors[@]}" -gt 0 ] || return 0
  once inprocess "packages in two versions" pure_inprocess_packages
  [ -n "$ok" ] || return 0
  for minor in "${minors[@]}"; do
    once inprocess "packages in two versions for Python $minor" \
      inprocess_packages "$minor" "$(interpreter_of "$minor")"
    [ -z "$ok" ] || with_packages+=("$minor")
  done
  minors=("${with_packages[@]}")
  on_each_minor inprocess_on
}

# Of what may differ between Pythons: the codec, signals, fork, threads, coroutines,
# and special methods; a minute of tests.
chosen_tests=(
  async attributes context_managers copies describe environment exceptions fork handles
  hostile_values interrupts isolation lock_files named_tuples numpy proxies round_trips
  subinterpreter_edges subinterpreter_faults subinterpreter_guide threads value_properties
  values
)
python_on() {
  local name files=()
  for name in "${chosen_tests[@]}"; do
    files+=("$root/tests/python/test_$name.py")
  done
  ENVKNIT_TEST_INPROCESS_LOCK=$environments/inprocess/$1/envknit.lock.yaml \
    run_pytest pythons "tests-pythons-$1" "$(staged_venv "$1")" "${files[@]}"
}

suite_pythons() {
  local minor minors others=()
  for minor in "${promised_minors[@]}"; do
    # The build's own has suite python, against the installed wheel.
    [ "$(python_version | cut -d. -f1-2)" = "$minor" ] || others+=("$minor")
  done
  prepare_clients pythons "${others[@]}"
  on_each_minor python_on
}
