# shellcheck shell=bash
run_status() {
  local dir pid
  dir=$(dev_dir)
  if ! pid=$(node_pid); then
    echo "not running (start it with: tools/dev up)"
    return 1
  fi
  # shellcheck source=up.sh
  . "$repo/tools/lib/up.sh"
  echo "running, pid $pid, data in $dir"
  if curl_metrics "$dir" /readyz; then
    QMCTL_CREDENTIALS="$dir/data/credentials/administrator.json" "$repo/bazel-bin/clients/qmctl/qmctl" node
  else
    echo "not ready"
    return 1
  fi
}
