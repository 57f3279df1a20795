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
    if curl_metrics "$dir" /readyz >/dev/null 2>&1; then return; fi
    [ $((try % 20)) = 0 ] && say "still starting (${try} half seconds)"
    sleep 0.5
  done
  tail -n 20 "$dir/node.log" >&2
  die "the node is not ready after 60 s; its log is $dir/node.log"
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
  local foreground=no dir
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
  if [ "$foreground" = yes ]; then
    say "starting in the foreground; stop with Ctrl-C"
    exec "$dir/allinone" --config "$dir/quartermaster.yaml"
  fi
  say "starting the node (log: $dir/node.log)"
  setsid "$dir/allinone" --config "$dir/quartermaster.yaml" >>"$dir/node.log" 2>&1 </dev/null &
  local pid=$!
  echo "$pid" >"$dir/node.pid"
  wait_ready "$dir" "$pid"
  if [ ! -e "$dir/sample-estate.done" ]; then
    say "loading the sample estate"
    "$repo/bazel-bin/clients/fleet/fleet" sample-estate \
      --credentials "$dir/data/credentials/administrator.json" --out "$dir/sample-estate" >&2
    touch "$dir/sample-estate.done"
    # Acknowledgements follow the reports about a second later; deadlines are shown with them.
    sleep 3
  fi
  show_result "$dir"
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
