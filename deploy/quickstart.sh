#!/usr/bin/env bash
# From a bare Debian 12 to two numpys in one program:
#   ./deploy/quickstart.sh
# installs the Debian packages (as root or with sudo), builds, makes .venv/ with
# envknit and without numpy, prepares .demo/ with two environments, and runs
# deploy/demo.py. A second run does only what changed.
#   PYTHON=/path/to/python3.12 ./deploy/quickstart.sh   another Python, 3.10 or later
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=deploy/steps.sh
. "$root/deploy/steps.sh"
# shellcheck source=deploy/numpy_environments.sh
. "$root/deploy/numpy_environments.sh"

case ${1:-} in
  '') ;;
  -h | --help)
    sed -n '2,8s/^# \{0,1\}//p' "$0"
    exit 0
    ;;
  *) fail "unknown argument: $1" "see $0 --help" ;;
esac

make_client_venv() {
  make_build_venv
  if ! same_python "$root/.venv"; then
    rm -rf "$root/.venv"
    "$python" -m venv "$root/.venv"
  fi
  install_client "$root/.venv"
  sources_digest >"$root/.venv/envknit-sources"
}

install_packages "$root/deploy/debian-packages.txt"
choose_python
say "    Python $(python_version): $python"
if ! same_python "$root/.venv" || needs_client "$root/.venv"; then
  step "building envknit into .venv (the first time: some minutes)" \
    "read the first error in the log; if memory ran out, CMAKE_BUILD_PARALLEL_LEVEL=1 $0" \
    make_client_venv
fi
for name in numpy1 numpy2; do
  numpy_environment "$root/.demo" "$name"
done
write_lock "$root/.demo/envknit.lock.yaml" numpy1 numpy2
say "==> running deploy/demo.py with .venv/bin/python, which has no numpy"
say
"$root/.venv/bin/python" "$root/deploy/demo.py" "$root/.demo/envknit.lock.yaml" ||
  fail "the demo" "run it alone: .venv/bin/python deploy/demo.py .demo/envknit.lock.yaml"
say
say "Next: .venv/bin/python and README.md's first example; .venv/bin/envknitd --help"
