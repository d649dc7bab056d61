# shellcheck shell=bash
# Shared by .ci/run and .ci/long. Sourced, not run, with the repository's root as working folder.

: "${HOME:?is not set: it must name a folder, for ~/.cache/scn}"
engines=$(realpath -m "${SCN_ENGINES:-$HOME/.cache/scn/engines}")
# the set-up scripts and the scenarios must mean the same folder
export SCN_ENGINES=$engines
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

passed=0
failed=0

loud() { printf '\n!!! %s\n' "$@" >&2; }
die() {
  loud "$@"
  exit 1
}

# step WHAT COMMAND...: a step without which the rest makes no sense.
step() {
  local what=$1 begun=$SECONDS
  shift
  printf '\n=== %s: %s\n' "$what" "$*"
  "$@" </dev/null || die "$what failed (exit $?): $*"
  printf '=== %s: done after %d s\n' "$what" $((SECONDS - begun))
}

# check WHAT COMMAND...: one of the checks that are counted; its words are shown when it fails.
check() {
  local what=$1 begun=$SECONDS
  shift
  if "$@" >"$work/words" 2>&1 </dev/null; then
    passed=$((passed + 1))
    printf 'ok      %s (%d s)\n' "$what" $((SECONDS - begun))
    outcome "$what" passed $((SECONDS - begun))
  else
    failed=$((failed + 1))
    printf 'FAILED  %s (%d s)\n' "$what" $((SECONDS - begun))
    sed 's/^/        /' "$work/words"
    outcome "$what" FAILED $((SECONDS - begun))
  fi
}

# outcome WHAT RESULT SECONDS: .ci/long keeps them.
outcome() { :; }

# total: the closing line; fails where a check did.
total() {
  printf '\n%d passed, %d failed\n' "$passed" "$failed"
  [ "$failed" -eq 0 ]
}

