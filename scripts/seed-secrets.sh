#!/usr/bin/env bash
# Makes the secret of a deployment in SSM, once: one Fernet key, which no later run touches.
set -euo pipefail

usage() {
  cat <<'USAGE'
Usage: scripts/seed-secrets.sh [--help] [--region REGION]

Makes the SecureString /password-manager/SESSION_SECRET: a key from the system's
random source, which only AWS gets to see. Where there is one already, it stays.
USAGE
}

die() { echo "seed-secrets.sh: error: $1" >&2; exit "${2:-1}"; }

name=/password-manager/SESSION_SECRET
# Version 1 of the AWS command line does not know AWS_REGION.
region=${AWS_REGION:-${AWS_DEFAULT_REGION:-}}

while [ $# -gt 0 ]; do
  case "$1" in
    --region)
      [ -n "${2:-}" ] || { usage >&2; exit 2; }
      region=$2
      shift 2
      ;;
    --help | -h) usage; exit 0 ;;
    *) echo "seed-secrets.sh: error: unknown argument: $1" >&2; usage >&2; exit 2 ;;
  esac
done

command -v aws >/dev/null 2>&1 || die "aws, the AWS command line, is missing: install it"
# Version 2 would page its output and ask questions on a terminal.
export AWS_PAGER='' AWS_CLI_AUTO_PROMPT=off
errors=$(mktemp)
trap 'rm -f "$errors"' EXIT

explain() { # IAM action: says in one sentence why the call for it failed, and ends
  local said
  said=$(grep . "$errors" | tail -n 1 || true)
  case "$said" in
    *"Unable to locate credentials"*) die "there are no AWS credentials: set AWS_PROFILE, or log in" ;;
    *"You must specify a region"*) die "no AWS region is chosen: set AWS_REGION, or give --region" ;;
    *"Could not connect to the endpoint"* | *"onnect timeout on endpoint"* | *"Read timeout on endpoint"*)
      die "AWS does not answer: check the network and the region" ;;
    *AccessDenied*) die "these credentials may not call $1 for $name: allow it" ;;
    *ExpiredToken* | *UnrecognizedClient* | *InvalidClientTokenId* | *InvalidSignature*)
      die "AWS refuses these credentials: log in again" ;;
    *) die "$1 for $name failed: ${said:-the AWS command line did not say why}" ;;
  esac
}

ssm() { # arguments of aws ssm
  aws ssm "$@" ${region:+--region "$region"} 2>"$errors"
}

kind() { # prints the parameter's type, None when there is no parameter
  ssm get-parameters --names "$name" --query 'Parameters[0].Type' --output text || explain ssm:GetParameters
}

# 32 random bytes in base64url with padding (Fernet spec). A key goes through pipes alone: `bash -x` prints what a variable
# gets, and every user of the machine can read arguments.
fernet_key() { head -c 32 /dev/urandom | base64 | tr '+/' '-_' | tr -d '\n'; }

found=$(kind)
if [ "$found" = None ]; then
  fernet_key | ssm put-parameter --name "$name" --type SecureString --value file:///dev/stdin >/dev/null && exit
  # Another run can have been first, and then its key is the one that stays.
  grep -q ParameterAlreadyExists "$errors" || explain ssm:PutParameter
  found=$(kind)
fi
[ "$found" = SecureString ] ||
  die "$name is a $found, not a SecureString: delete it with 'aws ssm delete-parameter --name $name${region:+ --region $region}' and run this again"
echo "seed-secrets.sh: $name exists already and stays as it is" >&2
