# shellcheck shell=bash
# Sourced by tests/run.sh: what the suites need, made once and kept in build/.
# shellcheck disable=SC2154  # set by the sourcing script and steps.sh
tests_venv=$root/build/venv-tests
lint_venv=$root/build/venv-lint
numpy_venv=$root/build/venv-numpy
codec_venv=$root/build/venv-codec
environments=$root/build/environments
go_bin=$root/build/go/bin

python_of_tests() { "$lint_venv/bin/python" "$@"; }

# Two at a time by default: a gRPC file takes a gigabyte.
jobs=${CMAKE_BUILD_PARALLEL_LEVEL:-$(nproc)}

set_up() {
  install_packages "$root/deploy/debian-packages.txt" "$root/tests/debian-packages.txt"
  choose_python
  say "    Python $(python_version): $python"
  step "making the tools' environments" "check the network and pip's index, then run this again" \
    make_tool_venvs
}

make_tool_venvs() {
  make_build_venv
  fresh_venv "$lint_venv" 'mypy>=1.11,<3' 'ruff>=0.6,<1' 'pytest>=8,<10' 'pytest-timeout>=2,<3'
}

# With the Python that has the headers the build needs.
configure() {
  (cd "$root" && cmake --preset "$1" -DPython3_EXECUTABLE="$build_venv/bin/python")
}

build_preset() {
  configure "$1"
  cmake --build "$root/build/$1" -j "$jobs" --target "$2"
}

# once SUITE NAME COMMAND…   a check that several suites rest on: run for the
# first, its outcome remembered in `ok` for the others.
declare -A outcomes=()
once() {
  local name=$2
  if [ -z "${outcomes[$name]+known}" ]; then
    check "$@"
    outcomes[$name]=$ok
  fi
  ok=${outcomes[$name]}
}

build_release() { once "$1" "build of preset release" build_preset release all; }

# client_venv VENV REQUIREMENT…   the wheel in a venv of its own.
client_venv() {
  fresh_venv "$@"
  if needs_client "$1"; then
    install_client "$1"
    sources_digest >"$1/envknit-sources"
  fi
}

test_tools=('pytest>=8,<10' 'hypothesis>=6.100,<7' 'pytest-timeout>=2,<3')
make_client_venvs() {
  # grpcio: a client of another kind, to ask the server with.
  client_venv "$tests_venv" "${test_tools[@]}" 'grpcio>=1.60,<2'
  client_venv "$numpy_venv" "${test_tools[@]}" "numpy==${numpy_version[numpy2]}"
}

# protobuf's own parser is what the codec is held against.
make_codec_venv() {
  fresh_venv "$codec_venv" "${test_tools[@]}" 'protobuf>=5,<8' "numpy==${numpy_version[numpy2]}"
}

make_environments() {
  local names=() name
  for name in numpy1 numpy2 other; do
    if [ -n "$(python_for "$name")" ]; then
      numpy_environment "$environments" "$name"
      names+=("$name")
    fi
  done
  write_lock "$environments/envknit.lock.yaml" "${names[@]}"
}

# prepare_environments SUITE   the environments with numpy.
prepare_environments() {
  once "$1" "environments for the tests" make_environments
  export ENVKNIT_TEST_ENVIRONMENTS=$environments
}

# prepare_python SUITE   what tests/README.md promises to the tests of pytest.
prepare_python() {
  once "$1" "wheel of the Python package" make_client_venvs
  [ -n "$ok" ] || return 0
  export ENVKNIT_TEST_NUMPY_PYTHON=$numpy_venv/bin/python
  prepare_environments "$1"
}

# go_tool NAME MODULE@VERSION   sets `tool` to an executable, or `why_not`.
# shellcheck disable=SC2034  # the suites read them
go_tool() {
  tool='' why_not=''
  if command -v "$1" >/dev/null; then
    tool=$(command -v "$1")
  elif [ -x "$go_bin/$1" ]; then
    tool=$go_bin/$1
  elif ! command -v go >/dev/null; then
    why_not="no $1, and no Go to build it"
  elif ! go version | awk '{ split(substr($3, 3), v, "."); exit !(v[1] > 1 || v[2] >= 24) }'; then
    why_not="no $1, and $(go version | cut -d' ' -f3) is too old to build it (1.24 is needed)"
  elif GOBIN=$go_bin go install "$2" >"$log_dir/go-$1.log" 2>&1; then
    tool=$go_bin/$1
  else
    why_not="go install $2 failed: $log_dir/go-$1.log"
  fi
}
