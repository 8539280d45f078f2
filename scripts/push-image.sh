#!/usr/bin/env bash
# Builds the server's image of a commit for all platforms, once, signs it, and pushes it to the registry of hosts and tasks.
set -euo pipefail

usage() {
  cat <<'USAGE'
Usage: scripts/push-image.sh [--help]

Builds the image of this commit, pushes it, signs it with the key that hosts
trust, and tags it with the first 12 characters of the commit and as latest. If
the commit has been pushed before, it is not built or signed again; only latest
moves to it. Writes image.json:

  {"image": "REGISTRY/NAME@sha256:…", "tag": "…"}

This script only signs images that it has built. It is an error if the tag
exists without a signature, because someone else may have pushed it.

Environment:

  IMAGE      REGISTRY/NAME; default: RepositoryUri of the stack
             PasswordManager-Data in cdk-outputs.json. If ECR has no repository
             NAME, it is created with the settings of that stack
  PLATFORMS  default: linux/amd64,linux/arm64

and the variables of scripts/build-image.sh --help and scripts/builder.sh --help.
The engine's builder, "default", supports only one platform and creates neither
SBOM nor provenance.
USAGE
}

die() { echo "push-image.sh: error: $1" >&2; exit "${2:-1}"; }

case "$#:${1:-}" in
  0:) ;;
  1:--help | 1:-h) usage; exit 0 ;;
  *) echo "push-image.sh: error: unknown argument: ${*: -1}" >&2; usage >&2; exit 2 ;;
esac

cd "$(dirname "$0")/.."
for program in git docker aws go openssl jq curl; do
  command -v "$program" >/dev/null 2>&1 || die "$program is missing: install it"
done
docker buildx version >/dev/null 2>&1 || die "docker has no buildx: install its plugin"
# On a terminal, version 2 would page its output and ask questions.
export AWS_PAGER='' AWS_CLI_AUTO_PROMPT=off

data_stack=PasswordManager-Data
export SIGNING_KEY=alias/password-manager-releases
image=${IMAGE:-}
if [ -z "$image" ] && [ -s cdk-outputs.json ]; then
  image=$(node -p "require('./cdk-outputs.json')['$data_stack']?.RepositoryUri ?? ''" 2>/dev/null) ||
    die "cdk-outputs.json cannot be read: set IMAGE, or deploy $data_stack"
fi
[ -n "$image" ] || die "nowhere to push to: set IMAGE to REGISTRY/NAME, or deploy $data_stack, which writes cdk-outputs.json"
# Without a registry, Docker would push to Docker Hub.
[[ $image =~ ^([a-z0-9-]+\.[a-z0-9.-]+(:[0-9]+)?|[a-z0-9-]+:[0-9]+)/([a-z0-9]+([._/-][a-z0-9]+)*)$ ]] ||
  die "IMAGE is '$image', not REGISTRY/NAME without a tag" 2
registry=${BASH_REMATCH[1]}
name=${BASH_REMATCH[3]}
platforms=${PLATFORMS:-linux/amd64,linux/arm64}
[[ $platforms =~ ^linux/[a-z0-9/]+(,linux/[a-z0-9/]+)*$ ]] || die "PLATFORMS is '$platforms', not such as linux/amd64,linux/arm64" 2

# ECR's host name contains the region, which is also the key's. Version 1 of the AWS command line does not know AWS_REGION.
region=${AWS_REGION:-${AWS_DEFAULT_REGION:-}}
if [[ $registry =~ \.dkr\.ecr(-fips)?\.([a-z0-9-]+)\.amazonaws\. ]]; then region=${BASH_REMATCH[2]}; fi
[ -z "$region" ] || export AWS_REGION=$region AWS_DEFAULT_REGION=$region

commit=$(git rev-parse HEAD 2>/dev/null) || die "this is not a git checkout, and each image belongs to a commit"
tag=${commit:0:12}
changed=$(git status --porcelain) || die "git status failed"
[ -z "$changed" ] || die "the checkout differs from commit $tag: $(head -n 1 <<<"${changed:3}"): commit or remove the changes"

# The host's verifier treats this directory as a host's.
HOME_DIRECTORY=$(mktemp -d)
export HOME_DIRECTORY
log=$HOME_DIRECTORY/log
result=''
trap 'rm -rf "$HOME_DIRECTORY" ${result:+"$result"}' EXIT

