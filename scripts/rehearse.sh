#!/usr/bin/env bash
# From an empty account to a vault that serves, releases that fail, and back: on this machine, without AWS.
set -euo pipefail

usage() {
  cat <<'USAGE'
Usage: scripts/rehearse.sh [--help]

Runs the Jenkinsfile of the last commit again and again while several hundred
requests a second are made to staging and to production, and counted: a first
deployment of both, a push to staging and then to production, a branch, a test
that fails, the monthly patch, a move to another zone, a quality gate that fails,
a release that does not start in staging, going back, and a push to staging on
Fargate and then to production's host. Then, as in "make integration": six
releases on DynamoDB and on the embedded store, releases that nobody signed or
that fail in every way, a rollout killed at each step, Docker restarted, SSM
away, and a host replaced by an empty one, which takes over address and
certificate. A table says how each ended; exit status 1 if one ended otherwise
than it should or a request failed.

Real: the Jenkinsfile's shell, make's targets, CDK, Docker, BuildKit, Compose,
Caddy, an ACME server (Pebble), a registry, sshd, DynamoDB Local. Stand-ins: Jenkins itself
(jenkins/run-pipeline.sh), AWS (internal/testenv/emulator/aws-emulator.sh), and
SonarQube, whose gate answers as told. The emulated ECS has the service and its
task definitions, and starts no task. Of the tests, those of two packages run.

As root, in a network of its own. It takes about a quarter of an hour.
USAGE
}

die() { echo "rehearse.sh: error: $1" >&2; exit "${2:-1}"; }

case "$#:${1:-}" in
  0:) ;;
  1:--help | 1:-h) usage; exit 0 ;;
  *) usage >&2; exit 2 ;;
esac
cd "$(dirname "$0")/.."
[ "$(id -u)" = 0 ] || die "a Docker engine in a network of its own takes root: sudo make rehearse"
git diff --quiet HEAD || echo "rehearse.sh: the last commit is rehearsed, without the changes since" >&2
internal/testenv/dynamolocal/dynamodb-local.sh install
internal/testenv/emulator/aws-emulator.sh install
internal/testenv/engine/docker-engine.sh install
scripts/python-tool.sh install aws
# Run as a program: "go test" would keep what a test that passes prints to itself.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
go test -c -tags integration -o "$work/rehearsal" ./scripts/rollout
cd scripts/rollout
"$work/rehearsal" -test.timeout 60m -test.run '^Test(Pipeline|Deploy|Rollout|Replacement)$'
