#!/usr/bin/env bash
# Benchmarks, side by side in one run: this project, the reference implementation
# of the same Python API, and the floors. `run.sh --help` lists the options.
#
# Needs a Python 3.10 or newer with venv and pip. What it makes (a virtual
# environment, a numpy directory, a lock file) stays under build/bench/ and is
# used again by the next run.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
checkout=$(cd "$here/../.." && pwd)

# The driver runs on anything new enough; which interpreter the contestants get
# is decided by the driver (that of --ours, so that all run on the same Python).
for python in "${PYTHON:-}" "$checkout/.venv/bin/python" python3; do
  if [ -n "$python" ] && command -v "$python" >/dev/null 2>&1 &&
    "$python" -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null; then
    exec "$python" "$here/driver.py" "$@"
  fi
done
echo "run.sh: no Python 3.10 or newer found." \
  "Install python3 and python3-venv, or name one: PYTHON=/path/to/python $0" >&2
exit 1
