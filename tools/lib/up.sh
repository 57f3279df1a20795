# tools/dev up: from a clean clone to a running node with something to see.
# shellcheck shell=bash

write_config() {
  local dir=$1
  cat >"$dir/quartermaster.yaml" <<EOF
# Written by tools/dev up; see docs/reference/configuration.md.
node_name: dev
data_directory: $dir/data
gateway:
  rest_listen: ${QM_DEV_REST_LISTEN:-127.0.0.1:8443}
  grpc_listen: ${QM_DEV_GRPC_LISTEN:-127.0.0.1:8444}
metrics:
  listen: ${QM_DEV_METRICS_LISTEN:-127.0.0.1:9100}
EOF
}

wait_ready() {
  local dir=$1 pid=$2 try
  for try in $(seq 1 120); do
    kill -0 "$pid" 2>/dev/null || {
      tail -n 20 "$dir/node.log" >&2
      die "the node ended while it started; its log is $dir/node.log"
    }
    # The node, and that its door sees all services behind it.
    if curl_metrics "$dir" /readyz >/dev/null 2>&1 && node_serves "$dir"; then return; fi
    [ $((try % 20)) = 0 ] && say "still starting (${try} half seconds)"
    sleep 0.5
  done
  tail -n 20 "$dir/node.log" >&2
  die "the node is not ready after 60 s; its log is $dir/node.log"
}

node_serves() {
  QMCTL_CREDENTIALS="$1/data/credentials/administrator.json" "$repo/bazel-bin/clients/qmctl/qmctl" node >/dev/null 2>&1
}

curl_metrics() {
  local listen
  listen=$(sed -n '/^metrics:/,$s/^  listen: //p' "$1/quartermaster.yaml")
  "$python" - "http://$listen$2" <<'EOF'
import sys, urllib.request
print(urllib.request.urlopen(sys.argv[1], timeout=2).read().decode(), end="")
EOF
}

run_up() {
  local foreground=no dir pid log_begins
  while [ $# -gt 0 ]; do
    case "$1" in
      --foreground) foreground=yes ;;
      *) die "up: got '$1', want --foreground or nothing" ;;
    esac
    shift
  done
  dir=$(dev_dir)
  if node_pid >/dev/null; then
    say "the node already runs (pid $(node_pid))"
    show_result "$dir"
    return
  fi
  ensure_packages
  say "building (the first time takes some minutes)"
  bazel_build //services/allinone:allinone //clients/qmctl:qmctl //clients/agent:agent //clients/fleet:fleet
  mkdir -p "$dir"
  write_config "$dir"
  # A copy, so that a rebuild does not pull the file from under the running node.
  install -m 755 "$repo/bazel-bin/services/allinone/allinone" "$dir/allinone"
  touch "$dir/node.log"
  log_begins=$(($(stat -c %s "$dir/node.log") + 1))
  say "starting the node (log: $dir/node.log)"
  # A session of its own: Ctrl-C is for us, and the node outlives the terminal unless we stop it.
  setsid "$dir/allinone" --config "$dir/quartermaster.yaml" >>"$dir/node.log" 2>&1 </dev/null &
  pid=$!
  echo "$pid" >"$dir/node.pid"
  [ "$foreground" = yes ] && end_with_the_node "$pid"
  wait_ready "$dir" "$pid"
  [ -e "$dir/sample-estate.done" ] || load_sample_estate "$dir"
  show_result "$dir"
  [ "$foreground" = no ] || follow_the_log "$dir/node.log" "$log_begins"
}

load_sample_estate() {
  local dir=$1
  say "loading the sample estate"
  "$repo/bazel-bin/clients/fleet/fleet" sample-estate \
    --credentials "$dir/data/credentials/administrator.json" --out "$dir/sample-estate" >&2
  touch "$dir/sample-estate.done"
  # Acknowledgements follow the reports about a second later; deadlines are shown with them.
  sleep 3
}

# However this script ends from here on, the node ends with it.
end_with_the_node() {
  attached_pid=$1
  trap 'exit 0' INT TERM HUP
  trap stop_attached EXIT
}

stop_attached() {
  # A second Ctrl-C does not leave the node behind, half stopped.
  trap '' INT TERM HUP
  if kill -0 "$attached_pid" 2>/dev/null; then
    say "stopping the node (pid $attached_pid)"
    stop_node "$attached_pid"
  fi
  # Unless `down` and another `up` were quicker.
  [ "$(cat "$(dev_dir)/node.pid" 2>/dev/null)" = "$attached_pid" ] && rm -f "$(dev_dir)/node.pid"
  # For the log's last lines.
  wait
}

# Shows the log of this start until the node ends: by us, by `tools/dev down` or by itself.
follow_the_log() {
  local log=$1 first_byte=$2 status=0
  say "the node's log follows; Ctrl-C stops the node"
  # In the background, so that Ctrl-C does not end it before the node.
  tail -c "+$first_byte" -f --pid="$attached_pid" "$log" &
  wait "$attached_pid" || status=$?
  exit "$status"
}

show_result() {
  local dir=$1
  export QMCTL_CREDENTIALS="$dir/data/credentials/administrator.json"
  echo
  "$repo/bazel-bin/clients/qmctl/qmctl" compliance
  cat <<EOF

Quartermaster is running.
  REST and devices  https://$(sed -n 's/^  rest_listen: //p' "$dir/quartermaster.yaml")   (CA: $dir/data/tls/ca.pem)
  gRPC              $(sed -n 's/^  grpc_listen: //p' "$dir/quartermaster.yaml")
  metrics           http://$(sed -n '/^metrics:/,$s/^  listen: //p' "$dir/quartermaster.yaml")/metrics
  credentials       $dir/data/credentials/administrator.json

Try:
  tools/dev qmctl product-instance list
  tools/dev qmctl usage list
  tools/dev qmctl fsck
EOF
}
