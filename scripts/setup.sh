#!/usr/bin/env bash
# Installs the programs that the tests need, or prints the command that does.
set -euo pipefail

usage() {
  cat <<'USAGE'
Usage: scripts/setup.sh [build | lint | test | integration]...

Checks the programs for these parts, or for all four without an argument:

  build        Go, Node.js
  lint         shellcheck, Python with venv
  test         a C compiler, Java, Maven, Chromium, Firefox,
               Python with venv
  integration  Python with venv, Java, Maven, Chromium, Groovy, Docker and its
               registry, OpenSSH, sudo, jq, unzip, curl, openssl, iproute2,
               iptables, uidmap, and root

On Debian and Ubuntu, as root or with password-less sudo, it installs missing
programs. Elsewhere it prints what to install and exits with 1.
USAGE
}

tiers=()
for argument in "$@"; do
  case "$argument" in
    --help | -h) usage; exit 0 ;;
    build | lint | test | integration) tiers+=("$argument") ;;
    *) echo "setup.sh: error: unknown argument: $argument" >&2; usage >&2; exit 2 ;;
  esac
done
[ ${#tiers[@]} -gt 0 ] || tiers=(build lint test integration)

missing=()
need() { # command, Debian packages
  command -v "$1" >/dev/null 2>&1 || missing+=("${@:2}")
}

version_at_least() { # have, want
  [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]
}

fail=0
require() { # command, minimum, how to read its version, where to get it
  local said have
  if ! command -v "$1" >/dev/null 2>&1; then
    echo "setup.sh: error: $1 $2 or newer is needed: $4" >&2
    fail=1
    return
  fi
  # If Go downloads the version that go.mod names, it prints that first.
  if ! said=$(eval "$3" 2>&1); then
    echo "setup.sh: error: $1 does not run: ${said##*$'\n'}" >&2
    fail=1
    return
  fi
  said=${said##*$'\n'}
  have=$(grep -oE '[0-9]+(\.[0-9]+)+' <<<"$said" | head -n 1) || true
  if [ -z "$have" ]; then
    echo "setup.sh: error: $1 does not print its version: $said" >&2
    fail=1
  elif ! version_at_least "$have" "$2"; then
    echo "setup.sh: error: $1 is $have, but $2 or newer is needed: $4" >&2
    fail=1
  fi
}

need_python() {
  # Two parts need it, and one message is enough.
  [ -z "${python_checked:-}" ] || return 0
  python_checked=1
  if command -v python3 >/dev/null 2>&1; then
    require python3 3.11 'python3 --version' 'https://www.python.org/downloads/'
  fi
  # Debian's python3 does not include venv.
  python3 -c 'import ensurepip, venv' 2>/dev/null || missing+=(python3-venv)
}

need_java() {
  need java openjdk-17-jre-headless
  need mvn maven
}

need_browser() { # variable, Debian packages; the first is the command
  if [ -n "${!1:-}" ]; then
    [ -x "${!1}" ] || { echo "setup.sh: error: $1 is ${!1}, which is not a program" >&2; exit 1; }
  else
    need "$2" "${@:2}"
  fi
}

for tier in "${tiers[@]}"; do
  case "$tier" in
    build)
      require go 1.26 'go env GOVERSION' 'https://go.dev/dl/'
      # If it is older than 24, make uses its npm to install Node.js 24 from scripts/node.
      require node 20.0 'node --version' 'https://nodejs.org/'
      require npm 10.0 'npm --version' 'it is part of Node.js'
      ;;
    lint)
      need shellcheck shellcheck
      need_python
      ;;
    test)
      # The race detector needs a C compiler to link.
      need gcc gcc libc6-dev
      need_python
      need_java
      need_browser CHROMIUM chromium fonts-liberation
      need_browser FIREFOX firefox-esr
      ;;
    integration)
      need_python
      need_java
      need_browser CHROMIUM chromium fonts-liberation
      need groovy groovy
      need docker-registry docker-registry
      need ssh openssh-client
      need ssh-agent openssh-client
      need sshd openssh-server
      need sudo sudo
      need jq jq
      need unzip unzip
      need curl curl
      need openssl openssl
      need ip iproute2
      need iptables iptables
      need newuidmap uidmap
      # If an engine answers, the tests do not start one.
      docker version >/dev/null 2>&1 || { need docker docker.io; need dockerd docker.io; }
      ;;
  esac
done
[ "$fail" = 0 ] || exit 1
[ ${#missing[@]} = 0 ] && exit 0
mapfile -t missing < <(printf '%s\n' "${missing[@]}" | sort -u)

if command -v apt-get >/dev/null 2>&1; then
  as_root=()
  if [ "$(id -u)" != 0 ]; then
    if sudo -n true 2>/dev/null; then
      as_root=(sudo -n)
    else
      echo "setup.sh: error: programs are missing: run 'sudo apt-get install ${missing[*]}'" >&2
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
  # The tests start their own servers on loopback. Debian would start these for everyone who can reach this machine.
  for service in ssh docker-registry; do
    package=${service/#ssh/openssh-server}
    if [[ " ${missing[*]} " == *" $package "* ]] && [ -d /run/systemd/system ]; then
      "${as_root[@]}" systemctl disable --now "$service" >/dev/null 2>&1 || true
    fi
  done
  exit 0
fi
echo "setup.sh: error: programs are missing: install ${missing[*]} (Debian's names) with your system's packages" >&2
exit 1
