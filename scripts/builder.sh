#!/usr/bin/env bash
# The builder that images are built with.
set -euo pipefail

usage() {
  cat <<'USAGE'
Usage: scripts/builder.sh [--help]

Prints the name of a builder of docker buildx, and makes it if there is none.
Environment:

  BUILDER        its name; default: vaultsphere
  BUILDKIT_HOST  address of a BuildKit that runs already, such as
                 tcp://buildkit:1234. Without it, the builder is a container of
                 the Docker engine
USAGE
}

case "$#:${1:-}" in
  0:) ;;
  1:--help | 1:-h) usage; exit 0 ;;
  *) echo "builder.sh: error: unknown argument: ${*: -1}" >&2; usage >&2; exit 2 ;;
esac

builder=${BUILDER:-vaultsphere}
driver=(--driver docker-container)
if [ -n "${BUILDKIT_HOST:-}" ]; then
  driver=(--driver remote "$BUILDKIT_HOST")
  # A builder keeps the address that it was made with.
  [ -n "${BUILDER:-}" ] || builder=vaultsphere-$(cksum <<<"$BUILDKIT_HOST" | cut -d ' ' -f 1)
fi
if ! docker buildx inspect "$builder" >/dev/null 2>&1; then
  said=$(docker buildx create --name "$builder" "${driver[@]}" 2>&1) || {
    said=$(grep . <<<"$said" | tail -n 1 || true)
    echo "builder.sh: error: cannot make the builder $builder: ${said#ERROR: }" >&2
    exit 1
  }
fi
echo "$builder"
