#!/usr/bin/env bash
# Prints one value of the instance metadata service, such as instance-id.
set -euo pipefail

[ $# = 1 ] || { echo "Usage: instance-metadata NAME" >&2; exit 2; }
# EC2 User Guide, "Use the Instance Metadata Service": version 2 requires a token.
ask() { curl --fail --silent --show-error --max-time 5 --noproxy '*' "$@"; }
url=http://169.254.169.254/latest
{ token=$(ask --request PUT --header 'X-aws-ec2-metadata-token-ttl-seconds: 60' "$url/api/token") &&
  value=$(ask --header "X-aws-ec2-metadata-token: $token" "$url/meta-data/$1"); } ||
  { echo "instance-metadata: error: cannot read $1 from the instance metadata service" >&2; exit 1; }
echo "$value"
