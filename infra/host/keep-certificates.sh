#!/usr/bin/env bash
# Keeps a copy of the proxy's certificates in S3, so a replacement of this host can serve HTTPS immediately.
set -euo pipefail
umask 077

usage() {
  cat <<'USAGE'
Usage: keep-certificates restore
       keep-certificates save
       keep-certificates wait
       keep-certificates --help

restore  unpacks the copy before the proxy's first start. Refuses a damaged copy
         and continues without it. Holds the proxy if there is no certificate
         for the public address: while another host has that address, the proxy
         could not get one, and would wait before it tries again.
save     replaces the copy if the certificates have changed and this host has
         the platform's address
wait     if the proxy is held, waits until this host has the platform's address
         and starts the proxy

Settings, from the environment:
  AWS_REGION           region of the parameters and of the bucket
  HOME_DIRECTORY       directory of scripts and state
  SITE_PARAMETER       SSM parameter that holds the public address
  ADDRESS_PARAMETER    SSM parameter that holds the host's fixed IPv4 address
  CERTIFICATES_BUCKET  S3 bucket of the copy
  CERTIFICATES_KEY     object key of the copy
USAGE
}

say() { echo "keep-certificates: $1" >&2; }
die() { echo "keep-certificates: error: $1" >&2; exit "${2:-1}"; }

case "$#:${1:-}" in
  1:restore | 1:save | 1:wait) ;;
  1:--help | 1:-h) usage; exit 0 ;;
  *) usage >&2; exit 2 ;;
esac
for name in AWS_REGION HOME_DIRECTORY SITE_PARAMETER ADDRESS_PARAMETER CERTIFICATES_BUCKET CERTIFICATES_KEY; do
  [ -n "${!name:-}" ] || die "$name is not set" 2
done
export AWS_REGION AWS_DEFAULT_REGION=$AWS_REGION AWS_PAGER=''

volume=vaultsphere_certificates
copy=s3://$CERTIFICATES_BUCKET/$CERTIFICATES_KEY
# While this file exists, rollout.sh does not start the proxy.
hold=$HOME_DIRECTORY/state/proxy-held
saved=$HOME_DIRECTORY/state/certificates-saved
# The rest of Caddy's folder is locks and timestamps.
parts=(caddy/acme caddy/certificates caddy/pki)
largest=$((4 << 20))
reason=''

aws() { command aws --cli-connect-timeout 10 --cli-read-timeout 30 "$@"; }

parameter() { aws ssm get-parameter --name "$1" --query Parameter.Value --output text; }

