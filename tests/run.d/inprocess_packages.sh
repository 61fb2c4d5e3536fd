# shellcheck shell=bash
# Sourced by tests/run.sh: well-known packages in two versions each, for what runs
# in the client's own process. Every package is in a folder of its own, as `pip
# install --target` makes it; pure ones serve all Pythons, compiled ones are there
# for each. Environment "old" has no compiled file, not even where a package has
# wheels with some; "new" has compiled ones of requests' charset_normalizer, of
# jinja2's markupsafe (in another folder than jinja2), and of pydantic.
# shellcheck disable=SC2154  # set by the sourcing script and setup.sh

# Folder → requirements; the first is the folder's package. All are named, so that
# the versions stay, and that sqlalchemy's greenlet is left out.
requests_needs='idna==3.7 certifi==2024.7.4'
rich_needs='mdurl==0.1.2 typing_extensions==4.12.2'
declare -A old_packages=(
  [requests]="requests==2.28.2 urllib3==1.26.20 charset-normalizer==3.3.2 $requests_needs"
  [attrs]=attrs==22.2.0
  [click]=click==8.0.4
  [jinja2]='jinja2==3.0.3 markupsafe==2.1.5'
  [packaging]='packaging==21.3 pyparsing==3.1.4'
  [rich]="rich==13.3.5 pygments==2.15.1 markdown-it-py==2.2.0 $rich_needs"
  [sqlalchemy]=sqlalchemy==1.4.54
  [pydantic]='pydantic==1.10.22 typing_extensions==4.12.2'
)
declare -A new_packages=(
  [requests]="requests==2.31.0 urllib3==2.2.3 charset-normalizer==3.4.4 $requests_needs"
  [attrs]=attrs==24.2.0
  [click]=click==8.1.7
  [jinja2]=jinja2==3.1.4
  [markupsafe]=markupsafe==3.0.2
  [packaging]=packaging==24.2
  [rich]="rich==13.9.4 pygments==2.18.0 markdown-it-py==3.0.0 $rich_needs"
  [sqlalchemy]='sqlalchemy==2.0.36 typing_extensions==4.12.2'
  [pydantic]='pydantic==2.10.4 pydantic-core==2.27.2 annotated-types==0.7.0 typing_extensions==4.12.2'
)
compiled_packages=' requests markupsafe pydantic '

# has_compiled ENVIRONMENT PACKAGE
has_compiled() { [ "$1" = new ] && [[ $compiled_packages == *" $2 "* ]]; }

# install_target FOLDER REQUIREMENTS OPTION…   makes FOLDER unless it is there with
# just these.
install_target() {
  local target=$1 requirements=$2
  shift 2
  if [ "$(cat "$target/.packages" 2>/dev/null)" = "$requirements" ]; then return 0; fi
  rm -rf "$target"
  # shellcheck disable=SC2086  # several words
  "$build_venv/bin/python" -m pip install --disable-pip-version-check --progress-bar off \
    --no-deps --target "$target" "$@" $requirements
  printf '%s' "$requirements" >"$target/.packages"
}

# Those two have no pure wheels: built from source without a compiler, and not from
# pip's cache, where others may have put compiled ones.
install_pure() {
  case $2 in
    jinja2*) CC=false install_target "$1" "$2" --no-cache-dir --no-binary markupsafe ;;
    sqlalchemy==1*) DISABLE_SQLALCHEMY_CEXT=1 install_target "$1" "$2" --no-cache-dir --no-binary sqlalchemy ;;
    *) install_target "$1" "$2" --only-binary :all: --platform any ;;
  esac
}

install_compiled() {
  install_target "$1" "$2" --only-binary :all: --implementation cp \
    --python-version "$3" --abi "cp${3/./}"
}

pure_inprocess_packages() {
  local name
  for name in "${!old_packages[@]}"; do
    install_pure "$environments/inprocess/pure/old/$name" "${old_packages[$name]}"
  done
  for name in "${!new_packages[@]}"; do
    has_compiled new "$name" || install_pure "$environments/inprocess/pure/new/$name" "${new_packages[$name]}"
  done
}

# inprocess_packages MINOR INTERPRETER   the compiled ones, and the lock file of both.
inprocess_packages() {
  local minor=$1 folder=$environments/inprocess/$1 name
  for name in $compiled_packages; do
    install_compiled "$folder/$name" "${new_packages[$name]}" "$minor"
  done
  {
    printf 'schema_version: "1.0"\nenvironments:\n'
    lock_inprocess old "$2" old_packages
    lock_inprocess new "$2" new_packages
  } >"$folder/envknit.lock.yaml.new"
  mv "$folder/envknit.lock.yaml.new" "$folder/envknit.lock.yaml"
}

# lock_inprocess ENVIRONMENT INTERPRETER ARRAY   prints it, in the order of names.
lock_inprocess() {
  local -n packages=$3
  local name path version
  printf '  %s:\n    python: "%s"\n    packages:\n' "$1" "$2"
  for name in $(printf '%s\n' "${!packages[@]}" | sort); do
    path=../pure/$1/$name
    ! has_compiled "$1" "$name" || path=$name
    version=${packages[$name]%% *}
    printf '      - {name: %s, version: "%s", install_path: %s}\n' "$name" "${version##*==}" "$path"
  done
}
