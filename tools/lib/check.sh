# tools/dev check: what a reviewer should not have to say.
# shellcheck shell=bash

run_check() {
  ensure_packages
  checks_passed=0
  checks_failed=0
  cd "$repo" || exit 1
  check "C++ is formatted (tools/dev fmt)" bash -c "git ls-files '*.cc' '*.h' | xargs -r clang-format-14 --dry-run -Werror"
  check "shell scripts pass shellcheck" bash -c "git ls-files tools/dev '*.sh' .ci/run | xargs shellcheck -x"
  check "house rules" "$python" tools/lib/lint.py
  check "links and paths in the docs exist" "$python" tools/lib/check_docs.py
  check "the wire contract breaks nothing that was released" "$python" tools/lib/check_protos.py
  check "Kubernetes and YAML files" "$python" tools/lib/check_deploy.py
  echo "COUNT $checks_passed $checks_failed"
  [ "$checks_failed" = 0 ]
}

check() {
  local name=$1
  shift
  if "$@"; then
    checks_passed=$((checks_passed + 1))
    echo "ok    $name"
  else
    checks_failed=$((checks_failed + 1))
    echo "FAIL  $name"
  fi
}
