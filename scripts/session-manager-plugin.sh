#!/usr/bin/env bash
# Builds the Session Manager plugin of the AWS command line from source.
set -euo pipefail

usage() {
  cat <<'USAGE'
Usage: scripts/session-manager-plugin.sh path
       scripts/session-manager-plugin.sh install DIRECTORY
       scripts/session-manager-plugin.sh --help

path     builds it once into the user's cache, and prints its path
install  copies it to DIRECTORY, which should be in PATH: "aws ssm start-session"
         and scripts/deploy.sh call it by its name, session-manager-plugin

jenkins/session-manager-plugin/go.mod sets the version. Needs Go.
USAGE
}

die() { echo "session-manager-plugin.sh: error: $1" >&2; exit "${2:-1}"; }

build() { # sets program
  command -v go >/dev/null 2>&1 || die "go is missing: https://go.dev/dl/"
  local module key
  module=$(cd "$(dirname "$0")/../jenkins/session-manager-plugin" && pwd)
  key=$({ cat "$module/go.mod" "$module/go.sum"; go -C "$module" version; } | sha256sum | cut -c 1-12)
  program=${XDG_CACHE_HOME:-$HOME/.cache}/vaultsphere/session-manager-plugin/$key/session-manager-plugin
  [ -x "$program" ] && return
  mkdir -p "$(dirname "$program")"
  local part
  part=$(mktemp -d "$(dirname "$program").XXXXXX")
  if ! CGO_ENABLED=0 go -C "$module" build -trimpath -ldflags '-s -w' -o "$part/session-manager-plugin" \
    github.com/aws/session-manager-plugin/src/sessionmanagerplugin-main >"$part/log" 2>&1; then
    local why
    why=$(grep -v '^go: downloading' "$part/log" | head -n 1)
    rm -rf "$part"
    die "go could not build it: $why"
  fi
  # Two concurrent runs are safe: each renames a complete program into place.
  mv -f "$part/session-manager-plugin" "$program"
  rm -rf "$part"
}

case "${1:-}" in
  path)
    [ $# = 1 ] || { usage >&2; exit 2; }
    build
    echo "$program"
    ;;
  install)
    [ $# = 2 ] || { usage >&2; exit 2; }
    [ -d "$2" ] || die "$2 is not a directory"
    [ -w "$2" ] || die "$2 is not writable: run this as a user who may write there"
    build
    cp "$program" "$2/session-manager-plugin.part" && mv "$2/session-manager-plugin.part" "$2/session-manager-plugin"
    ;;
  --help | -h) usage ;;
  *) usage >&2; exit 2 ;;
esac
