#!/usr/bin/env bash
# Deploys a release to the host or the service, and checks it from outside. For the pipeline and for people.
set -euo pipefail

usage() {
  cat <<'USAGE'
Usage: deploy.sh IMAGE@DIGEST   serve this release
       deploy.sh --back         roll back to the previous release
       deploy.sh --status       print the current release
       deploy.sh --help

With topology ec2, the host pulls the image, fetches its settings, and switches
to the release without dropping a request. With topology fargate, this is a
deploy of the platform with that image, and a rollback uses the task definition
of the previous release. If the vault answered at its public address before but
no longer does, the host or service rolls back. The last line says which release
serves, or why it does not.

Settings, from the environment:
  SITE_URL       where users open the vault (SiteUrl in OUTPUTS)
  CHECK_SECONDS  how long to wait for an answer there (60)
  DEPLOYMENT     staging, for the staging platform (production)
  OUTPUTS        the file that "make deploy" wrote (cdk-outputs.json, or, for
                 staging, cdk-outputs.staging.json)

and for a host:
  KNOWN_HOSTS    known_hosts file with the host's key; no other key is accepted
                 (the key in the instance's EC2 tag SSHHostKey)
  DEPLOY_HOST    the host: an instance id, reached through Session Manager, or
                 an address (InstanceId in OUTPUTS)
  DEPLOY_USER    user on the host (ec2-user); needs sudo without a password
  DEPLOY_PORT    port of SSH (22)
  DEPLOY_KEY     file with the private key (the keys of ssh-agent)
USAGE
}

die() { echo "deploy.sh: error: $1" >&2; exit "${2:-1}"; }

[ $# = 1 ] || { usage >&2; exit 2; }
case $1 in
  --help | -h) usage; exit 0 ;;
  --back | --status) command=$1 ;;
  -*) usage >&2; exit 2 ;;
  *)
    [[ $1 =~ ^[a-z0-9][a-zA-Z0-9._:/-]*@(sha256:[0-9a-f]{64})$ ]] || die "'$1' is not IMAGE@sha256:DIGEST" 2
    command=${BASH_REMATCH[1]}
    ;;
esac
for program in make jq curl; do
  command -v "$program" >/dev/null 2>&1 || die "$program is missing: install it"
done

root=$(cd "$(dirname "$0")/.." && pwd)
topology=$(make --silent --directory "$root" topology) || die "the platform's options do not say what the vault runs on"
[ "$topology" != none ] || die "there is no platform.$DEPLOYMENT.json, so nothing is deployed under that name" 2
outputs=${OUTPUTS:-$root/cdk-outputs${DEPLOYMENT:+.$DEPLOYMENT}.json}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
output() { # name: prints it from the stack that has it
  [ -e "$outputs" ] || return 0
  jq -er --arg name "$1" '[.[][$name] // empty] | first // ""' "$outputs" || die "$outputs is not what make deploy writes"
}

