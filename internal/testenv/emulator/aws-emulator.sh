#!/usr/bin/env bash
# An AWS endpoint for tests: moto, in memory.
set -euo pipefail

usage() {
  cat <<'USAGE'
Usage: internal/testenv/emulator/aws-emulator.sh install
       internal/testenv/emulator/aws-emulator.sh run PORT

install  fetches moto from the Python package index into the user's cache, once
run      runs it in the foreground on 127.0.0.1:PORT, in memory; it ends with its standard input
USAGE
}

die() { echo "aws-emulator.sh: error: $1" >&2; exit "${2:-1}"; }
# shellcheck source=internal/testenv/loopback/port.sh
. "$(dirname "$0")/../loopback/port.sh"

here=$(cd "$(dirname "$0")" && pwd)
tool=$here/../../../scripts/python-tool.sh

case "${1:-}" in
  install)
    [ $# = 1 ] || { usage >&2; exit 2; }
    "$tool" install moto_server
    ;;
  run)
    [ $# = 2 ] || { usage >&2; exit 2; }
    check_port "$2"
    program=$("$tool" path moto_server)
    # Without their list it refuses to attach a policy that AWS manages.
    MOTO_IAM_LOAD_MANAGED_POLICIES=true "$(dirname "$program")/python" "$here/aws-emulator.py" --host 127.0.0.1 --port "$2" </dev/null &
    server=$!
    # It has nothing to save, and Python takes minutes to take a large memory apart.
    trap 'kill -KILL "$server" 2>/dev/null || true' EXIT
    # The process that started this may be killed; its end of the pipe closes all the same.
    cat >/dev/null
    ;;
  --help | -h) usage ;;
  *) usage >&2; exit 2 ;;
esac
