# shellcheck shell=bash
run_down() {
  local dir pid purge=no
  dir=$(dev_dir)
  case "${1:-}" in
    "") ;;
    --purge) purge=yes ;;
    *) die "down: got '$1', want --purge or nothing" ;;
  esac
  if pid=$(node_pid); then
    say "stopping the node (pid $pid)"
    stop_node "$pid"
  else
    say "no node runs"
  fi
  rm -f "$dir/node.pid"
  stop_orphan "$dir/data/postgres"
  if [ "$purge" = yes ]; then
    say "deleting $dir"
    rm -rf "$dir"
  fi
}

# A node that was killed leaves its PostgreSQL behind, for the next one to adopt.
stop_orphan() {
  local cluster=$1 pid
  pid=$(head -n 1 "$cluster/postmaster.pid" 2>/dev/null) || return 0
  # The pid may have been given to another program since.
  grep -qz -- "$cluster" "/proc/$pid/cmdline" 2>/dev/null || return 0
  say "stopping the PostgreSQL that a killed node left behind (pid $pid)"
  as_root kill -INT "$pid"
  while kill -0 "$pid" 2>/dev/null; do sleep 0.2; done
}
