#!/usr/bin/env bash
# Installs programs written in Python, each in a separate environment with every package pinned by hash.
set -euo pipefail

usage() {
  cat <<'USAGE'
Usage: scripts/python-tool.sh install NAME...
       scripts/python-tool.sh path NAME
       scripts/python-tool.sh run NAME [ARGUMENT...]

install  downloads the program NAME into the user's cache, once
path     installs it and prints its path
run      installs it and runs it

The file scripts/python/NAME.txt locks the program NAME and its dependencies for
Python 3.11 or newer on Linux x86_64.
USAGE
}

die() { echo "python-tool.sh: error: $1" >&2; exit "${2:-1}"; }

locks=$(cd "$(dirname "$0")" && pwd)/python

need_python() {
  command -v python3 >/dev/null 2>&1 || die "python3 is missing: apt-get install python3-venv"
  python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    die "python3 is $(python3 -c 'import platform; print(platform.python_version())'), but 3.11 or newer is needed"
  python3 -c 'import ensurepip, venv' 2>/dev/null || die "python3 has no venv module: apt-get install python3-venv"
}

install() { # name; sets home
  local lock=$locks/$1.txt key
  # The name becomes part of a path.
  if ! [[ $1 =~ ^[a-z0-9_-]+$ && -f $lock ]]; then
    die "unknown program '$1', expected one of $(basename -s .txt -a "$locks"/*.txt | paste -sd ' ')" 2
  fi
  need_python
  # The folder's name contains a checksum of the lock file and of the Python that it is tied to.
  key=$({ cat "$lock"; python3 -c 'import sys; print(sys.base_prefix, sys.version)'; } | sha256sum | cut -c 1-12)
  home=${XDG_CACHE_HOME:-$HOME/.cache}/vaultsphere/python/$1-$key
  [ -e "$home/complete" ] && return
  mkdir -p "$(dirname "$home")"
  # An environment contains its own path and cannot be renamed, so it is created in place, under a lock, and marked when complete.
  (
    flock 9
    [ -e "$home/complete" ] && exit
    rm -rf "$home"
    if ! { python3 -m venv "$home" && "$home/bin/python" -m pip install --quiet --disable-pip-version-check --no-input \
      --require-hashes --no-deps --only-binary :all: -r "$lock"; } >"$home.log" 2>&1; then
      cat "$home.log" >&2
      rm -rf "$home"
      die "pip could not install $1"
    fi
    rm -f "$home.log"
    touch "$home/complete"
  ) 9>"$home.lock"
}

case "${1:-}" in
  install)
    [ $# -ge 2 ] || { usage >&2; exit 2; }
    shift
    for name in "$@"; do install "$name"; done
    ;;
  path)
    [ $# = 2 ] || { usage >&2; exit 2; }
    install "$2"
    echo "$home/bin/$2"
    ;;
  run)
    [ $# -ge 2 ] || { usage >&2; exit 2; }
    install "$2"
    name=$2
    shift 2
    exec "$home/bin/$name" "$@"
    ;;
  --help | -h) usage ;;
  *) usage >&2; exit 2 ;;
esac
