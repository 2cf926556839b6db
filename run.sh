#!/usr/bin/env bash
# Installs what is missing, builds, and serves on http://127.0.0.1:8050 until Ctrl-C.
#
#   ./run.sh            an empty data directory gets a small simulated town, which is read every half-hour from then on
#   ./run.sh --empty    no town: an empty directory stays empty, and one that has the town gets no more of its readings
#   ./run.sh …          other options go to `meterhouse serve` (see `meterhouse serve --help`)
#
# To start over: end it and remove the data directory.
#
# Environment: METERHOUSE_LISTEN   address:port (127.0.0.1:8050)
#              METERHOUSE_DATA     the data directory (data, in this folder)
#              METERHOUSE_CONFIG   the configuration (config/meterhouse.json, in this folder)
#              METERHOUSE_PROGRAM  a program that is built already: nothing is installed or built
# The options --listen, --data and --config win over these.
set -euo pipefail
root=$(dirname "$(readlink -f "$0")")

usage() { sed -n '2,/^set -e/{/^#/s/^# \{0,1\}//p}' "$root/run.sh"; }

fail() {
  echo "run: $*" >&2
  exit 2
}

# Splits the command line into `listen`, `data`, `config`, `demo` and what else goes to `meterhouse serve`: `options`.
read_options() {
  while [ $# -gt 0 ]; do
    case "$1" in
      --empty) demo=() ;;
      --demo) demo=(--demo) ;;
      --listen | --data | --config)
        [ $# -gt 1 ] || fail "$1 needs a value (./run.sh --help)"
        printf -v "${1#--}" %s "$2"
        shift
        ;;
      --listen=* | --data=* | --config=*)
        local name=${1%%=*}
        printf -v "${name#--}" %s "${1#*=}"
        ;;
      *) options+=("$1") ;;
    esac
    shift
  done
}

main() {
  local listen=${METERHOUSE_LISTEN:-127.0.0.1:8050} data=${METERHOUSE_DATA:-$root/data}
  local config=${METERHOUSE_CONFIG:-$root/config/meterhouse.json} program=${METERHOUSE_PROGRAM:-}
  local options=() demo=(--demo)
  if [[ " $* " =~ " "(-h|--help)" " ]]; then
    usage
    return
  fi
  read_options "$@"
  if [ -z "$program" ]; then
    "$root/tools/install.sh" run >&2 # standard output is the server's: its event log
    "$root/tools/build.sh" release meterhouse >&2
    program=$root/build/release/meterhouse
  elif [ -d "$program" ] || ! command -v "$program" >/dev/null; then
    fail "METERHOUSE_PROGRAM is '$program', which is no program; unset it, and ./run.sh builds its own"
  fi
  echo "run: http://$listen serving $data (Ctrl-C ends it)" >&2
  exec "$program" serve --data "$data" --listen "$listen" --config "$config" "${demo[@]}" "${options[@]}"
}

main "$@"
