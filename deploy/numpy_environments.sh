# shellcheck shell=bash
# Sourced by deploy/quickstart.sh and tests/run.sh: environments with a numpy
# each, from wheels only, and the lock file that names them.
# shellcheck disable=SC2154  # set by the sourcing script and steps.sh

# Environment → its numpy, and the newest minor that numpy has wheels for.
declare -A numpy_version=([numpy1]=1.26.4 [numpy2]=2.2.6 [other]=2.2.6)
declare -A newest_minor=([numpy1]=12 [numpy2]=13 [other]=13)

# python_for ENVIRONMENT   prints a Python with wheels of its numpy: the chosen
# one if it has them, else the newest on this machine that has. `other` is always
# another minor than the chosen one. Prints nothing if there is none.
python_for() {
  "$build_venv/bin/python" "$root/server/cmake/find_pythons.py" |
    awk -F';' -v newest="${newest_minor[$1]}" -v other="$([ "$1" != other ] || echo 1)" \
      -v own="$("$python" -c 'import sys; print("%d%d" % sys.version_info[:2])')" '
      substr($1, 2) + 0 > newest { next }
      $1 == own { chosen = $2; next }
      { best = $2 }
      END { print other || chosen == "" ? best : chosen }'
}

install_numpy() {
  local version=$1 interpreter=$2 target=$3 tag
  tag=$("$interpreter" -c 'import sys; print("%d%d" % sys.version_info[:2])')
  rm -rf "$target"
  # The build venv's pip serves other interpreters than its own, too.
  "$build_venv/bin/python" -m pip install --disable-pip-version-check --progress-bar off \
    --target "$target" --only-binary :all: --implementation cp \
    --python-version "${tag:0:1}.${tag:1}" --abi "cp$tag" "numpy==$version"
  printf '%s' "$interpreter" >"$target/.python"
}

# numpy_environment FOLDER NAME   makes FOLDER/NAME unless it is there already.
numpy_environment() {
  local target=$1/$2 version=${numpy_version[$2]} interpreter
  interpreter=$(python_for "$2")
  [ -n "$interpreter" ] ||
    fail "no Python here has wheels of numpy $version (3.10 to 3.${newest_minor[$2]} have)" \
      "install one with its C headers, or set PYTHON to one, and run this again"
  if [ "$(cat "$target/.python" 2>/dev/null)" = "$interpreter" ] &&
    [ -d "$target/numpy-$version.dist-info" ]; then return 0; fi
  mkdir -p "$1"
  step "installing numpy $version into $target" \
    "check the network and pip's index, then run this again" \
    install_numpy "$version" "$interpreter" "$target"
}

# write_lock FILE NAME…   the lock file of the environments beside it.
write_lock() {
  local file=$1 name folder
  folder=$(dirname "$file")
  shift
  {
    printf '# Written by %s.\nschema_version: "1.0"\nenvironments:\n' "$(basename "$0")"
    for name in "$@"; do
      printf '  %s:\n    python: "%s"\n    packages:\n' "$name" "$(cat "$folder/$name/.python")"
      printf '      - {name: numpy, version: %s, install_path: %s}\n' "${numpy_version[$name]}" "$name"
    done
  } >"$file.new"
  mv "$file.new" "$file"
}
