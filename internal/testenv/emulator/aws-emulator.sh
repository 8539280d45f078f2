#!/usr/bin/env bash
# Runs an emulated AWS for tests: moto, in memory.
set -euo pipefail

usage() {
  cat <<'USAGE'
Usage: internal/testenv/emulator/aws-emulator.sh install
       internal/testenv/emulator/aws-emulator.sh run PORT

install  downloads moto from the Python package index into the user's cache, once
run      runs it in the foreground on 127.0.0.1:PORT, in memory; it stops when its standard input ends
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
    # Without this list, it refuses to attach AWS managed policies.
    MOTO_IAM_LOAD_MANAGED_POLICIES=true "$(dirname "$program")/python" "$here/aws-emulator.py" --host 127.0.0.1 --port "$2" </dev/null &
    server=$!
    # Kill it: it has nothing to save, and Python takes minutes to free a large memory.
    trap 'kill -KILL "$server" 2>/dev/null || true' EXIT
    # If the process that started this is killed, its end of the pipe closes.
    cat >/dev/null
    ;;
  --help | -h) usage ;;
  *) usage >&2; exit 2 ;;
esac