# What a fresh machine lacks. Rust is expected.
prepare_machine() {
  local missing=() tool
  command -v cargo >/dev/null ||
    die "there is no cargo: install Rust first, with rustfmt and clippy"
  for tool in fmt clippy; do
    cargo "$tool" --version >/dev/null 2>&1 ||
      die "there is no cargo $tool: rustup component add rustfmt clippy"
  done
  if ! command -v cc >/dev/null || ! command -v c++ >/dev/null; then
    missing+=(build-essential)
  fi
  # pgrep finds what a run left behind
  command -v pgrep >/dev/null || missing+=(procps)
  has_python || missing+=(python3 python3-venv)
  [ ${#missing[@]} -gt 0 ] || return 0
  if ! command -v apt-get >/dev/null || [ "$(id -u)" -ne 0 ]; then
    die "this machine lacks ${missing[*]} (Debian's names); install them, or run this as root on Debian or Ubuntu"
  fi
  export DEBIAN_FRONTEND=noninteractive
  step "packages that are missing" apt-get update -qq
  step "packages that are missing" apt-get install -y -qq --no-install-recommends "${missing[@]}"
  # newer systems have newer ones only: better said now than after the tests
  has_python ||
    die "vLLM's build needs Python 3.11 or 3.12 with venv, and this system gives $(python3 --version 2>&1): install one, and name it: SCN_PYTHON=/path/to/python3.12"
}

# A Python that vLLM's build is made for, and that can make environments.
has_python() {
  local python
  for python in ${SCN_PYTHON:+"$SCN_PYTHON"} python3.12 python3.11 python3; do
    "$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info[:2] not in [(3, 11), (3, 12)])' \
      >/dev/null 2>&1 && return 0
  done
  return 1
}

# The program under test.
build_scn() {
  step "release build" cargo build --release --locked
  scn=$(cargo metadata --format-version 1 --no-deps --offline |
    sed 's/.*"target_directory":"\([^"]*\)".*/\1/')/release/scn
  [ -x "$scn" ] || die "the build left no program at $scn"
}

# run_pack NAME EXIT-CODE ARGUMENTS...: `scn run` into $work/NAME; it must end with that code,
# leave its reports, and no process.
run_pack() {
  local wanted=$2 code=0 mark file out=$work/$1 vllm_before
  shift 2
  mark=scn-ci-$$-$RANDOM
  vllm_before=$(count_vllm)
  SCN_CI_MARK=$mark timeout -k 30 900 "$scn" run "$@" --out "$out" || code=$?
  if [ "$code" -ne "$wanted" ]; then
    find "$out" -name 'server*.log' -exec tail -v -n 20 {} +
    echo "exit code $code, not $wanted"
    return 1
  fi
  for file in run.json plan.json env.json events.jsonl junit.xml reports/summary.md; do
    [ -s "$out/$file" ] || { echo "there is no $file" && return 1; }
  done
  [ -n "$(find "$out/reports" -name '*.csv' -size +0)" ] || { echo "there is no CSV report" && return 1; }
  nothing_left "$mark" "$vllm_before"
}

# vLLM's processes overwrite their environment with their title.
count_vllm() { pgrep -fc '^VLLM::' || true; }

# nothing_left MARK COUNT: no process with SCN_CI_MARK=MARK, and no more vLLM processes than before.
nothing_left() {
  local left
  left=$(grep -lsz "^SCN_CI_MARK=$1\$" /proc/[0-9]*/environ || true)
  if [ -n "$left" ]; then
    echo "processes were left:"
    while read -r file; do tr '\0' ' ' <"${file%environ}cmdline" && echo; done <<<"$left" || true
    return 1
  fi
  [ "$(count_vllm)" -le "$2" ] || { echo "vLLM processes were left" && pgrep -fa '^VLLM::' && return 1; }
}

# measured NAME ROLE...: in the run $work/NAME every figure but those of GPUs and of speculative
# decoding was available, and these roles' memory was measured.
measured() {
  local name=$1
  shift
  "$engines/tools/bin/python" - "$work/$name" "$@" <<'PY'
import json, pathlib, sys

run, *roles = sys.argv[1:]
wrong = []
results = sorted(pathlib.Path(run).glob("cases/*/*/result.json"))
for path in results:
    case = json.loads(path.read_text())

    # no GPU is here, and no model drafts for another
    absent = ("gpu_", "gpus.", "drafts.", "accepted.", "accept_length.")

    def walk(at, value):
        if isinstance(value, dict):
            why = value.get("unavailable")
            figure = at.rsplit(".metrics.", 1)[-1]
            if why is not None and not figure.startswith(absent):
                wrong.append(f"{case['case']}: {at} is unavailable: {why}")
            for key, below in value.items():
                walk(f"{at}.{key}", below)
        elif isinstance(value, list):
            for n, below in enumerate(value):
                walk(f"{at}[{n}]", below)

    walk("", case)
    for role in roles:
        found = [
            figure.get("value", 0)
            for server in case["servers"]
            for name, figure in server["metrics"].items()
            if name == f"roles.{role}.memory.max"
        ]
        if not found or found[0] <= 0:
            wrong.append(f"{case['case']}: no memory of the role {role}")
        else:
            print(f"{case['case']}: {role} {found[0] / 1e6:.0f} MB")
print(*wrong, sep="\n")
sys.exit(bool(wrong) or not results)
PY
}

# known_options ENGINE HELP-COMMAND...: the options of the engine's block are in the program's help.
known_options() {
  local engine=$1
  shift
  "$@" >"$work/help" 2>"$work/help_errors" || { cat "$work/help_errors" && return 1; }
  "$engines/tools/bin/python" .ci/known_options.py "stdlib/engines/$engine.scn" "$work/help"
}

# same_reports NAME: `scn report` gives the same bytes again.
same_reports() {
  cp -r "$work/$1/reports" "$work/$1.reports"
  "$scn" report "$work/$1"
  diff -r "$work/$1.reports" "$work/$1/reports"
}
