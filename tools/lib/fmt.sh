# shellcheck shell=bash
run_fmt() {
  ensure_packages
  (cd "$repo" && git ls-files -co --exclude-standard '*.cc' '*.h' | xargs -r clang-format-14 -i)
}
