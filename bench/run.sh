#!/usr/bin/env bash
# Measures what docs/benchmarks.md promises: each figure beside its budget, the command that gave it, and beside them, in
# the same run, what a user would otherwise pick. Ratios last.
#
#   bench/run.sh [SECTION…]     all of them by default:
#     store         appending, durable, four at a time       scan       everything, on one core
#     http          single and bulk posts over HTTP          query      month totals, a day by area and dwelling type
#     latency       one meter's answers over HTTP            disk       bytes a reading
#     background    the tail beside folds, backups, jobs     restart    after kill -9
#     daily         the daily job over 1 M meters            memory     bytes a meter and a reading
#     alternatives  Redis and SQLite under the same load
#
# Environment: MH_BENCH_DATA   where the data go, several GB (a directory under ${TMPDIR:-/tmp}, removed at the end); name
#                              one on the disk that is to be measured
#              MH_BENCH_BUILT  set: do not build, use build/release as it is
set -euo pipefail
root=$(dirname "$(dirname "$(readlink -f "$0")")")
sections=(store http latency background scan query disk restart memory daily alternatives)
bin=$root/build/release/bench
made=
redis_pid=

clean_up() {
  if [ -n "$redis_pid" ]; then kill "$redis_pid" 2>/dev/null || true; fi
  if [ -n "$made" ]; then rm -rf "$made"; fi
}

# Prints the command, then runs it.
measure() {
  echo "\$ ${*//$root\//}"
  "$@"
}

store() { measure "$bin/store_bench" "$data" "$1"; }
operations() { measure "$bin/operations_bench" "$root/build/release/meterhouse" "$root/config/meterhouse.json" "$data" "$1"; }
http() { measure "$bin/http_bench" "$root/build/release/meterhouse" "$root/config/meterhouse.json" "$data" "$1"; }

free_port() {
  local port
  for port in $(seq 20000 20100); do
    if ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
      echo "$port"
      return
    fi
  done
  return 1
}

# An empty server of our own, stopped by its pid.
redis() {
  local fsync=$1 port
  port=$(free_port)
  rm -rf "$data/redis" && mkdir -p "$data/redis"
  redis-server --bind 127.0.0.1 --port "$port" --dir "$data/redis" --save "" --appendonly yes --appendfsync "$fsync" \
    --daemonize no >"$data/redis.log" 2>&1 &
  redis_pid=$!
  for _ in $(seq 100); do
    if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then break; fi
    sleep 0.05
  done
  measure "$bin/alternatives_bench" redis "$port" "$fsync"
  kill "$redis_pid"
  wait "$redis_pid" || true
  redis_pid=
}

alternatives() {
  if command -v redis-server >/dev/null; then
    redis always
    redis everysec
  else
    echo "redis-server is not installed (Debian: redis-server): left out"
  fi
  measure "$bin/alternatives_bench" sqlite "$data"
}

run_section() {
  case "$1" in
    store) store append ;;
    scan | query | disk | restart | memory) store "$1" ;;
    http) http ingest ;;
    latency) http "$1" ;;
    background)
      operations background
      operations backfill
      ;;
    daily) operations daily ;;
    alternatives) alternatives ;;
    *)
      echo "bench: no section '$1'; one of: ${sections[*]}" >&2
      exit 2
      ;;
  esac
}

# ratio WHAT OURS THEIRS more|less: how many times better ours is; nothing where one of them was not measured.
ratios() {
  awk '
    { figure[$1] = $2 }
    function ratio(what, ours, theirs, way) {
      if (!(ours in figure) || !(theirs in figure) || figure[ours] == 0 || figure[theirs] == 0) return
      r = way == "more" ? figure[ours] / figure[theirs] : figure[theirs] / figure[ours]
      printf "%-88s %8.1f x\n", what, r
    }
    END {
      ratio("durable bulk append: Meterhouse / Redis, appendfsync always", "append_1k", "redis_bulk_always", "more")
      ratio("durable bulk append: Meterhouse / Redis, appendfsync everysec (may lose a second)", "append_1k", "redis_bulk_everysec", "more")
      ratio("durable bulk append: Meterhouse / SQLite", "append_1k", "sqlite_bulk", "more")
      ratio("bulk JSON over HTTP, durable / Redis, appendfsync always", "http_json", "redis_bulk_always", "more")
      ratio("bulk JSON over HTTP, durable / SQLite in the process", "http_json", "sqlite_bulk", "more")
      ratio("single POST over HTTP, durable / Redis ZADD, appendfsync always, 64 connections each", "http_single", "redis_single_always", "more")
      ratio("single POST over HTTP, durable / Redis ZADD, appendfsync everysec", "http_single", "redis_single_everysec", "more")
      ratio("bytes a reading: Redis memory / Meterhouse disk", "disk_year", "redis_memory_always", "less")
      ratio("bytes a reading: SQLite / Meterhouse, on disk", "disk_year", "sqlite_disk", "less")
      ratio("month totals of 1 000 meters: SQLite / Meterhouse, time", "month_totals_ms", "sqlite_totals_ms", "less")
      ratio("full scan: Meterhouse / SQLite", "scan", "sqlite_scan", "more")
    }' "$1"
}

main() {
  case "${1:-}" in
    -h | --help)
      sed -n '2,/^set -e/{/^#/s/^# \{0,1\}//p}' "$0"
      return
      ;;
  esac
  if [ -z "${MH_BENCH_BUILT:-}" ]; then
    "$root/tools/build.sh" release meterhouse store_bench http_bench operations_bench alternatives_bench
  fi
  trap clean_up EXIT
  if [ -n "${MH_BENCH_DATA:-}" ]; then
    data=$MH_BENCH_DATA
    mkdir -p "$data"
  else
    made=$(mktemp -d "${TMPDIR:-/tmp}/meterhouse-bench-XXXXXX")
    data=$made
  fi
  export MH_BENCH_FIGURES=$data/figures
  : >"$MH_BENCH_FIGURES"
  [ $# -gt 0 ] || set -- "${sections[@]}"
  echo "$(nproc) cores, load $(cut -d' ' -f1-3 /proc/loadavg), $(date -u +%FT%RZ)"
  local section
  for section in "$@"; do
    echo
    run_section "$section"
  done
  echo
  echo "load $(cut -d' ' -f1-3 /proc/loadavg) at the end. Ratios, larger is better for Meterhouse:"
  ratios "$MH_BENCH_FIGURES"
}

main "$@"
