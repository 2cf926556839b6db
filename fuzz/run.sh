#!/usr/bin/env bash
# Lets libFuzzer look for inputs that break a target.
#
#   fuzz/run.sh PROGRAM CORPUS      for MH_FUZZ_SECONDS, 60 by default
#
# What it finds new stays beside the program in found-NAME, from where a seed worth keeping goes into the corpus; an input
# that crashes is named at the end.
set -euo pipefail
program=$1 corpus=$2
found=$(dirname "$program")/found-$(basename "$corpus")
mkdir -p "$found"
exec "$program" -max_total_time="${MH_FUZZ_SECONDS:-60}" -timeout=20 -rss_limit_mb=2048 -verbosity=0 -print_final_stats=1 \
  -artifact_prefix="$found-crash-" "$found" "$corpus"
