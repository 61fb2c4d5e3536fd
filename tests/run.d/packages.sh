# shellcheck shell=bash
# Sourced by tests/run.sh: an environment of well-known packages with compiled parts,
# from wheels only, and the lock file that names them.
# shellcheck disable=SC2154  # set by the sourcing script and setup.sh

# All have wheels for Python 3.10 to 3.13.
known_packages=(
  numpy==2.2.6 pandas==2.2.3 scipy==1.15.3 markupsafe==3.0.2 regex==2024.11.6 lxml==5.3.0
  pydantic==2.10.4 cryptography==44.0.0 pillow==11.0.0
)

# packages_environment   makes $environments/packages unless it is there with just these.
packages_environment() {
  local target=$environments/packages name
  if [ "$(cat "$target/.packages" 2>/dev/null)" != "$python ${known_packages[*]}" ]; then
    rm -rf "$target"
    mkdir -p "$environments"
    "$build_venv/bin/python" -m pip install --disable-pip-version-check --progress-bar off \
      --target "$target" --only-binary :all: "${known_packages[@]}"
    printf '%s' "$python ${known_packages[*]}" >"$target/.packages"
  fi
  {
    printf 'schema_version: "1.0"\nenvironments:\n  packages:\n'
    for name in "${known_packages[@]}"; do
      printf '    - {name: %s, version: "%s", install_path: packages}\n' "${name%%==*}" "${name##*==}"
    done
  } >"$environments/packages.lock.yaml"
}
