#!/usr/bin/env bash
# Installs what the tests need, or says which line installs it.
set -euo pipefail

usage() {
  cat <<'USAGE'
Usage: scripts/setup.sh [--help]

Checks for Go, Node.js, Java, Maven, Groovy, Python, Chromium, Docker, its
registry, OpenSSH, sudo, jq and shellcheck. On Debian and Ubuntu, as root or
with password-less sudo, it installs those that are missing; elsewhere it prints
what to install and exits with 1.
USAGE
}

case "${1:-}" in
  "") ;;
  --help | -h) usage; exit 0 ;;
  *) echo "setup.sh: error: unknown argument: $1" >&2; usage >&2; exit 2 ;;
esac

missing=()
need() { # command, Debian package
  command -v "$1" >/dev/null 2>&1 || missing+=("$2")
}

version_at_least() { # have, want
  [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]
}

fail=0
require() { # command, minimum, how to read its version, where to get it
  local have
  if ! command -v "$1" >/dev/null 2>&1; then
    echo "setup.sh: error: $1 $2 or newer is needed: $4" >&2
    fail=1
    return
  fi
  have=$(eval "$3" | grep -oE '[0-9]+(\.[0-9]+)+' | head -n 1)
  if ! version_at_least "$have" "$2"; then
    echo "setup.sh: error: $1 is $have, but $2 or newer is needed: $4" >&2
    fail=1
  fi
}

require go 1.26 'go env GOVERSION' 'https://go.dev/dl/'
require node 20.0 'node --version' 'https://nodejs.org/'
require npm 10.0 'npm --version 2>/dev/null' 'it comes with Node.js'
if command -v python3 >/dev/null 2>&1; then
  require python3 3.11 'python3 --version' 'https://www.python.org/downloads/'
fi
[ "$fail" = 0 ] || exit 1

# Debian's python3 comes without the part that makes environments.
python3 -c 'import ensurepip, venv' 2>/dev/null || missing+=(python3-venv)
need java openjdk-17-jre-headless
need mvn maven
need groovy groovy
need shellcheck shellcheck
need docker-registry docker-registry
need ssh openssh-client
need ssh-agent openssh-client
need sshd openssh-server
need sudo sudo
need jq jq
# Where an engine answers, none has to be started.
docker version >/dev/null 2>&1 || { need docker docker.io; need dockerd docker.io; }
if [ -n "${CHROMIUM:-}" ]; then
  [ -x "$CHROMIUM" ] || { echo "setup.sh: error: CHROMIUM is $CHROMIUM, which is no program" >&2; exit 1; }
elif ! command -v chromium >/dev/null 2>&1; then
  missing+=(chromium fonts-liberation)
fi
[ ${#missing[@]} = 0 ] && exit 0

if command -v apt-get >/dev/null 2>&1; then
  as_root=()
  if [ "$(id -u)" != 0 ]; then
    if sudo -n true 2>/dev/null; then
      as_root=(sudo -n)
    else
      echo "setup.sh: error: missing: run 'sudo apt-get install ${missing[*]}'" >&2
      exit 1
    fi
  fi
  echo "setup.sh: installing ${missing[*]}" >&2
  log=$(mktemp)
  trap 'rm -f "$log"' EXIT
  if ! { "${as_root[@]}" apt-get update && "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
    cat "$log" >&2
    echo "setup.sh: error: apt-get could not install ${missing[*]}" >&2
    exit 1
  fi
  # The tests start their own servers, on loopback. Debian would have these serve everybody who reaches this machine.
  for service in ssh docker-registry; do
    package=${service/#ssh/openssh-server}
    if [[ " ${missing[*]} " == *" $package "* ]] && [ -d /run/systemd/system ]; then
      "${as_root[@]}" systemctl disable --now "$service" >/dev/null 2>&1 || true
    fi
  done
  exit 0
fi
echo "setup.sh: error: missing: install ${missing[*]} (Debian's names) with your system's packages" >&2
exit 1