address=''
has_address() { # whether this host has the platform's address; if not, sets reason
  local own
  # The first host of a platform starts before the parameter exists.
  [ -n "$address" ] || address=$(parameter "$ADDRESS_PARAMETER" 2>/dev/null) || { reason="cannot read $ADDRESS_PARAMETER"; return 1; }
  own=$("$(dirname "$0")/instance-metadata" public-ipv4 2>&1) || { reason=${own##*$'\n'}; return 1; }
  reason="this host has $own, the platform $address"
  [ "$own" = "$address" ]
}

# An attacker with the host's role can write to the bucket, so this unpacks only folders and plain files under caddy/.
unpack() { # archive, empty folder: fails and sets reason if the archive is damaged
  local line list
  list=$(tar --list --verbose --numeric-owner --file "$1" 2>/dev/null) || { reason='the archive is broken'; return 1; }
  while IFS= read -r line; do
    [[ $line =~ ^[d-][rwx-]{9}\ +[0-9]+/[0-9]+\ +[0-9]+\ [0-9-]+\ [0-9:]+\ caddy(/[A-Za-z0-9@:_-][A-Za-z0-9@:._-]*)+/?$ ]] ||
      { reason="the archive holds something else: ${line:0:200}"; return 1; }
  done <<<"$list"
  tar --extract --file "$1" --directory "$2" --no-same-owner 2>/dev/null || { reason='the archive cannot be unpacked'; return 1; }
  check "$2"
}

check() { # folder: whether it has certificates, all complete and with their keys; if not, sets reason
  local base bases public
  mapfile -t bases < <(find "$1" -type f '(' -path '*/certificates/*.crt' -o -path '*/certificates/*.key' ')' | sed 's/\.[^.]*$//' | sort -u)
  [ ${#bases[@]} -gt 0 ] || { reason='it has no certificate'; return 1; }
  for base in "${bases[@]}"; do
    reason="${base##*/} has no complete certificate"
    [ -s "$base.json" ] && public=$(openssl x509 -in "$base.crt" -noout -pubkey 2>/dev/null) || return 1
    reason="certificate and key of ${base##*/} do not match"
    [ "$(openssl pkey -in "$base.key" -pubout 2>/dev/null)" = "$public" ] || return 1
  done
  reason=''
}

valid() { # certificate
  openssl x509 -in "$1" -noout -checkend 0 >/dev/null 2>&1
}

has_certificate() { # data folder, site: whether it has a valid certificate for the site
  local certificate
  while IFS= read -r certificate; do
    ! valid "$certificate" || return 0
  done < <(find "$1/caddy/certificates" -type f -name "$2.crt" 2>/dev/null)
  return 1
}

work=''
clean() { [ -z "$work" ] || rm -rf "$work"; }
trap clean EXIT

fetch() { # data folder
  local output certificate
  work=$(mktemp -d "$1/.restore.XXXXXX")
  # Limits the download. A larger object cannot match the checksum.
  if ! output=$(aws s3api get-object --bucket "$CERTIFICATES_BUCKET" --key "$CERTIFICATES_KEY" --range "bytes=0-$largest" \
    --query Metadata.sha256 --output text "$work/copy.tar" 2>&1); then
    say "no certificates from $copy, continuing without: ${output##*$'\n'}"
    return
  fi
  mkdir "$work/new"
  if [ "$(sha256sum <"$work/copy.tar")" != "$output  -" ]; then
    reason='its SHA-256 does not match'
  else
    unpack "$work/copy.tar" "$work/new" || true
  fi
  [ -z "$reason" ] || { say "refusing $copy, continuing without: $reason"; return; }
  while IFS= read -r certificate; do
    valid "$certificate" && continue
    say "skipping an expired certificate: ${certificate##*/}"
    rm -r "${certificate%/*}"
  done < <(find "$work/new/caddy/certificates" -type f -name '*.crt')
  sync --file-system "$work"
  mv -T "$work/new/caddy" "$1/caddy"
  say "restored from $copy"
}

restore() {
  local data site
  mkdir -p "$HOME_DIRECTORY/state"
  # With the labels that Compose expects on its volumes.
  docker volume create --label com.docker.compose.project=vaultsphere --label com.docker.compose.volume=certificates "$volume" >/dev/null ||
    die "cannot create the volume $volume"
  data=$(docker volume inspect --format '{{.Mountpoint}}' "$volume")
  rm -rf "$data"/.restore.*
  # Once the proxy has started, its folder exists and is newer than the copy.
  [ -e "$data/caddy" ] || fetch "$data"
  site=$(parameter "$SITE_PARAMETER" 2>/dev/null) || site='*'
  if has_certificate "$data" "${site,,}"; then
    rm -f "$hold"
  else
    : >"$hold"
    say "no certificate for $site: the proxy starts once this host has the platform's address"
  fi
}

save() {
  local data part present=() sum output
  data=$(docker volume inspect --format '{{.Mountpoint}}' "$volume" 2>/dev/null) || return 0
  has_certificate "$data" '*' || return 0
  work=$(mktemp -d)
  for part in "${parts[@]}"; do
    [ ! -e "$data/$part" ] || present+=("$part")
  done
  # Reproducible: the same files give the same archive.
  tar --create --file "$work/copy.tar" --directory "$data" --format gnu --sort name --mtime @0 --owner 0 --group 0 --numeric-owner "${present[@]}"
  sum=$(sha256sum <"$work/copy.tar")
  sum=${sum%% *}
  [ "$sum" != "$(cat "$saved" 2>/dev/null)" ] || return 0
  has_address || { say "not saved: $reason"; return 0; }
  mkdir "$work/new"
  # The proxy may have changed the files meanwhile.
  unpack "$work/copy.tar" "$work/new" || die "not saved: $reason"
  [ "$(stat --format %s "$work/copy.tar")" -le "$largest" ] || die "not saved: the archive is larger than $largest bytes"
  output=$(aws s3api put-object --bucket "$CERTIFICATES_BUCKET" --key "$CERTIFICATES_KEY" --body "$work/copy.tar" \
    --metadata "sha256=$sum" 2>&1 >/dev/null) || die "not saved to $copy: ${output##*$'\n'}"
  echo "$sum" >"$saved"
  say "saved to $copy"
}

wait_for_address() {
  [ -e "$hold" ] || return 0
  local last=''
  until has_address; do
    [ "$reason" = "$last" ] || say "waiting for the platform's address: $reason"
    last=$reason
    sleep 2
  done
  say "this host has $address"
  rm -f "$hold"
  # If the current release already serves, this only starts the proxy.
  "$HOME_DIRECTORY/bin/start-release" || { : >"$hold"; exit 1; }
}

case $1 in
  wait) wait_for_address ;;
  *) "$1" ;;
esac
