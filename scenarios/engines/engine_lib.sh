# shellcheck shell=bash
# Shared parts of the setup_*.sh scripts beside this file. Sourced, not run.
#
# What the scripts agree on:
#   - everything goes under one folder, $root; removing that folder removes all;
#   - a finished part has a stamp file, written last, that holds the recipe's
#     name and versions. No stamp, or another text in it: the part is made again;
#   - package registries are reached through pip and uv as the machine has them
#     set up; no address of one is written here.

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=${SCN_ENGINES:-${HOME:?is not set: it must name a folder, or SCN_ENGINES must}/.cache/scn/engines}
me=$(basename "$0" .sh)

# The helper environment: small, shared by all scripts (about 250 MB).
tools=$root/tools
tools_pins="uv==0.13.9 cmake==4.4.4 ninja==1.13.2 numpy==2.4.6 tokenizers==0.23.3 gguf==0.19.0"

# Some machines forbid .pyc files; Python engines then take minutes to start.
unset PYTHONDONTWRITEBYTECODE
# A PYTHONPATH or PYTHONHOME from outside would leak into every environment here.
unset PYTHONPATH PYTHONHOME
export PIP_DISABLE_PIP_VERSION_CHECK=1

say() { printf '%s: %s\n' "$me" "$*"; }
die() {
  printf '\n%s: FAILED: %s\n' "$me" "$1" >&2
  shift
  for line in "$@"; do printf '%s:   %s\n' "$me" "$line" >&2; done
  exit 1
}

# lock NAME FD: waits for other set-ups of the same part; two at once would remove
# each other's half. The lock goes with the script's end.
lock() {
  mkdir -p "$root"
  command -v flock >/dev/null || return 0
  eval "exec $2>\"\$root/.lock-$1\""
  flock -n "$2" || { say "another set-up of '$1' is running; waiting for it"; flock "$2"; }
}
unlock() { eval "exec $1>&-"; }

# done_already STAMP TEXT: true when the part behind STAMP was made by this recipe.
done_already() { [ -f "$1" ] && [ "$(cat "$1")" = "$2" ]; }
write_stamp() { printf '%s\n' "$2" >"$1.new" && mv "$1.new" "$1"; }

# find_python MIN MAX: prints a Python whose version lies in MIN..MAX (minor
# numbers of 3.x) and that can make environments. Each candidate is really run:
# version managers leave 'python3.12' commands that only print an error.
find_python() {
  local p
  for p in ${SCN_PYTHON:+"$SCN_PYTHON"} python3.12 python3.11 python3 python3.13; do
    "$p" - "$1" "$2" >/dev/null 2>&1 <<'PY' && { command -v "$p"; return 0; }
import sys, venv, ensurepip
ok = (3, int(sys.argv[1])) <= sys.version_info[:2] <= (3, int(sys.argv[2]))
sys.exit(0 if ok else 1)
PY
  done
  die "no Python from 3.$1 to 3.$2 with the venv module was found" \
    "looked for: \$SCN_PYTHON, python3.12, python3.11, python3, python3.13" \
    "remedy on Debian and Ubuntu: apt-get install python3 python3-venv" \
    "or name one: SCN_PYTHON=/path/to/python3.12 bash $0"
}

# registry_step WHAT COMMAND...: runs a step that needs the package registry.
registry_step() {
  local what=$1
  shift
  "$@" </dev/null || die "could not install $what" \
    "the command was: $*" \
    "Most likely the Python package registry is out of reach from here; the" \
    "lines above say what it answered. Nothing half-made will be used: run this" \
    "script again once the registry (or your mirror, as pip's index-url) answers."
}

# uv does not read pip's settings; hand the ones that matter over.
uv_env() {
  local index
  export UV_CACHE_DIR=$root/uv-cache UV_NO_PROGRESS=1 UV_PYTHON_DOWNLOADS=never
  export UV_HTTP_TIMEOUT=${UV_HTTP_TIMEOUT:-180}
  if [ -z "${UV_DEFAULT_INDEX:-}" ]; then
    index=${PIP_INDEX_URL:-$("$tools/bin/pip" config get global.index-url 2>/dev/null || true)}
    [ -z "$index" ] || export UV_DEFAULT_INDEX=$index
  fi
}

# pip_into VENV WHAT UV-ARGUMENTS...: installs into an environment with uv.
pip_into() {
  local env=$1 what=$2
  shift 2
  registry_step "$what" "$tools/bin/uv" pip install --quiet --python "$env/bin/python" "$@"
}

ensure_tools() {
  local python
  lock tools 8
  if ! done_already "$tools/scn.stamp" "$tools_pins" || ! "$tools/bin/python" -c '' 2>/dev/null; then
    say "making the helper environment $tools"
    python=$(find_python 11 13)
    rm -rf "$tools"
    "$python" -m venv "$tools" || die "'$python -m venv' failed" \
      "remedy on Debian and Ubuntu: apt-get install python3-venv"
    registry_step "uv" "$tools/bin/pip" install --quiet "${tools_pins%% *}"
    uv_env
    # shellcheck disable=SC2086  # the pins are words
    pip_into "$tools" "the helper packages" $tools_pins
    write_stamp "$tools/scn.stamp" "$tools_pins"
  fi
  unlock 8
  uv_env
}

# make_model NAME MAKER ARGUMENTS...: runs models/MAKER into a temporary sibling
# and renames it to $root/models/NAME. The stamp holds a sum of the sources, so
# that a changed maker makes the model again.
make_model() {
  local name=$1 maker=$2 out=$root/models/$1 sum tmp
  shift 2
  sum=$(cat "$here/models/$maker" "$here"/models/{tiny_model.py,corpus.txt} | cksum)
  if [ -e "$out" ] && done_already "$root/models/.$name.stamp" "$sum"; then
    say "there already: $out"
    return 0
  fi
  mkdir -p "$root/models"
  tmp=$root/models/.making-$name
  rm -rf "$tmp" "$out" "$root/models/.$name.stamp"
  PYTHONDONTWRITEBYTECODE=1 "$tools/bin/python" "$here/models/$maker" "$tmp" "$@" ||
    die "models/$maker could not make the model $name"
  mv "$tmp" "$out"
  write_stamp "$root/models/.$name.stamp" "$sum"
  say "made $out"
}