wait=${CHECK_SECONDS:-60}
[[ $wait =~ ^[0-9]{1,4}$ ]] || die "CHECK_SECONDS is '$wait', not a number of at most four digits" 2
find_site() {
  site=${SITE_URL:-$(output SiteUrl)}
  [ -z "$site" ] || [[ $site =~ ^https://[^/]+/?$ ]] || die "SITE_URL is '$site', not https:// and a host" 2
  site=${site%/}
}
find_site

prepare_host() {
  local instance=no key known=${KNOWN_HOSTS:-}
  command -v ssh >/dev/null 2>&1 || die "ssh is missing: install it"
  place="the host"
  host=${DEPLOY_HOST:-$(output InstanceId)}
  user=${DEPLOY_USER:-ec2-user}
  port=${DEPLOY_PORT:-22}
  [ -n "$host" ] || die "DEPLOY_HOST is not set, and there is no InstanceId in $outputs" 2
  [ -n "$site" ] || die "SITE_URL is not set, and there is no SiteUrl in $outputs" 2
  [[ $host =~ ^[A-Za-z0-9][A-Za-z0-9.:-]*$ ]] || die "DEPLOY_HOST is '$host', not a host" 2
  [[ $user =~ ^[A-Za-z_][A-Za-z0-9_-]*$ ]] || die "DEPLOY_USER is '$user', not a user's name" 2
  [[ $port =~ ^[0-9]{1,5}$ ]] || die "DEPLOY_PORT is '$port', not a port" 2
  [[ ! $host =~ ^i-[0-9a-f]+$ ]] || instance=yes
  if [ $instance = yes ]; then
    command -v session-manager-plugin >/dev/null 2>&1 || die "session-manager-plugin is missing, through which $host is reached: $(dirname "$0")/session-manager-plugin.sh install DIRECTORY"
    command -v aws >/dev/null 2>&1 || die "aws is missing, with which $host is reached: install the AWS command line"
  fi
  if [ -z "$known" ] && [ $instance = yes ]; then
    # A replaced host has a different key. AWS vouches for the key of each instance.
    key=$(AWS_PAGER='' aws ec2 describe-instances --instance-ids "$host" --output text \
      --query "Reservations[0].Instances[0].Tags[?Key=='SSHHostKey'].Value | [0]" 2>"$work/log") ||
      die "cannot ask EC2 for the key of $host: $(grep . "$work/log" | tail -n 1)"
    [[ $key =~ ^ssh-ed25519\ [A-Za-z0-9+/=]+$ ]] || die "$host has not told EC2 its SSH key, which it does on its first boot: look at 'systemctl status password-manager-key' there"
    known=$work/known_hosts
    echo "$host $key" >"$known"
  fi
  [ -n "$known" ] || die "KNOWN_HOSTS is not set: it names the file with the host's key" 2
  [ -s "$known" ] || die "KNOWN_HOSTS is $known, which is missing or empty" 2

  options=(
    # The user's configuration could accept other keys.
    -F none -T -p "$port" -l "$user"
    -o BatchMode=yes -o ConnectTimeout=15 -o ServerAliveInterval=15 -o ServerAliveCountMax=4
    -o StrictHostKeyChecking=yes -o "UserKnownHostsFile=\"$known\"" -o GlobalKnownHostsFile=/dev/null -o UpdateHostKeys=no
    -o ForwardAgent=no -o ClearAllForwardings=yes
  )
  [ -z "${DEPLOY_KEY:-}" ] || options+=(-i "$DEPLOY_KEY" -o IdentitiesOnly=yes)
  [ $instance = no ] ||
    options+=(-o "ProxyCommand=aws ssm start-session --target %h --document-name AWS-StartSSHSession --parameters portNumber=%p")
}

change_host() { # argument of start-release
  # shellcheck disable=SC2029 # expanded here on purpose, after it was checked here
  ssh "${options[@]}" "$host" "sudo -n /opt/password-manager/bin/start-release $1"
}

assemble() { # writes cdk.out, which names the service
  local said
  said=$(make --silent --directory "$root" synth 2>&1) || { echo "$said" >&2; die "the platform cannot be synthesized"; }
}

change_service() { # DIGEST, --back or --status
  local service=("$root/bin/infra" release) before
  assemble
  case $1 in
    --status) "${service[@]}" "$root/cdk.out" ;;
    --back) "${service[@]}" --back "$root/cdk.out" ;;
    *)
      before=$("${service[@]}" "$root/cdk.out" 2>/dev/null) || before=''
      if ! make --silent --directory "$root" deploy RELEASE_DIGEST="$1"; then
        # CloudFormation rolls back to the release that it knows, but someone may have rolled back from that one before.
        [ -z "$before" ] || "${service[@]}" --run "$before" "$root/cdk.out" >/dev/null || true
        # CloudFormation only says that tasks do not serve; ECS says why.
        "${service[@]}" --why "$1" "$root/cdk.out" 2>/dev/null
        return 1
      fi
      # CloudFormation changes nothing if someone has rolled back from the release that it knows.
      "${service[@]}" --run "$1" "$root/cdk.out" >/dev/null
      ;;
  esac
}

if [ "$topology" = fargate ]; then
  place="the service"
  change() { change_service "$1"; }
else
  prepare_host
  change() { change_host "$1"; }
fi

answers() { # seconds, further arguments of curl
  local deadline=$((SECONDS + $1))
  until curl --fail --silent --show-error --output /dev/null --max-time 10 "${@:2}" "$site/health" 2>"$trouble"; do
    [ "$SECONDS" -lt "$deadline" ] || return 1
    sleep 1
  done
}

if [ "$command" = --status ]; then change --status; exit; fi

log=$work/log
trouble=$work/trouble
answered=no
[ -z "$site" ] || ! answers 0 || answered=yes
status=0
change "$command" 2>&1 | tee "$log" >&2 || status=$?
if [ "$status" != 0 ]; then
  # The last line of make only names its target.
  last=$(grep -v -e '^[[:space:]]*$' -e '^make\(\[[0-9]*\]\)\?: ' "$log" | tail -n 1) || true
  if [ "$status" = 255 ]; then die "no connection to ${host:-$place}, or it broke: ${last:-no output from ssh}"; fi
  die "$place has not taken the release: ${last:-no output, exit $status}"
fi
what=$command
[ "$what" != --back ] || what="the previous release"
# The first release of a service creates its address.
find_site
if [ -z "$site" ]; then
  echo "deploy.sh: $what serves on $place; its public address was not checked, because siteAddress is not set in platform.json" >&2
  exit
fi
if answers "$wait"; then
  echo "deploy.sh: $what serves at $site after $SECONDS s" >&2
  exit
fi
why=$(head -n 1 "$trouble") # curl's further lines are advice
if [ "$answered" = no ]; then
  target=$(output DomainTarget)
  if [ -n "$target" ] && answers 0 --connect-to "::$target:"; then
    echo "deploy.sh: $what serves at $target; point the domain of $site there, which does not answer yet: $why" >&2
    exit
  fi
  die "$what serves on $place, but $site does not answer and did not before: $why"
fi
[ "$command" != --back ] || die "the previous release serves on $place, but $site does not answer: $why"
change --back >/dev/null 2>"$log" || die "$site does not answer: $why; the rollback failed too: $(tail -n 1 "$log")"
die "$site does not answer: $why; $place went back to the previous release"
