#!/usr/bin/env bash
# Reports the age of this host's image, and so of its operating system, to CloudWatch.
set -euo pipefail

usage() {
  cat <<'USAGE'
Usage: report-image-age [--help]

Asks EC2 when this host's image was created and reports its age in days.

Settings, from the environment:
  AWS_REGION         region of the host
  METRICS_NAMESPACE  CloudWatch namespace
  IMAGE_AGE_METRIC   name of the metric
USAGE
}

die() { echo "report-image-age: error: $1" >&2; exit "${2:-1}"; }

case "${1:-}" in
  "") ;;
  --help | -h) usage; exit 0 ;;
  *) usage >&2; exit 2 ;;
esac
for name in AWS_REGION METRICS_NAMESPACE IMAGE_AGE_METRIC; do
  [ -n "${!name:-}" ] || die "$name is not set" 2
done
export AWS_REGION AWS_DEFAULT_REGION=$AWS_REGION

image=$("$(dirname "$0")/instance-metadata" ami-id) || exit
created=$(aws ec2 describe-images --image-ids "$image" --query 'Images[0].CreationDate' --output text) || die "cannot ask EC2 for $image"
seconds=$(date --date="$created" +%s 2>/dev/null) || die "EC2 has the creation date '$created' for $image, which is not a time"
aws cloudwatch put-metric-data --namespace "$METRICS_NAMESPACE" --metric-name "$IMAGE_AGE_METRIC" \
  --value "$((($(date +%s) - seconds) / 86400))" || die "cannot report to CloudWatch"
