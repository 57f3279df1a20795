# shellcheck shell=bash
run_down() {
  local dir pid
  dir=$(dev_dir)
  if pid=$(node_pid); then
    say "stopping the node (pid $pid)"
    stop_node "$pid"
  else
    say "no node runs"
  fi
  rm -f "$dir/node.pid"
  case "${1:-}" in
    "") ;;
    --purge)
      say "deleting $dir"
      rm -rf "$dir"
      ;;
    *) die "down: got '$1', want --purge or nothing" ;;
  esac
}
