#!/usr/bin/env bash
# Serves the current release on this host: after a reboot, and on a host that has just been made.
set -euo pipefail

usage() {
  cat <<'USAGE'
Usage: start-release [--help]

Brings the release up that this host served last, or, on a new host, the one
that the deployment serves, from the digest alone: the image carries its own
Compose file and scripts under /deploy. Without a release it does nothing.

Settings, from the environment:
  AWS_REGION         region of the registry and of the parameters
  HOME_DIRECTORY     where scripts, settings and state lie
  REPOSITORY         the image's repository, with its registry
  RELEASE_PARAMETER  SSM parameter that holds the current digest
USAGE
}

die() { echo "start-release: error: $1" >&2; exit "${2:-1}"; }

case "${1:-}" in
  "") ;;
  --help | -h) usage; exit 0 ;;
  *) usage >&2; exit 2 ;;
esac
for name in AWS_REGION HOME_DIRECTORY REPOSITORY RELEASE_PARAMETER; do
  [ -n "${!name:-}" ] || die "$name is not set" 2
done
export AWS_REGION AWS_DEFAULT_REGION=$AWS_REGION
current=$HOME_DIRECTORY/state/current

# The parameter is asked only by a host that has never served: one that has knows better, even while SSM is away.
if [ -s "$current" ]; then
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

if ! docker image inspect "$image" >/dev/null 2>&1; then
  aws ecr get-login-password | docker login --username AWS --password-stdin "${REPOSITORY%%/*}" >/dev/null ||
    die "cannot sign in to ${REPOSITORY%%/*}"
  docker pull --quiet "$image" >/dev/null || die "cannot pull $image"
fi

# The release's own files take their place at once or not at all.
mkdir -p "$HOME_DIRECTORY"
part=$(mktemp -d "$HOME_DIRECTORY/deploy.XXXXXX")
container=
clean() {
  rm -rf "$part"
  [ -z "$container" ] || docker rm "$container" >/dev/null
  container=
}
trap clean EXIT
container=$(docker create "$image") || die "cannot open $image"
docker cp "$container:/deploy/." "$part" >/dev/null || die "$image carries no /deploy: it is not a release"
chmod 0755 "$part"
for script in fetch-env.sh rollout.sh; do
  [ -x "$part/$script" ] || die "$image carries no /deploy/$script: it is not a release"
done
rm -rf "$HOME_DIRECTORY/deploy.old"
[ ! -e "$HOME_DIRECTORY/deploy" ] || mv -T "$HOME_DIRECTORY/deploy" "$HOME_DIRECTORY/deploy.old"
mv -T "$part" "$HOME_DIRECTORY/deploy"
clean

"$HOME_DIRECTORY/deploy/fetch-env.sh"
"$HOME_DIRECTORY/deploy/rollout.sh" "$image"
echo "start-release: $image is up"
