#!/usr/bin/env bash
# Configures (where that has not been done) and builds, without installing or starting anything.
#
#   tools/build.sh release meterhouse    the program alone, as it is delivered: build/release/meterhouse
#   tools/build.sh PRESET [TARGET…]      a preset, all of it or these targets
#
# What it needs is installed by `tools/install.sh run` (the program) or `tools/install.sh test` (the tests, too).
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

usage() { sed -n '2,/^set -e/{/^#/s/^# \{0,1\}//p}' tools/build.sh; }

# The presets one can configure: those of CMakePresets.json that are not hidden.
presets() { cmake --list-presets 2>/dev/null | sed -n 's/^  "\([^"]*\)".*/\1/p' | tr '\n' ' '; }

main() {
  case "${1:-}" in
    -h | --help)
      usage
      echo
      echo "Presets: $(presets)"
      return
      ;;
  esac
  if ! command -v cmake >/dev/null; then
    echo "build: cmake is missing; tools/install.sh run installs what a build needs" >&2
    exit 1
  fi
  if [[ " $(presets)" != *" ${1:-no preset} "* ]]; then
    echo "build: ${1:+there is no preset '$1'; }say which preset: $(presets)(tools/build.sh --help)" >&2
    exit 2
  fi
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
