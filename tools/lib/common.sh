# Shared by tools/dev and its parts; sourced with $repo set. No side effects on sourcing.
# shellcheck shell=bash

say() { printf '\033[1m==>\033[0m %s\n' "$*" >&2; }
die() {
  printf 'tools/dev: %s\n' "$*" >&2
  exit 1
}

exec_part() {
  local part=$1
  shift
  # shellcheck source=/dev/null
  . "$repo/tools/lib/$part.sh"
  "run_$part" "$@"
}

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# Installs the packages of packages.txt that are missing; silent when none is.
ensure_packages() {
  local wanted missing=() package
  mapfile -t wanted < <(grep -vE '^(#|$)' "$repo/tools/lib/packages.txt")
  for package in "${wanted[@]}"; do
    dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
  done
  [ ${#missing[@]} = 0 ] && return
  say "installing ${#missing[@]} Debian packages"
  # The distribution would start a system-wide PostgreSQL that nothing here uses.
  if [ ! -e /etc/postgresql-common/createcluster.conf ]; then
    as_root mkdir -p /etc/postgresql-common
    echo 'create_main_cluster = false' | as_root tee /etc/postgresql-common/createcluster.conf >/dev/null
  fi
  as_root apt-get update -qq
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

# Debian's own, which sees the Debian packages whatever else is on PATH.
python=/usr/bin/python3

cache_dir() { echo "${XDG_CACHE_HOME:-$HOME/.cache}"; }

# bazel VERB [...]: the disk cache lies outside the clone, so that a fresh clone builds warm.
bazel_run() {
  local verb=$1
  shift
  (cd "$repo" && bazel --host_jvm_args=-Xmx1g "$verb" --disk_cache="$(cache_dir)/quartermaster-bazel" \
    --noshow_progress --ui_event_filters=-info "$@")
}

# The same with progress for people: one line a step on a terminal, a line now and then elsewhere.
bazel_build() {
  (cd "$repo" && bazel --host_jvm_args=-Xmx1g build --disk_cache="$(cache_dir)/quartermaster-bazel" \
    --show_progress_rate_limit=5 --ui_event_filters=-info "$@")
}

# Path of a built binary; builds it when it is not there yet.
binary() {
  local path="$repo/bazel-bin/$1"
  if [ ! -x "$path" ]; then
    ensure_packages
    bazel_build "//${1%/*}:${1##*/}" >&2
  fi
  echo "$path"
}

# Where `up` keeps its node. Root's PostgreSQL runs as another user, who must be able to get there.
dev_dir() {
  if [ -n "${QM_DEV_DIR:-}" ]; then
    echo "$QM_DEV_DIR"
  elif [ "$(id -u)" = 0 ]; then
    echo "/var/lib/quartermaster-dev/$(echo -n "$repo" | sha256sum | cut -c1-12)"
  else
    echo "$repo/.dev"
  fi
}

node_pid() {
  local pid
  pid=$(cat "$(dev_dir)/node.pid" 2>/dev/null) || return 1
  # The pid may have been given to another program since.
  [ -n "$pid" ] && grep -qz allinone "/proc/$pid/cmdline" 2>/dev/null && echo "$pid"
}

# stop_node PID: asks the node to end and waits until it has.
stop_node() {
  local pid=$1 try
  kill -TERM "$pid" 2>/dev/null || return 0
  for try in $(seq 1 120); do
    kill -0 "$pid" 2>/dev/null || return 0
    [ "$try" = 120 ] && die "pid $pid did not stop within 60 s; its log is $(dev_dir)/node.log"
    sleep 0.5
  done
}
