#!/usr/bin/env bash
# Accepts only releases that are signed with the key this host trusts. It does not pull the image.
set -euo pipefail

usage() {
  cat <<'USAGE'
Usage: verify-release REPOSITORY@DIGEST
       verify-release --fetch-key
       verify-release --help

Reads the image's signature, in cosign's format, from its repository. Stores a
valid one, and does not need the registry the next time. Without a valid one,
prints the reason in one line: exit 1.

--fetch-key  gets the public key from AWS KMS, unless this host has one

Settings, from the environment:
  HOME_DIRECTORY  directory of signing-key.pem and state/signatures/
  SIGNING_KEY     with --fetch-key: alias of the key in AWS KMS
USAGE
}

die() { echo "verify-release: error: $1" >&2; exit "${2:-1}"; }

[ $# = 1 ] || { usage >&2; exit 2; }
case $1 in
  --help | -h) usage; exit 0 ;;
  --fetch-key) ;;
  *)
    [[ $1 =~ ^(([a-zA-Z0-9.-]+(:[0-9]+)?)/([a-z0-9._/-]+))@(sha256:([0-9a-f]{64}))$ ]] || die "'$1' is not REPOSITORY@sha256:DIGEST" 2
    image=$1 registry=${BASH_REMATCH[2]} name=${BASH_REMATCH[4]} digest=${BASH_REMATCH[5]} hex=${BASH_REMATCH[6]}
    ;;
esac
[ -n "${HOME_DIRECTORY:-}" ] || die "HOME_DIRECTORY is not set" 2
key=$HOME_DIRECTORY/signing-key.pem
signatures=$HOME_DIRECTORY/state/signatures
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

if [ "$1" = --fetch-key ]; then
  [ ! -s "$key" ] || exit 0
  [ -n "${SIGNING_KEY:-}" ] || die "SIGNING_KEY is not set" 2
  aws kms get-public-key --key-id "$SIGNING_KEY" --query PublicKey --output text >"$work/base64" 2>"$work/stderr" ||
    die "cannot read the public key $SIGNING_KEY: $(grep . "$work/stderr" | tail -n 1)"
  { base64 --decode | openssl pkey -pubin -inform DER -out "$work/key"; } <"$work/base64" 2>/dev/null ||
    die "AWS KMS returned an invalid public key for $SIGNING_KEY"
  # Atomic.
  cp "$work/key" "$key.part"
  mv "$key.part" "$key"
  exit 0
fi

openssl pkey -pubin -in "$key" -noout 2>/dev/null || die "there is no public key in $key, so no release can be verified: systemctl restart password-manager reads it"

accepted() { # payload, signature: whether the signature is valid for the image; if not, sets reason
  local signed
  openssl dgst -sha256 -verify "$key" -signature "$2" "$1" >/dev/null 2>&1 || { reason="it is not by the key in $key"; return 1; }
  # The key signed this payload, so it can be trusted. It may still belong to another image.
  signed=$(jq -r 'select(.critical.type == "cosign container image signature").critical.image."docker-manifest-digest"' "$1" 2>/dev/null) || signed=
  [ "$signed" = "$digest" ] || { reason="it is for ${signed:-something else}"; return 1; }
}

if [ -e "$signatures/$hex.signature" ] && accepted "$signatures/$hex.payload" "$signatures/$hex.signature"; then exit 0; fi

password=$(aws ecr get-login-password 2>"$work/stderr") || die "cannot sign in to $registry: $(grep . "$work/stderr" | tail -n 1)"
# Like Docker, use HTTP only for a registry on this machine.
scheme=https
[[ ! $registry =~ ^(127\.[0-9.]+|localhost)(:|$) ]] || scheme=http

fetch() { # path, file: prints the status. The password is not an argument, because every user of the machine can read those
  curl --silent --show-error --location --proto-redir =https --max-time 60 --max-filesize 65536 --config - --output "$2" --write-out '%{http_code}' \
    --header 'Accept: application/vnd.oci.image.manifest.v1+json' "$scheme://$registry/v2/$name/$1" <<<"user = \"AWS:$password\"" 2>"$work/stderr"
}

status=$(fetch "manifests/sha256-$hex.sig" "$work/manifest") || die "cannot ask $registry for the signature of $image: $(tail -n 1 "$work/stderr")"
case $status in
  200) ;;
  404) die "$image is not signed" ;;
  *) die "cannot ask $registry for the signature of $image: it answered $status" ;;
esac
jq -r '.layers[:16][] | select(.mediaType == "application/vnd.dev.cosign.simplesigning.v1+json") |
  .digest + " " + .annotations."dev.cosignproject.cosign/signature"' "$work/manifest" >"$work/layers" 2>/dev/null ||
  die "$image is not signed: $registry returned an invalid manifest for its signature"

reason=none
while read -r layer signature; do
  reason="it cannot be read"
  [[ $layer =~ ^sha256:[0-9a-f]{64}$ ]] || continue
  base64 --decode <<<"$signature" >"$work/signature" 2>/dev/null || continue
  status=$(fetch "blobs/$layer" "$work/payload") || die "cannot ask $registry for the signature of $image: $(tail -n 1 "$work/stderr")"
  [ "$status" = 200 ] || { reason="its payload cannot be read: $registry answered $status"; continue; }
  accepted "$work/payload" "$work/signature" || continue
  mkdir -p "$signatures"
  mv "$work/payload" "$signatures/$hex.payload"
  mv "$work/signature" "$signatures/$hex.signature"
  exit 0
done <"$work/layers"
[ "$reason" != none ] || die "$image is not signed"
die "the signature of $image is not accepted: $reason"
