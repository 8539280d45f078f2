#!/usr/bin/env bash
# Serves a release on this host: the one that is asked for, or the current one after a reboot and on a host just made.
set -euo pipefail

usage() {
  cat <<'USAGE'
Usage: start-release [DIGEST]
       start-release --back
       start-release --status
       start-release --help

Serves the release with this digest (sha256:…) in place of the one that serves,
or, without one, the release that this host served last; on a new host that is
the one that the deployment serves. The digest is enough: the image carries its
own Compose file and scripts under /deploy. Without a release it does nothing.
One that was not signed with the key this host trusts is refused before anything
of it is here: verify-release.

--back    serves the release before the current one again
--status  prints what serves; exit 1 if nothing does

A release that does not get ready changes nothing: exit 1. Of two at once the
second waits.

Settings, from the environment or, for those that are not set there, from
SETTINGS_FILE (/etc/password-manager.env):
  AWS_REGION         region of the registry and of the parameters
  HOME_DIRECTORY     where scripts, settings and state lie
  REPOSITORY         the image's repository, with its registry
  RELEASE_PARAMETER  SSM parameter that holds the current digest
USAGE
}

die() { echo "start-release: error: $1" >&2; exit "${2:-1}"; }

[ $# -le 1 ] || { usage >&2; exit 2; }
case "${1:-}" in
  "" | --back | --status) ;;
  --help | -h) usage; exit 0 ;;
  -*) usage >&2; exit 2 ;;
  *) [[ $1 =~ ^sha256:[0-9a-f]{64}$ ]] || die "'$1' is no digest (sha256:…)" 2 ;;
esac

# systemd reads the file for the unit. Over SSH nobody has.
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
  local said
  said=$("$HOME_DIRECTORY/bin/verify-release" "$1" 2>&1) || { said=${said##*$'\n'}; die "${said#verify-release: error: }"; }
}

case "${1:-}" in
  --back | --status)
    [ -x "$deploy/rollout.sh" ] || die "no release has served on this host"
    if [ "$1" = --back ] && [ -s "$HOME_DIRECTORY/state/previous" ]; then verify "$REPOSITORY@$(<"$HOME_DIRECTORY/state/previous")"; fi
    exec "$deploy/rollout.sh" "$1"
    ;;
esac

# Killed, this leaves the lock to what it had started, until that ends.
mkdir -p "$HOME_DIRECTORY/state"
exec 8>"$HOME_DIRECTORY/state/start.lock"
flock --timeout 900 8 || die "another start is under way since more than 15 minutes"
rm -rf "$HOME_DIRECTORY"/deploy.??????

# The parameter is asked only by a host that has never served: one that has knows better, even while SSM is away.
if [ -n "${1:-}" ]; then
  digest=$1
elif [ -s "$current" ]; then
  digest=$(<"$current")
elif answer=$(aws ssm get-parameter --name "$RELEASE_PARAMETER" --query Parameter.Value --output text 2>&1); then
  digest=$answer
elif [[ $answer == *ParameterNotFound* ]]; then
  echo "start-release: no release yet: the first deployment brings one"
  exit 0
else
  die "cannot read $RELEASE_PARAMETER: ${answer##*$'\n'}"
fi
[[ $digest =~ ^sha256:[0-9a-f]{64}$ ]] || die "the current release is '$digest', which is no digest (sha256:…)"
image=$REPOSITORY@$digest

# One that is here already as well: how it came is not known.
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
docker cp "$container:/deploy/." "$part" >/dev/null || die "$image carries no /deploy: it is not a release"
docker rm "$container" >/dev/null
container=
chmod 0755 "$part"
for script in fetch-env.sh rollout.sh; do
  [ -x "$part/$script" ] || die "$image carries no /deploy/$script: it is not a release"
done

"$part/fetch-env.sh"
"$part/rollout.sh" "$image"

# The release's own files stay behind once it serves: until then those of the one before it are the host's.
rm -rf "$deploy.old"
[ ! -e "$deploy" ] || mv -T "$deploy" "$deploy.old"
mv -T "$part" "$deploy"
rm -rf "$deploy.old"
echo "start-release: $image is up"
