#!/usr/bin/env bash
# Prints the name of the builder for images.
set -euo pipefail

usage() {
  cat <<'USAGE'
Usage: scripts/builder.sh [--help]

Prints the name of a docker buildx builder, and creates the builder if it does
not exist. Environment:

  BUILDER        its name; default: vaultsphere
  BUILDKIT_HOST  address of a running BuildKit, such as tcp://buildkit:1234.
                 Without it, the builder is a container of the Docker engine
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
  # The address of a builder cannot change.
  [ -n "${BUILDER:-}" ] || builder=vaultsphere-$(cksum <<<"$BUILDKIT_HOST" | cut -d ' ' -f 1)
fi
if ! docker buildx inspect "$builder" >/dev/null 2>&1; then
  said=$(docker buildx create --name "$builder" "${driver[@]}" 2>&1) || {
    said=$(grep . <<<"$said" | tail -n 1 || true)
    echo "builder.sh: error: cannot create the builder $builder: ${said#ERROR: }" >&2
    exit 1
  }
fi
echo "$builder"
