#!/usr/bin/env bash
# Builds the server's image with the arguments that all builds share.
set -euo pipefail

usage() {
  cat <<'USAGE'
Usage: scripts/build-image.sh [ARGUMENT...]

Runs docker buildx build in this checkout, with ARGUMENTs such as --tag and
--load. Environment:

  VERSION               version of the server; default: that of the file VERSION, with the commit
  GO_IMAGE, NODE_IMAGE  images to build in, instead of those in the Dockerfile
  IMAGE_ARGS            more arguments, separated by spaces; they take precedence
  BUILDER, BUILDKIT_HOST
                        builder to use instead of the engine: builder.sh --help
USAGE
}

die() { echo "build-image.sh: error: $1" >&2; exit "${2:-1}"; }

case "${1:-}" in
  --help | -h) usage; exit 0 ;;
esac

cd "$(dirname "$0")/.."
commit=$(git rev-parse HEAD 2>/dev/null) || die "this is not a git checkout, and each image names its commit"
version=${VERSION:-$(<VERSION)+$(git describe --always --exclude="*" --dirty --abbrev=12)}
read -ra more <<<"${IMAGE_ARGS:-}"
builder=''
if [ -n "${BUILDER:-}${BUILDKIT_HOST:-}" ]; then builder=$(scripts/builder.sh); fi
# Use the time of the commit, so that two builds of it are identical.
exec docker buildx build ${builder:+--builder "$builder"} --build-arg "VERSION=$version" --build-arg "REVISION=$commit" \
  --build-arg "SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)" \
  ${GO_IMAGE:+--build-arg "GO_IMAGE=$GO_IMAGE"} ${NODE_IMAGE:+--build-arg "NODE_IMAGE=$NODE_IMAGE"} \
  "$@" "${more[@]}" .
