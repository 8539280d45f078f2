#!/usr/bin/env bash
# The checkout and its reports, as SonarQube sees them.
set -euo pipefail

usage() {
  cat <<'USAGE'
Usage: scripts/sonar.sh [--help]

Analyses the checkout with SonarQube's scanner, in a container. What it reads
stands in sonar-project.properties; run "make test" first, for the reports.

Settings, from the environment:
  SONAR_HOST_URL       address of SonarQube, as the container sees it
  SONAR_TOKEN          token of a user that may analyse; SONAR_AUTH_TOKEN, which
                       Jenkins sets, stands in for it
  SONAR_SCANNER_IMAGE  the scanner (sonarsource/sonar-scanner-cli, pinned)
  SONAR_NETWORK        Docker network of the container (the engine's default)
  BRANCH_NAME          branch. Other than main and master, it has a project of
                       its own: the Community Build knows no branches, and a
                       branch must not decide over main's quality gate
USAGE
}

die() { echo "sonar.sh: error: $1" >&2; exit "${2:-1}"; }

case "${1:-}" in
  "") ;;
  --help | -h) usage; exit 0 ;;
  *) echo "sonar.sh: error: unknown argument: $1" >&2; usage >&2; exit 2 ;;
esac

image=${SONAR_SCANNER_IMAGE:-sonarsource/sonar-scanner-cli:12.2.0.4256_8.1.0}
cd "$(dirname "$0")/.."

[ -n "${SONAR_HOST_URL:-}" ] || die "SONAR_HOST_URL is not set: the address of SonarQube, such as http://localhost:9000"
[[ $SONAR_HOST_URL =~ ^https?:// ]] || die "SONAR_HOST_URL is $SONAR_HOST_URL, but must be an http or https URL"
SONAR_TOKEN=${SONAR_TOKEN:-${SONAR_AUTH_TOKEN:-}}
[ -n "$SONAR_TOKEN" ] || die "SONAR_TOKEN is not set: make one in SonarQube under My Account, Security"
command -v docker >/dev/null 2>&1 || die "docker is missing: https://docs.docker.com/engine/install/"
docker version >/dev/null 2>&1 || die "no Docker engine answers: docker version says why"
[ -s reports/cover.out ] || die "reports/cover.out is missing: make test"
# By name alone, so that no value gets into the list of processes.
export SONAR_TOKEN SONAR_HOST_URL

arguments=()
case "${BRANCH_NAME:-main}" in
  main | master) ;;
  *)
    slug=$(printf '%s' "$BRANCH_NAME" | tr -c 'A-Za-z0-9_.' '-')
    arguments=("-Dsonar.projectKey=vaultsphere-$slug" "-Dsonar.projectName=VaultSphere $slug")
    ;;
esac
network=()
[ -z "${SONAR_NETWORK:-}" ] || network=(--network "$SONAR_NETWORK")

# Copied, not mounted: the engine of a Jenkins in a container is another's, and knows no folder of this one.
container=$(docker create --env SONAR_TOKEN --env SONAR_HOST_URL "${network[@]}" --workdir /usr/src "$image" \
  sonar-scanner "${arguments[@]}")
trap 'docker rm --force --volumes "$container" >/dev/null' EXIT
# What git knows, its history for who wrote which line, and the reports. Never a secret of the checkout.
{ git ls-files -z && find .git reports -type f -print0; } |
  tar --create --null --files-from=- --owner=1000 --group=1000 | docker cp - "$container:/usr/src"
docker start --attach "$container"
# Jenkins finds the task to wait for in it.
rm -rf .scannerwork && mkdir .scannerwork
docker cp "$container:/usr/src/.scannerwork/report-task.txt" .scannerwork/report-task.txt
