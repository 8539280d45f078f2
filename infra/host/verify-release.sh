#!/usr/bin/env bash
# Accepts a release that was signed with the key this host trusts, and no other. It reads nothing of the image for that.
set -euo pipefail

usage() {
  cat <<'USAGE'
Usage: verify-release REPOSITORY@DIGEST
       verify-release --fetch-key
       verify-release --help

Looks for the image's signature, in cosign's format, beside it in its
repository, and keeps a good one: the next time no registry is asked.
Exit 1 if there is no good one, and one line says why.

--fetch-key  gets the public key from AWS KMS, unless this host has one

Settings, from the environment:
  HOME_DIRECTORY  where signing-key.pem and state/signatures/ lie
  SIGNING_KEY     with --fetch-key: alias of the key in AWS KMS
USAGE
}

die() { echo "verify-release: error: $1" >&2; exit "${2:-1}"; }

[ $# = 1 ] || { usage >&2; exit 2; }
case $1 in
  --help | -h) usage; exit 0 ;;
  --fetch-key) ;;
  *)
    [[ $1 =~ ^(([a-zA-Z0-9.-]+(:[0-9]+)?)/([a-z0-9._/-]+))@(sha256:([0-9a-f]{64}))$ ]] || die "'$1' is no REPOSITORY@sha256:DIGEST" 2
    image=$1 registry=${BASH_REMATCH[2]} name=${BASH_REMATCH[4]} digest=${BASH_REMATCH[5]} hex=${BASH_REMATCH[6]}
    ;;
esac
[ -n "${HOME_DIRECTORY:-}" ] || die "HOME_DIRECTORY is not set" 2
key=$HOME_DIRECTORY/signing-key.pem
kept=$HOME_DIRECTORY/state/signatures
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

if [ "$1" = --fetch-key ]; then
  [ ! -s "$key" ] || exit 0
  [ -n "${SIGNING_KEY:-}" ] || die "SIGNING_KEY is not set" 2
  aws kms get-public-key --key-id "$SIGNING_KEY" --query PublicKey --output text >"$work/base64" 2>"$work/said" ||
    die "cannot read the public key $SIGNING_KEY: $(grep . "$work/said" | tail -n 1)"
  { base64 --decode | openssl pkey -pubin -inform DER -out "$work/key"; } <"$work/base64" 2>/dev/null ||
    die "what AWS KMS has for $SIGNING_KEY is no public key"
  # At once, or not at all.
  cp "$work/key" "$key.part"
  mv "$key.part" "$key"
  exit 0
fi

openssl pkey -pubin -in "$key" -noout 2>/dev/null || die "there is no public key in $key, so no release can be verified: systemctl restart password-manager reads it"

accepted() { # payload, signature: else reason says why not
  local said
  openssl dgst -sha256 -verify "$key" -signature "$2" "$1" >/dev/null 2>&1 || { reason="it is not by the key in $key"; return 1; }
  # What the key has signed can be believed, so from here on it is about mistakes.
  said=$(jq -r 'select(.critical.type == "cosign container image signature").critical.image."docker-manifest-digest"' "$1" 2>/dev/null) || said=
  [ "$said" = "$digest" ] || { reason="it is for ${said:-something else}"; return 1; }
}

if [ -e "$kept/$hex.signature" ] && accepted "$kept/$hex.payload" "$kept/$hex.signature"; then exit 0; fi

password=$(aws ecr get-login-password 2>"$work/said") || die "cannot sign in to $registry: $(grep . "$work/said" | tail -n 1)"
# As Docker does: HTTP is for a registry on this machine alone.
scheme=https
[[ ! $registry =~ ^(127\.[0-9.]+|localhost)(:|$) ]] || scheme=http

fetch() { # path, file: prints the status. No argument holds the password, which every user of the machine could read
  curl --silent --show-error --location --proto-redir =https --max-time 60 --max-filesize 65536 --config - --output "$2" --write-out '%{http_code}' \
    --header 'Accept: application/vnd.oci.image.manifest.v1+json' "$scheme://$registry/v2/$name/$1" <<<"user = \"AWS:$password\"" 2>"$work/said"
}

status=$(fetch "manifests/sha256-$hex.sig" "$work/manifest") || die "cannot ask $registry for the signature of $image: $(tail -n 1 "$work/said")"
case $status in
  200) ;;
  404) die "$image is not signed" ;;
  *) die "cannot ask $registry for the signature of $image: it answers $status" ;;
esac
jq -r '.layers[:16][] | select(.mediaType == "application/vnd.dev.cosign.simplesigning.v1+json") |
  .digest + " " + .annotations."dev.cosignproject.cosign/signature"' "$work/manifest" >"$work/layers" 2>/dev/null ||
  die "$image is not signed: what $registry has for its signature is none"

reason=none
while read -r layer signature; do
  reason="it cannot be read"
  [[ $layer =~ ^sha256:[0-9a-f]{64}$ ]] || continue
  base64 --decode <<<"$signature" >"$work/signature" 2>/dev/null || continue
  status=$(fetch "blobs/$layer" "$work/payload") || die "cannot ask $registry for the signature of $image: $(tail -n 1 "$work/said")"
  [ "$status" = 200 ] || { reason="what it signs cannot be read: $registry answers $status"; continue; }
  accepted "$work/payload" "$work/signature" || continue
  mkdir -p "$kept"
  mv "$work/payload" "$kept/$hex.payload"
  mv "$work/signature" "$kept/$hex.signature"
  exit 0
done <"$work/layers"
[ "$reason" != none ] || die "$image is not signed"
die "the signature of $image is not accepted: $reason"
