# shellcheck shell=bash
run_bench() {
  local name=${1:-}
  [ -n "$name" ] || die "bench: got no name, want one of: $(bench_names)"
  shift
  [ -f "$repo/tests/bench/$name.py" ] || die "bench: got '$name', want one of: $(bench_names)"
  ensure_packages
  bazel_build //services/... //clients/... //tests/bench/...
  cd "$repo" && exec "$python" -m "tests.bench.$name" "$@"
}

bench_names() { (cd "$repo/tests/bench" && ls -- *.py) | sed 's/\.py$//' | grep -v '^_' | xargs; }
