#!/usr/bin/env bash
# Serves a release on this host: the requested one, or the current one after a reboot and on a new host.
set -euo pipefail

usage() {
  cat <<'USAGE'
Usage: start-release [DIGEST]
       start-release --back
       start-release --status
       start-release --help

Replaces the current release by the one with this digest (sha256:…). Without a
digest, serves the last release of this host, or on a new host the current one
of the deployment, or does nothing if there is none. The image contains its
Compose file and scripts under /deploy. A release must be signed with the key
that this host trusts, and verify-release checks that before the pull.

--back    returns to the previous release
--status  prints the current release; exit 1 if none serves

If the release does not get ready, the current one keeps serving: exit 1. A
second start waits for the first.

Settings, from the environment, or else from SETTINGS_FILE
(/etc/password-manager.env):
  AWS_REGION         region of the registry and of the parameters
  HOME_DIRECTORY     directory of scripts, settings and state
  REPOSITORY         repository of the image, with its registry
  RELEASE_PARAMETER  SSM parameter that holds the current digest
USAGE
}

die() { echo "start-release: error: $1" >&2; exit "${2:-1}"; }

[ $# -le 1 ] || { usage >&2; exit 2; }
case "${1:-}" in
  "" | --back | --status) ;;
  --help | -h) usage; exit 0 ;;
  -*) usage >&2; exit 2 ;;
  *) [[ $1 =~ ^sha256:[0-9a-f]{64}$ ]] || die "'$1' is not a digest (sha256:…)" 2 ;;
esac

# systemd reads the file for the unit. Over SSH it has not been read yet.
file=${SETTINGS_FILE:-/etc/password-manager.env}
if [ -e "$file" ]; then
  while IFS= read -r line; do
    [[ $line =~ ^([A-Za-z_][A-Za-z0-9_]*)=(.*)$ ]] || continue
    declare -p "${BASH_REMATCH[1]}" >/dev/null 2>&1 || export "${BASH_REMATCH[1]}=${BASH_REMATCH[2]}"
  done <"$file"
fi
for name in AWS_REGION HOME_DIRECTORY REPOSITORY RELEASE_PARAMETER; do
  [ -n "${!name:-}" ] || die "$name is not set" 2
done
export AWS_REGION AWS_DEFAULT_REGION=$AWS_REGION HOME_DIRECTORY RELEASE_PARAMETER
deploy=$HOME_DIRECTORY/deploy
current=$HOME_DIRECTORY/state/current

verify() { # image
  local output
  output=$("$HOME_DIRECTORY/bin/verify-release" "$1" 2>&1) || { output=${output##*$'\n'}; die "${output#verify-release: error: }"; }
}

case "${1:-}" in
  --back | --status)
    [ -x "$deploy/rollout.sh" ] || die "no release has served on this host"
    if [ "$1" = --back ] && [ -s "$HOME_DIRECTORY/state/previous" ]; then verify "$REPOSITORY@$(<"$HOME_DIRECTORY/state/previous")"; fi
    exec "$deploy/rollout.sh" "$1"
    ;;
esac

# If this script is killed, its children hold the lock until they end.
mkdir -p "$HOME_DIRECTORY/state"
exec 8>"$HOME_DIRECTORY/state/start.lock"
flock --timeout 900 8 || die "another start has been running for more than 15 minutes"
rm -rf "$HOME_DIRECTORY"/deploy.??????

# Only a host that has never served reads the parameter. Others know their release, even if SSM is down.
if [ -n "${1:-}" ]; then
  digest=$1
elif [ -s "$current" ]; then
  digest=$(<"$current")
elif answer=$(aws ssm get-parameter --name "$RELEASE_PARAMETER" --query Parameter.Value --output text 2>&1); then
  digest=$answer
elif [[ $answer == *ParameterNotFound* ]]; then
  echo "start-release: no release yet: the first make release deploys one"
  exit 0
else
  die "cannot read $RELEASE_PARAMETER: ${answer##*$'\n'}"
fi
[[ $digest =~ ^sha256:[0-9a-f]{64}$ ]] || die "the current release is '$digest', which is not a digest (sha256:…)"
image=$REPOSITORY@$digest

# Also if the image is already on this host: something else may have pulled it.
verify "$image"
if ! docker image inspect "$image" >/dev/null 2>&1; then
  aws ecr get-login-password | docker login --username AWS --password-stdin "${REPOSITORY%%/*}" >/dev/null ||
    die "cannot sign in to ${REPOSITORY%%/*}"
  docker pull --quiet "$image" >/dev/null || die "cannot pull $image"
fi

part=$(mktemp -d "$deploy.XXXXXX")
container=
clean() {
  rm -rf "$part"
  [ -z "$container" ] || docker rm "$container" >/dev/null
  container=
}
trap clean EXIT
container=$(docker create "$image") || die "cannot open $image"
docker cp "$container:/deploy/." "$part" >/dev/null || die "$image has no /deploy: it is not a release"
docker rm "$container" >/dev/null
container=
chmod 0755 "$part"
for script in fetch-env.sh rollout.sh; do
  [ -x "$part/$script" ] || die "$image has no /deploy/$script: it is not a release"
done

"$part/fetch-env.sh"
"$part/rollout.sh" "$image"

# Only now: until the release serves, a rollback needs the files of the previous one.
rm -rf "$deploy.old"
[ ! -e "$deploy" ] || mv -T "$deploy" "$deploy.old"
mv -T "$part" "$deploy"
rm -rf "$deploy.old"
echo "start-release: $image is up"
