#!/usr/bin/env bash
# Provides builds of branches with credentials of the role that can only compare.
set -euo pipefail

usage() {
  cat <<'USAGE'
Usage: diff-credentials [--check | --once]

Assumes the role BRANCH_ROLE for an hour, four times an hour, and writes its
credentials to FILE (/run/diff-credentials/credentials) for the AWS CLI and the
CDK. Without BRANCH_ROLE it only waits, and branches have no access to AWS.

--once   writes the credentials and exits
--check  checks whether they are recent enough
USAGE
}

die() { echo "diff-credentials: error: $1" >&2; exit 1; }

case "$#:${1:-}" in
  0: | 1:--check | 1:--once) ;;
  1:--help | 1:-h) usage; exit 0 ;;
  *) usage >&2; exit 2 ;;
esac
role=${BRANCH_ROLE:-}
file=${FILE:-/run/diff-credentials/credentials}
if [ -z "$role" ]; then
  [ "${1:-}" != --check ] || exit 0
  echo "diff-credentials: BRANCH_ROLE is not set: branches have no access to AWS" >&2
  exec sleep infinity
fi
[[ $role =~ ^arn:aws[a-z-]*:iam::[0-9]{12}:role/[A-Za-z0-9+=,.@_/-]+$ ]] || die "BRANCH_ROLE is '$role', not the ARN of a role"
if [ "${1:-}" = --check ]; then
  [ -n "$(find "$file" -mmin -45 2>/dev/null)" ] || die "the credentials in $file are too old or missing"
  exit 0
fi

umask 077
renew() {
  local answer id secret token
  answer=$(aws sts assume-role --role-arn "$role" --role-session-name branches --duration-seconds 3600 \
    --query 'Credentials.[AccessKeyId, SecretAccessKey, SessionToken]' --output text) || return 1
  read -r id secret token <<<"$answer"
  printf '[default]\naws_access_key_id = %s\naws_secret_access_key = %s\naws_session_token = %s\n' "$id" "$secret" "$token" >"$file.new"
  # Atomic, because a build may be reading the file.
  mv "$file.new" "$file"
}
if [ "${1:-}" = --once ]; then
  renew || die "cannot assume the role $role: see above"
  exit
fi
while true; do
  renew || echo "diff-credentials: error: cannot assume the role $role: see above" >&2
  sleep 15m
done
