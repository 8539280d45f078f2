#!/usr/bin/env bash
# Replaces the host with one that has the newest operating system, or with one in another availability zone.
set -euo pipefail
# Functions in command substitutions also stop at the first failure.
shopt -s inherit_errexit

usage() {
  cat <<'USAGE'
Usage: scripts/replace-host.sh --look       show whether there is a newer image
       scripts/replace-host.sh --newest     replace the host with one that has the newest image
       scripts/replace-host.sh --other-zone replace the host with one in the other zone
       scripts/replace-host.sh --seed       choose the newest image if none is chosen
       scripts/replace-host.sh --help

Deploys the platform with the options of platform.json (with DEPLOYMENT=staging
in the environment: staging, with platform.staging.json). The old host serves
until the new one reports that it does; address, certificates and release move to
the new one. If the new host does not serve, it is removed, and the changes for
it are undone: exit 1.

--newest writes the image to the SSM parameter that the deploy reads.
--other-zone writes hostZone to platform.json; commit that file.
USAGE
}

die() { echo "replace-host.sh: error: $1" >&2; exit "${2:-1}"; }
say() { echo "replace-host.sh: $1" >&2; }

case "$#:${1:-}" in
  1:--look | 1:--newest | 1:--other-zone | 1:--seed) command=$1 ;;
  1:--help | 1:-h) usage; exit 0 ;;
  *) usage >&2; exit 2 ;;
esac
cd "$(dirname "$0")/.."
for program in aws jq; do
  command -v "$program" >/dev/null 2>&1 || die "$program is missing: install it"
done
# On a terminal, version 2 would page its output and ask questions.
export AWS_PAGER='' AWS_CLI_AUTO_PROMPT=off
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

reason() { # prints the last line of the last command
  local said
  said=$(grep . "$work/log" | tail -n 1 || true)
  echo "${said:-no reason given}"
}

ask() { # purpose, arguments of aws: prints the answer, nothing for None
  local what=$1 answer
  shift
  answer=$(aws "$@" --output text 2>"$work/log") || die "cannot $what: $(reason)"
  [ "$answer" = None ] || echo "$answer"
}

# --seed runs during a deploy, which has just synthesized the platform.
[ "$command" = --seed ] || make synth >"$work/log" 2>&1 || die "the platform cannot be synthesized: $(reason)"
region=$(bin/infra region cdk.out) || exit
export AWS_REGION=$region AWS_DEFAULT_REGION=$region
parameter=$(bin/infra host-image cdk.out) || exit

newest_image() { # prints the id
  local cpu=${parameter##*HOST_IMAGE_} public
  public=/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-${cpu,,}
  ask "look up $public" ssm get-parameter --name "$public" --query Parameter.Value
}

chosen_image() { # prints the id, nothing if none is chosen
  ask "read $parameter" ssm get-parameters --names "$parameter" --query 'Parameters[0].Value'
}

choose_image() { # id, more arguments
  aws ssm put-parameter --name "$parameter" --type String --value "$@" >/dev/null 2>"$work/log" || die "cannot write $parameter: $(reason)"
}

describe_image() { # id: prints it with its name and date
  local of
  of=$(ask "look at the image $1" ec2 describe-images --image-ids "$1" --query 'Images[0].[Name, CreationDate]')
  read -r name made <<<"$of"
  echo "$1 ($name, ${made%T*})"
}

# Deploys the change. If this fails or is interrupted, the given command undoes the change.
replace() { # command that undoes the change
  local put_back=$1
  # shellcheck disable=SC2064 # expanded now on purpose
  trap "$put_back; rm -rf '$work'" EXIT
  trap 'exit 1' HUP INT TERM
  make deploy REPLACE_HOST=yes >&2 || die "the host was not replaced: the old one stays, and the change was undone"
  trap 'rm -rf "$work"' EXIT
}

case ${DEPLOYMENT:-} in
  "") stack=PasswordManager-Host options=platform.json ;;
  staging) stack=PasswordManager-Staging-Host options=platform.staging.json ;;
  *) die "DEPLOYMENT is '$DEPLOYMENT', but must be staging, or not set for production" 2 ;;
esac

other_zone() {
  local instance type here other zone of subnets
  instance=$(ask "look for the host" cloudformation describe-stack-resources --stack-name "$stack" \
    --query "StackResources[?ResourceType=='AWS::EC2::Instance'].PhysicalResourceId | [0]")
  [ -n "$instance" ] || die "stack $stack has no host: make deploy"
  of=$(ask "look at the host" ec2 describe-instances --instance-ids "$instance" \
    --query 'Reservations[0].Instances[0].[SubnetId, InstanceType]')
  read -r here type <<<"$of"
  subnets=$(ask "look for the network" cloudformation describe-stack-resources --stack-name "$stack" \
    --query "sort_by(StackResources[?ResourceType=='AWS::EC2::Subnet'], &LogicalResourceId)[].PhysicalResourceId")
  local number=0 chosen=''
  for other in $subnets; do
    number=$((number + 1))
    [ "$other" = "$here" ] || { chosen=$number; break; }
  done
  [ -n "$chosen" ] || die "stack $stack has only one zone"
  zone=$(ask "look at the other zone" ec2 describe-subnets --subnet-ids "$other" --query 'Subnets[0].AvailabilityZone')
  of=$(ask "look for $type in $zone" ec2 describe-instance-type-offerings --location-type availability-zone \
    --filters "Name=instance-type,Values=$type" "Name=location,Values=$zone" --query 'InstanceTypeOfferings[0].InstanceType')
  [ -n "$of" ] || die "the zone $zone has no $type: choose another instanceType in $options first"
  say "the host moves to $zone (hostZone $chosen)"
  cp "$options" "$work/options"
  jq --argjson zone "$chosen" '.hostZone = $zone' "$work/options" >"$work/changed" || die "$options cannot be read"
  cp "$work/changed" "$options"
  replace "cp '$work/options' '$options'"
  say "the host is in $zone"
}

newest() {
  local newest was is
  newest=$(newest_image)
  was=$(describe_image "$chosen")
  if [ "$chosen" = "$newest" ]; then
    say "the host has the newest image: $was"
    return
  fi
  is=$(describe_image "$newest")
  say "the host's image is $was, the newest $is"
  [ "$command" = --newest ] || return 0
  # This finds problems, such as a concurrent deploy, before anything changes.
  make preflight REPLACE_HOST=yes >&2 || exit
  choose_image "$newest" --overwrite
  replace "choose_image '$chosen' --overwrite"
  say "the host has the newest image"
}

if [ "$command" = --other-zone ]; then other_zone; exit; fi
if [ -z "$parameter" ]; then
  [ "$command" != --seed ] || exit 0
  die "no parameter names the host's image: $options does (hostImage), or its topology has no host"
fi
chosen=$(chosen_image)
if [ "$command" != --seed ]; then
  [ -n "$chosen" ] || die "there is no host yet: make deploy"
  newest
elif [ -z "$chosen" ]; then
  chosen=$(newest_image)
  choose_image "$chosen"
fi
