#!/usr/bin/env bash
# Builds llama.cpp's llama-server from source, and makes a tiny model for it:
#
#   $SCN_ENGINES/llama/bin/llama-server     (SCN_ENGINES is by default
#   $SCN_ENGINES/models/tiny-llama.gguf      ~/.cache/scn/engines)
#   $SCN_ENGINES/models/tiny-vision.gguf    (for --mmproj: images)
#
# The source is the one inside the source distribution of llama-cpp-python, so
# the Python package registry is all that has to be in reach. Takes 3 to 8
# minutes on two cores; SCN_BUILD_JOBS sets the compile jobs (2). Run it again at
# any time: what is there stays, and a build that was cut short goes on.
# Needs bash, Python 3.11 or later with venv, and a C++ compiler.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=engine_lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/engine_lib.sh"

package=llama-cpp-python
version=0.3.36
stamp_text="$package $version recipe 1"
out=$root/llama
work=$root/.build-llama

check_compiler() {
  local cxx=${CXX:-c++}
  command -v "$cxx" >/dev/null || die "no C++ compiler ('$cxx') was found" \
    "remedy on Debian and Ubuntu: apt-get install build-essential (or only g++)"
  command -v "${CC:-cc}" >/dev/null || die "no C compiler ('${CC:-cc}') was found" \
    "remedy on Debian and Ubuntu: apt-get install build-essential (or only gcc)"
}

# Leaves the unpacked source in $work/src. Renamed last: a folder with that name
# is whole.
get_source() {
  local prefix
  [ -d "$work/src" ] && return 0
  rm -rf "$work/fetch"
  mkdir -p "$work/fetch"
  # pip asks the source distribution for its metadata, but compiles nothing here.
  registry_step "the source of $package $version" "$tools/bin/pip" download --quiet \
    --no-deps --no-binary "$package" "$package==$version" -d "$work/fetch"
  prefix=llama_cpp_python-$version/vendor/llama.cpp
  mkdir "$work/fetch/src"
  tar xzf "$work/fetch"/llama_cpp_python-*.tar.gz -C "$work/fetch/src" --strip-components=3 "$prefix"
  mv "$work/fetch/src" "$work/src"
  rm -rf "$work/fetch"
}

build() {
  local flags=()
  # -O1 halves the compile time; the tiny model needs no speed. Vector units are
  # named by hand, so that the binary does not depend on the building machine's
  # every extension.
  if grep -qw avx2 /proc/cpuinfo 2>/dev/null; then
    flags+=(-DGGML_AVX2=ON -DGGML_FMA=ON -DGGML_F16C=ON)
  fi
  PATH=$tools/bin:$PATH cmake -S "$work/src" -B "$work/b" -G Ninja -Wno-dev \
    -DCMAKE_BUILD_TYPE=Release \
    -DCMAKE_C_FLAGS_RELEASE="-O1 -DNDEBUG" -DCMAKE_CXX_FLAGS_RELEASE="-O1 -DNDEBUG" \
    -DBUILD_SHARED_LIBS=OFF -DGGML_NATIVE=OFF "${flags[@]}" -DLLAMA_OPENSSL=OFF \
    -DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_EXAMPLES=OFF -DLLAMA_BUILD_UI=OFF \
    >"$work/cmake.log" 2>&1 ||
    { tail -n 20 "$work/cmake.log" >&2; die "cmake could not configure llama.cpp; all of its words: $work/cmake.log"; }
  say "compiling (3 minutes on two idle cores, else longer; progress: $work/ninja.log)"
  PATH=$tools/bin:$PATH nice -n 10 cmake --build "$work/b" -j "${SCN_BUILD_JOBS:-2}" --target llama-server \
    >"$work/ninja.log" 2>&1 ||
    { tail -n 20 "$work/ninja.log" >&2; die "the compiler failed; all of its words: $work/ninja.log"; }
}

install_server() {
  say "building llama-server from $package $version into $out"
  check_compiler
  # A left-over tree of another version must not be built on.
  done_already "$work/recipe" "$stamp_text" || rm -rf "$work"
  mkdir -p "$work"
  write_stamp "$work/recipe" "$stamp_text"
  get_source
  build
  rm -rf "$out"
  mkdir -p "$out/bin"
  # The version it prints is llama.cpp's, taken from the source.
  cp "$work/b/bin/llama-server" "$out/bin/llama-server"
  strip "$out/bin/llama-server" 2>/dev/null || true
  "$out/bin/llama-server" --version >"$out/version.txt" 2>&1 ||
    { cat "$out/version.txt" >&2; die "the built llama-server does not start"; }
  write_stamp "$out/scn.stamp" "$stamp_text"
  rm -rf "$work"
  say "made $out/bin/llama-server"
}

lock llama 9
ensure_tools
if [ -x "$out/bin/llama-server" ] && done_already "$out/scn.stamp" "$stamp_text"; then
  say "there already: $out/bin/llama-server"
else
  install_server
fi
make_model tiny-llama.gguf make_tiny_gguf.py text
make_model tiny-vision.gguf make_tiny_gguf.py vision

say "try it:"
cat <<TRY
  "$out/bin/llama-server" -m "$root/models/tiny-llama.gguf" --alias tiny --host 127.0.0.1 --port 8080 \\
    -c 4096 -np 2 -t 1 --metrics --slots [--mmproj "$root/models/tiny-vision.gguf"]
TRY
