# shellcheck shell=bash
# Sourced by deploy/quickstart.sh: .demo/ with two environments and their lock
# file, from wheels only.

demo=$root/.demo
# A line of numpy → the version of it, and the newest minor that has its wheels.
declare -A numpy_version=([numpy1]=1.26.4 [numpy2]=2.2.6)
declare -A newest_minor=([numpy1]=12 [numpy2]=13)

# python_for ENVIRONMENT   prints a Python that has wheels of its numpy: the
# chosen one if it is not too new, else another on this machine.
python_for() {
  "$build_venv/bin/python" "$root/server/cmake/find_pythons.py" |
    awk -F';' -v newest="${newest_minor[$1]}" -v own="3$("$python" -c 'import sys; print(sys.version_info[1])')" '
      substr($1, 2) + 0 <= newest { best = $2; if ($1 == own) chosen = $2 }
      END { print chosen != "" ? chosen : best }'
}

install_numpy() {
  local name=$1 interpreter=$2 target=$demo/$1 tag
  tag=$("$interpreter" -c 'import sys; print("%d%d" % sys.version_info[:2])')
  rm -rf "$target"
  # The build venv's pip may serve another interpreter than its own.
  "$build_venv/bin/python" -m pip install --disable-pip-version-check --progress-bar off \
    --target "$target" --only-binary :all: --implementation cp \
    --python-version "${tag:0:1}.${tag:1}" --abi "cp$tag" "numpy==${numpy_version[$name]}"
  printf '%s' "$interpreter" >"$target/.python"
}

write_demo_lock() {
  local name
  {
    printf '# Made by deploy/quickstart.sh.\nschema_version: "1.0"\nenvironments:\n'
    for name in numpy1 numpy2; do
      printf '  %s:\n    python: "%s"\n    packages:\n' "$name" "$(cat "$demo/$name/.python")"
      printf '      - {name: numpy, version: %s, install_path: %s}\n' "${numpy_version[$name]}" "$name"
    done
  } >"$demo/envknit.lock.yaml.new"
  mv "$demo/envknit.lock.yaml.new" "$demo/envknit.lock.yaml"
}

make_demo_environments() {
  local name interpreter
  mkdir -p "$demo"
  for name in numpy1 numpy2; do
    interpreter=$(python_for "$name")
    [ -n "$interpreter" ] ||
      fail "no Python here has wheels of numpy ${numpy_version[$name]} (3.10 to 3.${newest_minor[$name]} have)" \
        "install one with its C headers, or set PYTHON to one, and run this again"
    if [ "$(cat "$demo/$name/.python" 2>/dev/null)" = "$interpreter" ] &&
      [ -d "$demo/$name/numpy-${numpy_version[$name]}.dist-info" ]; then continue; fi
    step "installing numpy ${numpy_version[$name]} into .demo/$name" \
      "check the network and pip's index, then run this again" \
      install_numpy "$name" "$interpreter"
  done
  write_demo_lock
}
