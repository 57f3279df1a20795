# tools/dev test: every check and test, a line per step, and one closing line for machines.
# shellcheck shell=bash

# Runs one step, keeps its output in a file, prints it only when the step fails. A step may print
# lines "COUNT <passed> <failed>"; without one it counts as a single test.
step() {
  local name=$1 log status=0 counts passed failed started=$SECONDS
  shift
  log="$logs/$name.log"
  printf '%-34s' "$name" >&2
  "$@" >"$log" 2>&1 || status=$?
  counts=$(grep -E '^COUNT [0-9]+ [0-9]+$' "$log" | tail -n 1 || true)
  if [ -n "$counts" ]; then
    passed=$(cut -d' ' -f2 <<<"$counts") failed=$(cut -d' ' -f3 <<<"$counts")
    # A step that broke off in spite of its counts has failed.
    if [ "$status" != 0 ] && [ "$failed" = 0 ]; then failed=1; fi
  elif [ "$status" = 0 ]; then
    passed=1 failed=0
  else
    passed=0 failed=1
  fi
  total_passed=$((total_passed + passed))
  total_failed=$((total_failed + failed))
  printf '%5d passed %3d failed  %4d s\n' "$passed" "$failed" $((SECONDS - started)) >&2
  grep -E '^NOTE ' "$log" | sed 's/^NOTE /    /' >&2 || true
  if [ "$failed" != 0 ]; then
    echo "--- $name: last 120 lines (all: $log)" >&2
    tail -n 120 "$log" >&2
  fi
}

unit_tests() {
  local status=0 seeds=()
  [ -n "${1:-}" ] && seeds=(--test_env=QM_TEST_LONG=1)
  bazel_run test //... --build_tests_only --keep_going --test_output=errors "${seeds[@]}" || status=$?
  "$python" "$repo/tools/lib/count_tests.py" "$repo/bazel-testlogs" || status=1
  return "$status"
}

build_all() { bazel_build //...; }

python_tests() {
  (cd "$repo" && "$python" -m tests.common.run "$@")
}

start_fuzzing() {
  nice -n 19 "$repo/tests/fuzz/run.sh" "$1" >"$logs/long_fuzz.log" 2>&1 &
  fuzzing=$!
}

await_fuzzing() {
  local status=0
  wait "$fuzzing" || status=$?
  cat "$logs/long_fuzz.log"
  return "$status"
}

run_test() {
  local long=""
  while [ $# -gt 0 ]; do
    case "$1" in
      --long) long=--long ;;
      *) die "test: got '$1', want --long or nothing" ;;
    esac
    shift
  done
  total_passed=0
  total_failed=0
  logs=$(mktemp -d "${TMPDIR:-/tmp}/quartermaster-test.XXXXXX")
  say "logs: $logs"
  step packages ensure_packages
  step build build_all
  step check "$repo/tools/dev" check
  step unit_and_database_tests unit_tests "$long"
  step end_to_end python_tests tests.e2e $long
  # The long fuzzing takes what the faults leave of the machine, which is most of it.
  [ -n "$long" ] && start_fuzzing 600
  # Their load is light: two shapes beside each other.
  step fault python_tests --at-once 2 tests.fault $long
  if [ -n "$long" ]; then
    step fuzz await_fuzzing
  else
    step fuzz "$repo/tests/fuzz/run.sh" 15
  fi
  echo "$total_passed passed, $total_failed failed"
  [ "$total_failed" = 0 ]
}
