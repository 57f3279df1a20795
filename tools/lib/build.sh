# shellcheck shell=bash
run_build() {
  ensure_packages
  bazel_build //... "$@"
}
