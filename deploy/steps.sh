# shellcheck shell=bash
# Sourced by deploy/quickstart.sh and tests/run.sh: steps that show their
# progress and say what to do when they fail, and the set-up both need.
# The sourcing script sets `root` (the checkout).

# shellcheck disable=SC2154  # set by the sourcing script
log_dir=$root/build/logs

say() { printf '%s\n' "$*"; }

# fail MESSAGE [ADVICE]   ends the script.
fail() {
  printf '\nfailed: %s\n' "$1" >&2
  [ -z "${2:-}" ] || printf 'what to do: %s\n' "$2" >&2
  exit 1
}

# Shows the newest ninja counter, package or download in LOG while a step runs.
watch_log() {
  local log=$1 shown='' line pause=15
  [ ! -t 1 ] || pause=1
  # Its output elsewhere: it outlives this function by up to a pause, and must not
  # keep a pipe of the caller's open.
  while sleep "$pause" >/dev/null 2>&1; do
    line=$(grep -aoE '^ *(\[[0-9]+/[0-9]+\] [A-Za-z ]+|Setting up [^ ]+|Downloading [^ ]+|Collecting [^ ]+)' "$log" 2>/dev/null | tail -n 1)
    [ "$line" != "$shown" ] || continue
    shown=$line
    if [ -t 1 ]; then printf '\r\033[K    %s' "${line:0:70}"; else printf '    %s\n' "${line:0:70}"; fi
  done
}

# Also after Ctrl-C, which a background process doesn't see.
watcher=
end_watcher() {
  [ -n "$watcher" ] || return 0
  kill "$watcher" 2>/dev/null || true
  wait "$watcher" 2>/dev/null || true
  watcher=
}
trap end_watcher EXIT

# step TITLE ADVICE COMMAND…   runs it with its output in a log; on failure
# prints the log's end and ADVICE, and ends the script.
step() {
  local title=$1 advice=$2 started=$SECONDS log status
  shift 2
  mkdir -p "$log_dir"
  log=$log_dir/$(printf '%s' "$title" | tr -cs 'a-zA-Z0-9.' '-').log
  say "==> $title"
  : >"$log"
  watch_log "$log" &
  watcher=$!
  # Not `command || status=$?`: that would switch `set -e` off inside.
  set +e
  (set -e && "$@") >>"$log" 2>&1 </dev/null
  status=$?
  set -e
  end_watcher
  [ ! -t 1 ] || printf '\r\033[K'
  if [ "$status" -ne 0 ]; then
    printf '\n--- the last lines of %s\n' "$log" >&2
    tail -n 40 "$log" >&2
    # The cause may stand far above the end of a parallel build's log.
    if grep -qaE '(error|fatal):' "$log"; then
      printf -- '--- the first errors in it\n' >&2
      grep -aE '(error|fatal):' "$log" | head -n 3 >&2
    fi
    fail "$title (exit status $status)" "$advice"
  fi
  say "    done in $((SECONDS - started)) s"
}

# The packages of LIST… that are not installed.
missing_packages() {
  cat "$@" | sed 's/#.*//' | xargs -n1 | sort -u | while read -r package; do
    # shellcheck disable=SC2016  # a format of dpkg-query, not of the shell
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || printf '%s\n' "$package"
  done
}

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

apt_install() {
  as_root env DEBIAN_FRONTEND=noninteractive apt-get update
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@"
}

# install_packages LIST…   installs what is missing, and nothing else.
install_packages() {
  local packages
  if ! command -v apt-get >/dev/null; then
    say "    not a Debian system: what $* name must be here already"
    return 0
  fi
  mapfile -t packages < <(missing_packages "$@")
  [ "${#packages[@]}" -gt 0 ] || return 0
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null ||
      fail "packages are missing and there is no sudo" "as root: apt-get install ${packages[*]}"
    # Here, where it can still ask for a password; the step has no terminal.
    sudo -n true 2>/dev/null || sudo -v ||
      fail "packages are missing and sudo refused" "as root: apt-get install ${packages[*]}"
  fi
  step "installing ${#packages[@]} Debian packages" \
    "check the network and the package sources (apt-get update), then run this again" \
    apt_install "${packages[@]}"
}

# choose_python   sets `python` from $PYTHON or python3, after a look at it.
choose_python() {
  python=$(command -v "${PYTHON:-python3}") || fail "no ${PYTHON:-python3}" "install it, or set PYTHON"
  python=$("$python" -c 'import sys; print(sys.executable)') || fail "$python does not run" "set PYTHON to another"
  "$python" -c 'import sys; sys.exit(sys.version_info < (3, 10))' ||
    fail "$python is $("$python" -V), and 3.10 is the oldest that works" "set PYTHON to a newer one"
  "$python" -c 'import ensurepip, os, sysconfig
assert os.path.exists(os.path.join(sysconfig.get_path("include"), "Python.h"))' 2>/dev/null ||
    fail "$python has no ensurepip or no C headers" "install its -venv and -dev packages, or set PYTHON to another"
}

# python_version   3.11.2 of the chosen one.
python_version() { "$python" -c 'import platform; print(platform.python_version())'; }

# same_python VENV   true if VENV was made by the chosen Python and still runs.
same_python() {
  [ "$("$1/bin/python" -c 'import os, sys; print(os.path.realpath(sys.executable))' 2>/dev/null)" = \
    "$(readlink -f "$python")" ]
}

# fresh_venv VENV REQUIREMENT…   makes it unless it is there with just these.
fresh_venv() {
  local venv=$1
  shift
  if same_python "$venv" && [ "$(cat "$venv/requirements" 2>/dev/null)" = "$*" ]; then return 0; fi
  rm -rf "$venv"
  "$python" -m venv "$venv"
  "$venv/bin/python" -m pip install --disable-pip-version-check --progress-bar off "$@"
  printf '%s' "$*" >"$venv/requirements"
}

# What builds the wheel, at one place of the checkout: paths that stay the same
# let ccache recognise the sources.
build_venv=$root/build/venv-build
make_build_venv() {
  fresh_venv "$build_venv" 'scikit-build-core>=0.11,<2' 'pybind11>=3.0,<4' 'googleapis-common-protos>=1.63'
}

# Compilations of one checkout are the same in every build folder.
export CCACHE_BASEDIR=$root CCACHE_NOHASHDIR=1 CCACHE_COMPILERCHECK=content

# install_client VENV   builds the wheel and puts it into VENV.
install_client() {
  "$build_venv/bin/python" -m pip wheel -v --disable-pip-version-check --no-build-isolation --no-deps \
    --wheel-dir "$root/build/wheels" "$root/python_client"
  "$1/bin/python" -m pip install --disable-pip-version-check --no-deps --force-reinstall \
    --no-index --find-links "$root/build/wheels" envknit
}

# A digest of all that the wheel is made of.
sources_digest() {
  (cd "$root" && find CMakeLists.txt include protos server python_client -type f -not -name '*.pyc' -print0 |
    sort -z | xargs -0 sha256sum | sha256sum | cut -d' ' -f1)
}

# needs_client VENV   true unless VENV has the wheel of just these sources.
needs_client() { [ "$(cat "$1/envknit-sources" 2>/dev/null)" != "$(sources_digest)" ]; }
