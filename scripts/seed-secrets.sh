#!/usr/bin/env bash
# Creates the secret of a deployment in SSM, once: one Fernet key. Later runs do not change it, except to rotate it.
set -euo pipefail

usage() {
  cat <<'USAGE'
Usage: scripts/seed-secrets.sh [--help] [--region REGION] [--add | --use | --drop]

Creates the SecureString /password-manager/SESSION_SECRET with a key from the
system's random source, which only AWS gets to see. An existing one stays.
With DEPLOYMENT=staging in the environment, it creates staging's secret.

The secret is a list of keys: the first seals, all of them open. To rotate it
without logging anyone out, deploy after each of these steps:

--add   appends a new key, so that every server can open what it seals
--use   moves the last key to the front, so that it seals
--drop  removes all keys except the first. Sessions that an older key sealed end,
        and so does the second factor of users who have not logged in since --use
USAGE
}

die() { echo "seed-secrets.sh: error: $1" >&2; exit "${2:-1}"; }

[[ ${DEPLOYMENT:-} =~ ^(staging)?$ ]] || die "DEPLOYMENT is '$DEPLOYMENT', but must be staging, or not set for production" 2
name=/password-manager${DEPLOYMENT:+-$DEPLOYMENT}/SESSION_SECRET
# Version 1 of the AWS command line does not know AWS_REGION.
region=${AWS_REGION:-${AWS_DEFAULT_REGION:-}}

step=

while [ $# -gt 0 ]; do
  case "$1" in
    --add | --use | --drop)
      [ -z "$step" ] || { usage >&2; exit 2; }
      step=$1
      shift
      ;;
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
# On a terminal, version 2 would page its output and ask questions.
export AWS_PAGER='' AWS_CLI_AUTO_PROMPT=off
errors=$(mktemp)
trap 'rm -f "$errors"' EXIT

explain() { # IAM action: exits with one sentence that says why the call failed
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

kind() { # prints the parameter's type, None if there is no parameter
  ssm get-parameters --names "$name" --query 'Parameters[0].Type' --output text || explain ssm:GetParameters
}

# 32 random bytes in base64url with padding (Fernet spec). Keys only go through pipes: `bash -x` prints variables, and every
# user of the machine can read arguments.
fernet_key() { head -c 32 /dev/urandom | base64 | tr '+/' '-_' | tr -d '\n'; }

keys() { # stdin: version, tab, keys; stdout: the keys after this step, nothing on failure
  awk -v step="$step" -v made="$made" '
    function refuse(why) { print why >"/dev/stderr"; exit 1 }
    BEGIN { FS = "\t" }
    NR > 1 { next }
    {
      n = split($2, key, /,/)
      for (i = 1; i <= n; i++) if (key[i] !~ /^[A-Za-z0-9+\/_-]+=*$/) refuse("key " i " is not a Fernet key: nothing was changed")
      if (step == "--add") {
        if (n > 3) refuse("there are " n " keys already: drop the old ones first")
        getline line <made
        print $2 "," line
      } else {
        if (n < 2) refuse("there is only one key: --add a new one first")
        if (step == "--drop") { print key[1]; exit }
        out = key[n]
        for (i = 1; i < n; i++) out = out "," key[i]
        print out
      }
    }
    END { if (!NR) exit 1 }'
}

rotate() {
  [ "$(kind)" = SecureString ] || die "there is no SecureString $name: run this script without $step first"
  umask 077
  # Use files, not a pipe between the two calls: a failed read must not be written.
  work=$(mktemp -d)
  trap 'rm -rf "$errors" "$work"' EXIT
  made=$work/made
  { fernet_key; echo; } >"$made"
  ssm get-parameter --name "$name" --with-decryption --query 'Parameter.[Version,Value]' --output text >"$work/old" || explain ssm:GetParameter
  keys <"$work/old" 2>"$work/why" | tr -d '\n' >"$work/new" || die "$(<"$work/why")"
  local version now
  version=$(cut -f 1 "$work/old")
  now=$(ssm put-parameter --name "$name" --type SecureString --overwrite --value "file://$work/new" --query Version --output text) ||
    explain ssm:PutParameter
  [ "$now" = $((version + 1)) ] || die "someone else changed $name at the same time: compare its versions with 'aws ssm get-parameter-history --name $name'"
  echo "seed-secrets.sh: $name has changed: deploy, and then take the next step" >&2
}

if [ -n "$step" ]; then rotate; exit; fi
found=$(kind)
if [ "$found" = None ]; then
  fernet_key | ssm put-parameter --name "$name" --type SecureString --value file:///dev/stdin >/dev/null && exit
  # Another run may have been first; then its key stays.
  grep -q ParameterAlreadyExists "$errors" || explain ssm:PutParameter
  found=$(kind)
fi
[ "$found" = SecureString ] ||
  die "$name is a $found, not a SecureString: delete it with 'aws ssm delete-parameter --name $name${region:+ --region $region}' and run this script again"
echo "seed-secrets.sh: $name already exists and stays as it is" >&2
