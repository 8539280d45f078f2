#!/usr/bin/env bash
# Runs Amazon's DynamoDB Local for tests, in memory.
set -euo pipefail

usage() {
  cat <<'USAGE'
Usage: internal/testenv/dynamolocal/dynamodb-local.sh install
       internal/testenv/dynamolocal/dynamodb-local.sh run PORT LOCK

install  downloads DynamoDB Local from Maven Central into the user's cache, once
run      runs it in the foreground on PORT, in memory; it stops when its standard
         input has ended and no process holds a lock on the file LOCK (flock(1))
USAGE
}

die() { echo "dynamodb-local.sh: error: $1" >&2; exit "${2:-1}"; }
# shellcheck source=internal/testenv/loopback/port.sh
. "$(dirname "$0")/../loopback/port.sh"

here=$(cd "$(dirname "$0")" && pwd)
pom=$here/pom.xml
# The folder's name contains the pom's checksum, so each version has its own folder.
home=${XDG_CACHE_HOME:-$HOME/.cache}/vaultsphere/dynamodb-local/$(sha256sum "$pom" | cut -c 1-12)

install() {
  [ -d "$home" ] && return
  command -v mvn >/dev/null 2>&1 || die "mvn is missing: apt-get install maven"
  mkdir -p "$(dirname "$home")"
  local part
  part=$(mktemp -d "$home.XXXXXX")
  if ! mvn -q -B -f "$pom" dependency:copy-dependencies -DoutputDirectory="$part" >"$part.log" 2>&1; then
    cat "$part.log" >&2
    rm -rf "$part" "$part.log"
    die "Maven could not fetch DynamoDB Local"
  fi
  rm -f "$part.log"
  # With two concurrent installations, the first to rename wins, and the other deletes its copy.
  mv -T "$part" "$home" 2>/dev/null || rm -rf "$part"
}

case "${1:-}" in
  install)
    [ $# = 1 ] || { usage >&2; exit 2; }
    install
    ;;
  run)
    [ $# = 3 ] || { usage >&2; exit 2; }
    check_port "$2"
    command -v java >/dev/null 2>&1 || die "java is missing: apt-get install openjdk-17-jre-headless"
    install
    exec 9>>"$3"
    java -Xmx512m -Djava.library.path="$home" -cp "$home/*" \
      com.amazonaws.services.dynamodbv2.local.main.ServerRunner -inMemory -disableTelemetry -port "$2" </dev/null 9>&- &
    server=$!
    # Hold the lock until the server has exited, so that the next user does not find a server that is about to stop.
    trap 'kill "$server" 2>/dev/null && wait "$server" || true' EXIT
    # If the process that started this is killed, its end of the pipe closes and its locks are released.
    cat >/dev/null
    flock --exclusive 9
    ;;
  --help | -h) usage ;;
  *) usage >&2; exit 2 ;;
esac
