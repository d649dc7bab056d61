#!/usr/bin/env bash
# Adds to the vLLM environment what "transformers serve" needs. Used by hand only:
# its API is strict and incomplete, which makes it a good test of a client.
#
#   $SCN_ENGINES/vllm/bin/transformers      (SCN_ENGINES is by default
#   $SCN_ENGINES/models/tiny-llama           ~/.cache/scn/engines)
#
# Runs setup_vllm_cpu.sh first when that was not done (torch and transformers
# come with it). Run it again at any time.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=engine_lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/engine_lib.sh"

pins="accelerate==1.15.0 librosa==0.11.0 soundfile==0.14.0"
venv=$root/vllm
stamp=$venv/scn-transformers.stamp # inside: gone when the environment is remade

bash "$here/setup_vllm_cpu.sh" >/dev/null || die "the vLLM environment is needed first; see above"
lock vllm 9
ensure_tools
if done_already "$stamp" "$pins"; then
  say "there already: $venv/bin/transformers"
else
  # vLLM's own packages must stay as they are: the list of them is a constraint.
  "$tools/bin/uv" pip freeze --quiet --python "$venv/bin/python" |
    grep -v -e '^vllm' -e ' @ ' >"$venv/scn-constraints.txt"
  # shellcheck disable=SC2086  # the pins are words
  pip_into "$venv" "the packages of transformers serve" --compile-bytecode \
    --constraint "$venv/scn-constraints.txt" $pins
  write_stamp "$stamp" "$pins"
  say "made $venv/bin/transformers"
fi

say "try it (the model's name in requests is the folder's absolute path):"
cat <<TRY
  HF_HUB_OFFLINE=1 OMP_NUM_THREADS=1 "$venv/bin/transformers" serve --host 127.0.0.1 --port 8001 \\
    --device cpu "$root/models/tiny-llama"
TRY
