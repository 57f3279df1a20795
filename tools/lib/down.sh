# shellcheck shell=bash
run_down() {
  local dir pid
  dir=$(dev_dir)
  if pid=$(node_pid); then
    say "stopping the node (pid $pid)"
    kill -TERM "$pid"
    local try
    for try in $(seq 1 120); do
      kill -0 "$pid" 2>/dev/null || break
      [ "$try" = 120 ] && die "pid $pid did not stop within 60 s; its log is $dir/node.log"
      sleep 0.5
    done
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
