#!/usr/bin/env bash
# Installs what is missing, builds, and serves on http://127.0.0.1:8050 until Ctrl-C.
#
#   ./run.sh            an empty data directory gets a small simulated town
#   ./run.sh --empty    it stays empty
#   ./run.sh …          other options go to `meterhouse serve` (see `meterhouse serve --help`)
#
# Environment: METERHOUSE_LISTEN   address:port (127.0.0.1:8050)
#              METERHOUSE_DATA     the data directory (data, in this folder)
#              METERHOUSE_CONFIG   the configuration (config/meterhouse.json)
#              METERHOUSE_PROGRAM  a program that is built already: nothing is installed or built
set -euo pipefail
root=$(dirname "$(readlink -f "$0")")

usage() { sed -n '2,/^set -e/{/^#/s/^# \{0,1\}//p}' "$root/run.sh"; }

main() {
  local listen=${METERHOUSE_LISTEN:-127.0.0.1:8050} data=${METERHOUSE_DATA:-$root/data}
  local config=${METERHOUSE_CONFIG:-$root/config/meterhouse.json} program=${METERHOUSE_PROGRAM:-}
  local options=() demo=(--demo)
  while [ $# -gt 0 ]; do
    case "$1" in
      --empty) demo=() ;;
      -h | --help)
        usage
        return
        ;;
      *) options+=("$1") ;;
    esac
    shift
  done
  if [ -z "$program" ]; then
    "$root/tools/install.sh" run
    "$root/tools/build.sh" release meterhouse
    program=$root/build/release/meterhouse
  fi
  echo "run: http://$listen serving $data (Ctrl-C ends it)"
  exec "$program" serve --data "$data" --listen "$listen" --config "$config" "${demo[@]}" "${options[@]}"
}

main "$@"
