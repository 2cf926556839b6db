#!/usr/bin/env bash
# Installs what is missing on a Debian 12 machine, and nothing else.
#
#   tools/install.sh run     to build and serve (./run.sh calls it)
#   tools/install.sh test    that, and what the tests need (./test.sh calls it)
#   tools/install.sh bench   that, and what bench/run.sh compares with
#   tools/install.sh fuzz    that, and the clang for the presets `fuzz` and `tidy`
#
# This is the only list of packages. Quick where everything is there: then no package server is asked.
set -euo pipefail

packages_run=(
  # compiler and build
  build-essential ccache ninja-build cmake ca-certificates
  # libraries
  libboost1.81-dev libboost-url1.81-dev libboost-json1.81-dev libboost-system1.81-dev
  libsimdjson-dev libsqlite3-dev libssl-dev zlib1g-dev libzstd-dev libcurl4-openssl-dev
  libhowardhinnant-date-dev tzdata libfmt-dev libcli11-dev libexpected-dev libisal-dev libxxhash-dev
  # test libraries: CMake looks for them in every build, and they are small
  libgtest-dev libgmock-dev librapidcheck-dev libbenchmark-dev
)
packages_test=(
  git curl sqlite3 python3 python3-jsonschema clang-format
  chromium fonts-wqy-microhei
  xfsprogs e2fsprogs mount # a disk that loses its power
  redis-server redis-tools jq # the first system's data come out of a real Redis
  e2fsprogs # small disks to be filled up
)
packages_bench=(libhiredis-dev)
packages_fuzz=(clang-19 clang-tidy-19 libclang-rt-19-dev)

say() { printf 'install: %s\n' "$*"; }
fail() {
  printf 'install: %s\n' "$@" >&2
  exit 1
}

is_installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

wanted_packages() {
  printf '%s\n' "${packages_run[@]}"
  case "$1" in
    run) ;;
    test) printf '%s\n' "${packages_test[@]}" ;;
    bench) printf '%s\n' "${packages_test[@]}" "${packages_bench[@]}" ;;
    fuzz) printf '%s\n' "${packages_test[@]}" "${packages_fuzz[@]}" ;;
    *) fail "unknown set '$1' (run, test, bench or fuzz)" ;;
  esac
  # A machine with another Node package refuses Debian's, so only where there is none.
  command -v node >/dev/null || echo nodejs
  command -v npm >/dev/null || echo npm
}

missing_packages() {
  local package
  for package in $(wanted_packages "$1"); do
    is_installed "$package" || echo "$package"
  done
}

as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo --preserve-env=DEBIAN_FRONTEND "$@"
  else
    fail "not root and no sudo here; as root, run: apt-get install --no-install-recommends ${missing[*]}"
  fi
}

main() {
  local set_name=${1:-run} status
  command -v dpkg-query >/dev/null && command -v apt-get >/dev/null ||
    fail "this is not a Debian system; install by hand what 'wanted_packages' in tools/install.sh lists"
  mapfile -t missing < <(missing_packages "$set_name")
  if [ "${#missing[@]}" = 0 ]; then
    say "nothing missing for '$set_name'"
    return
  fi
  say "${#missing[@]} packages missing for '$set_name': ${missing[*]}"
  export DEBIAN_FRONTEND=noninteractive
  log=$(mktemp)
  trap 'rm -f "$log"' EXIT
  say "asking the package servers for their lists"
  as_root apt-get -o Acquire::Retries=3 update </dev/null >"$log" 2>&1 ||
    { tail -n 8 "$log" >&2; say "the lists could not be refreshed; trying with the ones at hand"; }
  say "installing (a few minutes the first time)"
  status=0
  as_root apt-get -o Acquire::Retries=3 -o Dpkg::Use-Pty=0 install -y --no-install-recommends "${missing[@]}" \
    </dev/null >"$log" 2>&1 || status=$?
  if [ "$status" != 0 ]; then
    tail -n 25 "$log" >&2
    fail "the packages above could not be installed." \
      "Is this machine online, and is it Debian 12? Once that is mended, run the same command again."
  fi
  say "installed ${#missing[@]} packages"
}

main "$@"
