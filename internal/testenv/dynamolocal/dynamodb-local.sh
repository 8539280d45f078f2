#!/usr/bin/env bash
# A real DynamoDB endpoint for tests: Amazon's DynamoDB Local, in memory.
set -euo pipefail

usage() {
  cat <<'USAGE'
Usage: internal/testenv/dynamolocal/dynamodb-local.sh install
       internal/testenv/dynamolocal/dynamodb-local.sh run PORT LOCK

install  fetches DynamoDB Local from Maven Central into the user's cache, once
run      runs it in the foreground on PORT, in memory; it ends once its standard
         input has ended and nobody holds a lock on the file LOCK (flock(1))
USAGE
}

die() { echo "dynamodb-local.sh: error: $1" >&2; exit "${2:-1}"; }
# shellcheck source=internal/testenv/loopback/port.sh
. "$(dirname "$0")/../loopback/port.sh"

here=$(cd "$(dirname "$0")" && pwd)
pom=$here/pom.xml
# The folder carries the pom's checksum: another version is another folder.
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
  # Two installations at once: the first to rename wins, the other's copy goes.
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
    # The lock is held until it is gone: the next user must not take one that is about to end for one that serves.
    trap 'kill "$server" 2>/dev/null && wait "$server" || true' EXIT
    # The process that started this may be killed; its end of the pipe closes all the same, and so do the locks.
    cat >/dev/null
    flock --exclusive 9
    ;;
  --help | -h) usage ;;
  *) usage >&2; exit 2 ;;
esac
