#!/usr/bin/env bash
# Checks that the vault serves users: at its public address, through the proxy, with its certificate verified.
set -euo pipefail

usage() {
  cat <<'USAGE'
Usage: check-site [--help]

Requests https://SITE_ADDRESS/health and reports 1 to CloudWatch if it answers,
otherwise 0. The proxy only forwards to a slot that is ready, so an answer means
that users are served. The alarm treats missing data like 0.

Settings, from the environment:
  AWS_REGION         region of the parameters and of the metric
  SITE_PARAMETER     SSM parameter that holds the public address
  METRICS_NAMESPACE  CloudWatch namespace
  ANSWERS_METRIC     name of the metric
USAGE
}

die() { echo "check-site: error: $1" >&2; exit "${2:-1}"; }

case "${1:-}" in
  "") ;;
  --help | -h) usage; exit 0 ;;
  *) usage >&2; exit 2 ;;
esac
for name in AWS_REGION SITE_PARAMETER METRICS_NAMESPACE ANSWERS_METRIC; do
  [ -n "${!name:-}" ] || die "$name is not set" 2
done
export AWS_REGION AWS_DEFAULT_REGION=$AWS_REGION

site=$(aws ssm get-parameter --name "$SITE_PARAMETER" --query Parameter.Value --output text) ||
  die "cannot read $SITE_PARAMETER"
answers=0
if curl --fail --silent --show-error --output /dev/null --max-time 10 "https://$site/health"; then answers=1; fi
aws cloudwatch put-metric-data --namespace "$METRICS_NAMESPACE" --metric-name "$ANSWERS_METRIC" --value "$answers" ||
  die "cannot report to CloudWatch"