reason() { # prints the last line of the last command
  local said
  said=$(grep . "$log" | tail -n 1 || true)
  said=${said#ERROR: }
  said=${said#verify-release: error: }
  said=${said#signimage: error: }
  said=${said#builder.sh: error: }
  echo "${said:-no reason given}"
}

ecr() { # arguments of aws ecr
  aws ecr "$@" 2>"$log"
}

ensure_repository() {
  ecr describe-repositories --repository-names "$name" >/dev/null && return
  grep -q RepositoryNotFoundException "$log" || die "cannot look for the repository $name: $(reason)"
  # Use the settings of the data stack, which can then adopt it: tags are immutable, except latest.
  ecr create-repository --repository-name "$name" --image-scanning-configuration scanOnPush=true \
    --encryption-configuration encryptionType=KMS --image-tag-mutability IMMUTABLE_WITH_EXCLUSION \
    --image-tag-mutability-exclusion-filters filterType=WILDCARD,filter=latest >/dev/null && return
  # Another run may have created it first.
  grep -q RepositoryAlreadyExistsException "$log" ||
    die "there is no repository $name, and creating it failed, so deploy $data_stack first: $(reason)"
}

sign_in() {
  local status
  # The password only goes through pipes: every user of the machine can read arguments.
  ecr get-login-password | docker login --username AWS --password-stdin "$registry" >"$log.login" 2>&1 || {
    status=("${PIPESTATUS[@]}")
    [ "${status[0]}" != 0 ] || mv "$log.login" "$log"
    rm -f "$log.login"
    die "cannot sign in to $registry: $(reason)"
  }
  rm -f "$log.login"
}

pushed() { # prints the registry's digest of the commit's tag, or nothing if there is none
  # Buildx prints a table instead for a format that begins with .Manifest.
  docker buildx imagetools inspect "$image:$tag" --format '{{printf "%s" .Manifest.Digest}}' 2>"$log" ||
    grep -q ': not found$' "$log" || die "cannot look for $image:$tag: $(reason)"
}

prepare_signing() {
  go build -o "$HOME_DIRECTORY/signimage" ./internal/cosign/signimage >"$log" 2>&1 || die "cannot build signimage: $(reason)"
  infra/host/verify-release.sh --fetch-key 2>"$log" || die "signing is impossible, so deploy $data_stack first: $(reason)"
}

build() { # sets digest
  local builder driver output attest=(--sbom=true --provenance=mode=max)
  builder=$(scripts/builder.sh 2>"$log") || die "$(reason)"
  driver=$(docker buildx inspect "$builder" 2>"$log" | awk '$1 == "Driver:" { print $2; exit }') || die "cannot use the builder $builder: $(reason)"
  # The tag follows after the signature.
  output=(--output "type=image,name=$image,push-by-digest=true,push=true")
  if [ "$driver" = docker ]; then
    output=(--tag "$image:$tag" --push)
    attest=(--provenance=false)
    echo "push-image.sh: the builder $builder belongs to the engine: the image gets neither SBOM nor provenance" >&2
  fi
  export BUILDER=$builder
  local arguments=(--platform "$platforms" "${attest[@]}" "${output[@]}" --metadata-file "$HOME_DIRECTORY/built.json")
  if [ -t 2 ]; then
    scripts/build-image.sh "${arguments[@]}" || die "cannot build and push $image:$tag"
  elif ! scripts/build-image.sh "${arguments[@]}" >"$log" 2>&1; then
    [ "$(wc -l <"$log")" -le 1 ] || cat "$log" >&2
    die "cannot build and push $image:$tag: $(reason)"
  fi
  # Take the digest from the build, not from the registry.
  digest=$(jq -r '."containerimage.digest" // ""' "$HOME_DIRECTORY/built.json" 2>"$log") || die "cannot read what was built: $(reason)"
  check_digest
}

check_digest() {
  [[ $digest =~ ^sha256:[0-9a-f]{64}$ ]] || die "'$digest', the digest of $image:$tag, is malformed"
}

signed() { # verifies like a host
  infra/host/verify-release.sh "$image@$digest" 2>"$log"
}

tag_as() { # tag
  # Tag the image itself: wrapped in a new index, it would have another digest.
  docker buildx imagetools create --prefer-index=false --tag "$image:$1" "$image@$digest" >"$log" 2>&1
}

ensure_repository
sign_in
prepare_signing
digest=$(pushed)
if [ -z "$digest" ]; then
  build
  signed || "$HOME_DIRECTORY/signimage" --key "$SIGNING_KEY" "$image@$digest" 2>"$log" || die "cannot sign $image@$digest: $(reason)"
  signed || die "$image@$digest was signed, but hosts would reject it: $(reason)"
  [ "$(pushed)" = "$digest" ] || tag_as "$tag" || die "cannot tag $image@$digest as $tag: $(reason)"
else
  check_digest
  signed || die "$image:$tag exists but cannot be trusted: $(reason): delete that tag, or create another commit"
fi
tag_as latest || die "cannot move latest to $image:$tag: $(reason)"
result=$(mktemp image.json.XXXXXX)
printf '{"image": "%s@%s", "tag": "%s"}\n' "$image" "$digest" "$tag" >"$result"
mv "$result" image.json
result=''
echo "push-image.sh: $image@$digest is $tag and latest" >&2
