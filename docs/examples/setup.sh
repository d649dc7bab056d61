#!/usr/bin/env bash
# Makes the virtual environment that scenario.scn starts vLLM from.
set -euo pipefail
python3 -m venv ~/vllm/.venv
~/vllm/.venv/bin/pip install vllm
