#!/usr/bin/env bash
# Rehearses the pipeline on this machine, without AWS: a first deployment, good and bad releases, and rollbacks.
set -euo pipefail

usage() {
  cat <<'USAGE'
Usage: scripts/rehearse.sh [--help]

Runs the Jenkinsfile of the last commit repeatedly, while several hundred
requests per second go to staging and to production and are counted: a first
deployment of both, a push to staging and then to production, a branch, a
failing test, the monthly patch, a move to another zone, a failing quality gate,
a release that does not start in staging, a rollback, and a push to staging on
Fargate and then to production's host. Then it runs tests of "make integration":
six releases on DynamoDB and on the embedded store, unsigned and failing
releases, a rollout killed at each step, a restart of Docker, an SSM outage, and
a host replaced by an empty one, which takes over address and certificate. A
table says how each step ended. The exit status is 1 if a step ended
unexpectedly or a request failed.

Real: the Jenkinsfile's shell, make's targets, CDK, Docker, BuildKit, Compose,
Caddy, an ACME server (Pebble), a registry, sshd, DynamoDB Local. Simulated:
Jenkins itself (jenkins/run-pipeline.sh), AWS
(internal/testenv/emulator/aws-emulator.sh), and SonarQube's gate. The emulated
ECS has the service and its task definitions, but starts no tasks. Only the Go
tests of two packages run.

Needs root, for a separate network. Takes about a quarter of an hour.
USAGE
}

die() { echo "rehearse.sh: error: $1" >&2; exit "${2:-1}"; }

case "$#:${1:-}" in
  0:) ;;
  1:--help | 1:-h) usage; exit 0 ;;
  *) usage >&2; exit 2 ;;
esac
cd "$(dirname "$0")/.."
[ "$(id -u)" = 0 ] || die "the Docker engine runs in a separate network, which needs root: sudo make rehearse"
git diff --quiet HEAD || echo "rehearse.sh: rehearsing the last commit, without your uncommitted changes" >&2
internal/testenv/dynamolocal/dynamodb-local.sh install
internal/testenv/emulator/aws-emulator.sh install
internal/testenv/engine/docker-engine.sh install
scripts/python-tool.sh install aws
# Run as a program: "go test" would hide the output of tests that pass.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
go test -c -tags integration -o "$work/rehearsal" ./scripts/rollout
cd scripts/rollout
"$work/rehearsal" -test.timeout 60m -test.run '^Test(Pipeline|Deploy|Rollout|Replacement)$'
