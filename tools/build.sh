#!/usr/bin/env bash
# Configures (where that has not been done) and builds.
#
#   tools/build.sh PRESET [TARGET…]      presets: dev release asan tsan (CMakePresets.json)
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."

# One job a core, and 1.5 GiB of memory for each.
jobs() {
  local cores memory_gib
  cores=$(nproc)
  memory_gib=$(awk '/^MemAvailable/ {print int($2 / 1572864)}' /proc/meminfo)
  [ "$memory_gib" -ge 1 ] || memory_gib=1
  echo $((cores < memory_gib ? cores : memory_gib))
}

main() {
  local preset=$1
  shift
  local targets=()
  [ $# = 0 ] || targets=(--target "$@")
  if [ ! -f "build/$preset/build.ninja" ]; then
    echo "build: configuring build/$preset"
    cmake --preset "$preset" -Wno-dev >"/tmp/meterhouse-cmake.$$" 2>&1 ||
      { cat "/tmp/meterhouse-cmake.$$" >&2; rm -f "/tmp/meterhouse-cmake.$$"; exit 1; }
    rm -f "/tmp/meterhouse-cmake.$$"
  fi
  echo "build: build/$preset ${*:-all}"
  NINJA_STATUS='[%f/%t %es] ' cmake --build "build/$preset" --parallel "$(jobs)" "${targets[@]}"
}

main "$@"
