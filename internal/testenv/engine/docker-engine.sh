#!/usr/bin/env bash
# Runs a Docker engine for tests, and builds further programs: BuildKit, RootlessKit, Docker's plugins, Caddy, and Pebble.
set -euo pipefail

usage() {
  cat <<'USAGE'
Usage: internal/testenv/engine/docker-engine.sh install
       internal/testenv/engine/docker-engine.sh path
       internal/testenv/engine/docker-engine.sh run DIRECTORY

install  builds docker-buildx, buildkitd, rootlesskit, docker-compose, caddy and
         pebble into the user's cache, once
path     installs them and prints their folder
run      runs an engine in the foreground, as root, with all of its files in
         DIRECTORY, listening on DIRECTORY/docker.sock. If the engine exits, it
         is started again. When standard input has ended and no process holds a
         lock on DIRECTORY/users, its containers and networks are removed and it
         stops. It uses the settings of the host (infra/host/daemon.json), except
         that it has no bridge docker0, which would conflict with other engines
         on the machine: each container must use another network.
USAGE
}

die() { echo "docker-engine.sh: error: $1" >&2; exit "${2:-1}"; }

parts=$(cd "$(dirname "$0")" && pwd)/parts

install() { # sets home
  command -v go >/dev/null 2>&1 || die "go is missing: https://go.dev/dl/"
  local key part
  # The folder's name contains the checksum of all versions.
  key=$({ cat "$parts/go.mod" "$parts/go.sum"; go env GOVERSION GOOS GOARCH; } | sha256sum | cut -c 1-12)
  home=${XDG_CACHE_HOME:-$HOME/.cache}/vaultsphere/docker/$key
  [ -d "$home" ] && return
  mkdir -p "$(dirname "$home")"
  part=$(mktemp -d "$home.XXXXXX")
  if ! { build docker-buildx github.com/docker/buildx cmd/buildx version.Version &&
    build buildkitd github.com/moby/buildkit cmd/buildkitd version.Version &&
    build rootlesskit github.com/rootless-containers/rootlesskit/v2 cmd/rootlesskit pkg/version.Version &&
    build docker-compose github.com/docker/compose/v2 cmd internal.Version &&
    build caddy github.com/caddyserver/caddy/v2 cmd/caddy CustomVersion &&
    build pebble github.com/letsencrypt/pebble/v2 cmd/pebble version; } >"$part.log" 2>&1; then
    cat "$part.log" >&2
    rm -rf "$part" "$part.log"
    die "go could not build BuildKit, RootlessKit, Docker's plugins, Caddy and Pebble"
  fi
  rm -f "$part.log"
  chmod 0755 "$part"
  # With two concurrent installations, the first to rename wins, and the other deletes its copy.
  mv -T "$part" "$home" 2>/dev/null || rm -rf "$part"
}

build() { # program, module, folder, variable that holds the version
  local version package=$2/${4%.*}
  [[ $4 == *.* ]] || package=$2
  version=$(go -C "$parts" list -m -f '{{.Version}}' "$2") || return
  CGO_ENABLED=0 go -C "$parts" build -trimpath -ldflags "-s -w -X $package.${4##*.}=$version" -o "$part/$1" "$2/$3"
}

start() { # sets engine
  # The engine must not inherit the lock, because it would never release it.
  dockerd --host "unix://$directory/docker.sock" --data-root "$directory/data" --exec-root "$directory/exec" \
    --pidfile "$directory/docker.pid" --config-file "$directory/daemon.json" --log-level warn \
    --bridge none --live-restore --no-new-privileges --userland-proxy=false </dev/null 8<&- 9>&- &
  engine=$!
  started=$SECONDS
}

stop() {
  local containers socket=unix://$directory/docker.sock
  # The engine does not stop its containers when it exits, because a host must serve during a restart of Docker.
  containers=$(docker --host "$socket" ps --all --quiet) || true
  # shellcheck disable=SC2086 # split into words on purpose
  [ -z "$containers" ] || docker --host "$socket" rm --force --volumes $containers >/dev/null || true
  # Each network is an interface of this machine.
  docker --host "$socket" network prune --force >/dev/null || true
  kill "$lifeline" "$engine" 2>/dev/null || true
  wait "$engine" || true
}

run() { # directory
  [ "$(id -u)" = 0 ] || die "a private engine needs root: start Docker, or run as root"
  command -v dockerd >/dev/null 2>&1 || die "dockerd is missing: apt-get install docker.io"
  mkdir -p "$1"
  directory=$(cd "$1" && pwd)
  # The address of a unix socket has 108 bytes (unix(7)), and containerd's is the longest.
  [ ${#directory} -le 70 ] || die "DIRECTORY is too long for a socket: $directory" 2
  # Do not use the configuration of the machine's engine.
  echo '{}' >"$directory/daemon.json"
  exec 8<&0 9>>"$directory/users"
  # If the process that started this is killed, its end of the pipe closes and its locks are released.
  cat <&8 >/dev/null 9>&- &
  lifeline=$!
  start
  trap stop EXIT
  while kill -0 "$lifeline" 2>/dev/null; do
    wait -n "$lifeline" "$engine" || true
    kill -0 "$engine" 2>/dev/null && continue
    # As on a host, restart an engine that exits, but not one that cannot start.
    [ $((SECONDS - started)) -gt 3 ] || die "dockerd exited immediately"
    start
  done
  flock --exclusive 9
}

case "${1:-}" in
  install)
    [ $# = 1 ] || { usage >&2; exit 2; }
    install
    ;;
  path)
    [ $# = 1 ] || { usage >&2; exit 2; }
    install
    echo "$home"
    ;;
  run)
    [ $# = 2 ] || { usage >&2; exit 2; }
    run "$2"
    ;;
  --help | -h) usage ;;
  *) usage >&2; exit 2 ;;
esac
