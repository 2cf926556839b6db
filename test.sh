#!/usr/bin/env bash
# Installs what is missing, builds, and runs the tests.
#
#   ./test.sh                     the everyday suite: the parts release, asan and tsan without the tests labelled slow
#   ./test.sh --slow              all of it: with them, and the part fuzz
#   ./test.sh --only asan         one part: release, asan, tsan or fuzz (may be repeated)
#   ./test.sh [--only …] -- -R X  what follows -- goes to ctest (here: only tests whose name matches X)
#
# Parts: release  end to end, pages, and the checks of the repository, on the program as it is delivered
#        asan     unit, contract, property and damage tests under AddressSanitizer and UndefinedBehaviorSanitizer
#        tsan     the tests of base, store, service and http (where there are threads) under ThreadSanitizer
#        fuzz     every decoder of outside bytes under libFuzzer (clang), each for MH_FUZZ_SECONDS (60)
set -euo pipefail
root=$(dirname "$(readlink -f "$0")")
cd "$root"

export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_stack_use_after_return=1:strict_string_checks=1}
export UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1:halt_on_error=1}
export TSAN_OPTIONS=${TSAN_OPTIONS:-halt_on_error=1:second_deadlock_stack=1}

part_targets() {
  case "$1" in
    release) echo meterhouse e2e_tests ;;
    asan) echo unit_tests ;;
    tsan) echo base_tests store_tests service_tests http_tests ;;
    fuzz) echo fuzz_targets ;;
  esac
}

part_labels() {
  case "$1" in
    release) echo '^(e2e|pages|repo)$' ;;
    asan) echo '^unit$' ;;
    tsan) echo '^(base|store|service|http)$' ;;
    fuzz) echo '^fuzz$' ;;
  esac
}

minutes() { awk -v s="$1" 'BEGIN {printf "%.1f", s / 60}'; }

# The program may be laid out at random addresses ThreadSanitizer of GCC 12 cannot map; without that it always can.
runner() {
  if [ "$1" = tsan ] && setarch -R true 2>/dev/null; then echo "setarch -R"; fi
}

# attribute FILE NAME: a number in the <testsuite …> that ctest writes at the head of its JUnit file.
attribute() {
  sed -n "/<testcase/q; s/^[[:space:]]*$2=\"\([0-9]*\)\".*/\1/p" "$1" 2>/dev/null || true
}

run_part() {
  local part=$1 start built status=0 junit tests failed skipped
  start=$SECONDS
  # shellcheck disable=SC2046
  tools/build.sh "$part" $(part_targets "$part") || status=$?
  built=$SECONDS
  if [ "$status" != 0 ]; then
    summary+=("$(printf '%-8s could not be built (%s min)' "$part" "$(minutes $((built - start)))")")
    total_failed=$((total_failed + 1))
    return
  fi
  junit=$root/build/$part/junit.xml
  rm -f "$junit"
  # shellcheck disable=SC2046
  # The simulation is one thread: ThreadSanitizer has nothing to find in its 2 000 histories.
  $(runner "$part") env "MH_SIMULATIONS=$([ "$part" = tsan ] && echo 20 || echo "${MH_SIMULATIONS:-2000}")" \
    ctest --test-dir "build/$part" --parallel "$(nproc)" --output-on-failure --no-tests=error --progress \
    --label-regex "$(part_labels "$part")" "${exclude[@]}" --output-junit "$junit" "${ctest_options[@]}" </dev/null || status=$?
  tests=$(attribute "$junit" tests)
  failed=$(attribute "$junit" failures)
  skipped=$(($(attribute "$junit" skipped) + $(attribute "$junit" disabled)))
  [ -n "$tests" ] || { tests=1 failed=1; }
  [ "$status" = 0 ] || [ "$failed" != 0 ] || { tests=$((tests + 1)) failed=1; }
  total_passed=$((total_passed + tests - failed - skipped))
  total_failed=$((total_failed + failed))
  total_skipped=$((total_skipped + skipped))
  summary+=("$(printf '%-8s built in %s min, tested in %s min: %d tests passed, %d tests failed out of %d' "$part" \
    "$(minutes $((built - start)))" "$(minutes $((SECONDS - built)))" $((tests - failed - skipped)) "$failed" "$tests")")
}

main() {
  local parts=() part
  summary=() total_passed=0 total_failed=0 total_skipped=0
  local slow=no install=test
  exclude=(--label-exclude '^slow$') ctest_options=()
  while [ $# -gt 0 ]; do
    case "$1" in
      --slow) slow=yes exclude=() ;;
      --only)
        [ -n "$(part_targets "${2:-}")" ] || { echo "test: --only release, asan, tsan or fuzz" >&2; exit 2; }
        parts+=("$2")
        shift
        ;;
      --)
        shift
        ctest_options=("$@")
        break
        ;;
      -h | --help)
        sed -n '2,/^set -e/{/^#/s/^# \{0,1\}//p}' test.sh
        return
        ;;
      *)
        echo "test: unknown option '$1' (./test.sh --help)" >&2
        exit 2
        ;;
    esac
    shift
  done
  if [ "${#parts[@]}" = 0 ]; then
    parts=(release asan tsan)
    [ "$slow" = no ] || parts+=(fuzz)
  fi
  [[ " ${parts[*]} " != *" fuzz "* ]] || install=fuzz

  tools/install.sh "$install"
  for part in "${parts[@]}"; do
    run_part "$part"
  done

  echo
  printf '%s\n' "${summary[@]}" "all of it in $(minutes $SECONDS) min"
  local closing="$total_passed passed, $total_failed failed"
  [ "$total_skipped" = 0 ] || closing+=", $total_skipped skipped"
  echo "$closing"
  [ "$total_failed" = 0 ] && [ "$total_passed" -gt 0 ]
}

main "$@"
