#!/usr/bin/env bash
# Keeps a copy of the proxy's certificates off this host, so that the host that replaces it serves HTTPS from its first second.
set -euo pipefail
umask 077

usage() {
  cat <<'USAGE'
Usage: keep-certificates restore
       keep-certificates save
       keep-certificates wait
       keep-certificates --help

restore  unpacks the copy before the proxy's first start. A copy that is not
         whole is refused, and the host goes on without. Without a certificate
         for the public address the proxy is held: where another host still has
         that address, it would ask for one in vain, and then pause.
save     replaces the copy if the certificates have changed, and if this host
         has the platform's address
wait     where the proxy is held, waits until this host has the platform's
         address, then starts it

Settings, from the environment:
  AWS_REGION           region of the parameters and of the bucket
  HOME_DIRECTORY       where scripts and state lie
  SITE_PARAMETER       SSM parameter that holds the public address
  ADDRESS_PARAMETER    SSM parameter that holds the host's fixed IPv4 address
  CERTIFICATES_BUCKET  S3 bucket of the copy
  CERTIFICATES_KEY     and its name there
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
# rollout.sh starts no proxy while it is there.
hold=$HOME_DIRECTORY/state/proxy-held
saved=$HOME_DIRECTORY/state/certificates-saved
# Of Caddy's folder the rest is locks and times.
parts=(caddy/acme caddy/certificates caddy/pki)
largest=$((4 << 20))
reason=''

aws() { command aws --cli-connect-timeout 10 --cli-read-timeout 30 "$@"; }

parameter() { aws ssm get-parameter --name "$1" --query Parameter.Value --output text; }

address=''
has_address() { # false and a reason, or this host has the platform's address
  local own
  # The first host of a platform is there before the parameter.
  [ -n "$address" ] || address=$(parameter "$ADDRESS_PARAMETER" 2>/dev/null) || { reason="cannot read $ADDRESS_PARAMETER"; return 1; }
  own=$("$(dirname "$0")/instance-metadata" public-ipv4 2>&1) || { reason=${own##*$'\n'}; return 1; }
  reason="this host has $own, the platform $address"
  [ "$own" = "$address" ]
}

# What is in the bucket was written by a host, or by whoever got hold of its role: nothing but folders and plain files under
# caddy/ is unpacked.
unpack() { # archive, empty folder: false and a reason if the archive is not whole
  local line list
  list=$(tar --list --verbose --numeric-owner --file "$1" 2>/dev/null) || { reason='the archive is broken'; return 1; }
  while IFS= read -r line; do
    [[ $line =~ ^[d-][rwx-]{9}\ +[0-9]+/[0-9]+\ +[0-9]+\ [0-9-]+\ [0-9:]+\ caddy(/[A-Za-z0-9@:_-][A-Za-z0-9@:._-]*)+/?$ ]] ||
      { reason="the archive holds something else: ${line:0:200}"; return 1; }
  done <<<"$list"
  tar --extract --file "$1" --directory "$2" --no-same-owner 2>/dev/null || { reason='the archive cannot be unpacked'; return 1; }
  check "$2"
}

check() { # folder: whether there are certificates, each whole and with its key
  local base bases public
  mapfile -t bases < <(find "$1" -type f '(' -path '*/certificates/*.crt' -o -path '*/certificates/*.key' ')' | sed 's/\.[^.]*$//' | sort -u)
  [ ${#bases[@]} -gt 0 ] || { reason='it holds no certificate'; return 1; }
  for base in "${bases[@]}"; do
    reason="${base##*/} has no whole certificate"
    [ -s "$base.json" ] && public=$(openssl x509 -in "$base.crt" -noout -pubkey 2>/dev/null) || return 1
    reason="certificate and key of ${base##*/} do not belong together"
    [ "$(openssl pkey -in "$base.key" -pubout 2>/dev/null)" = "$public" ] || return 1
  done
  reason=''
}

valid() { # certificate
  openssl x509 -in "$1" -noout -checkend 0 >/dev/null 2>&1
}

has_certificate() { # data folder, site: whether one of these is valid
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
  local said certificate
  work=$(mktemp -d "$1/.restore.XXXXXX")
  # No more than a copy can have: what is longer does not have the sum either.
  if ! said=$(aws s3api get-object --bucket "$CERTIFICATES_BUCKET" --key "$CERTIFICATES_KEY" --range "bytes=0-$largest" \
    --query Metadata.sha256 --output text "$work/copy.tar" 2>&1); then
    say "no certificates from $copy, going on without: ${said##*$'\n'}"
    return
  fi
  mkdir "$work/new"
  if [ "$(sha256sum <"$work/copy.tar")" != "$said  -" ]; then
    reason='its SHA-256 is another'
  else
    unpack "$work/copy.tar" "$work/new" || true
  fi
  [ -z "$reason" ] || { say "$copy is refused, going on without: $reason"; return; }
  while IFS= read -r certificate; do
    valid "$certificate" && continue
    say "a certificate has expired and is left out: ${certificate##*/}"
    rm -r "${certificate%/*}"
  done < <(find "$work/new/caddy/certificates" -type f -name '*.crt')
  sync --file-system "$work"
  mv -T "$work/new/caddy" "$1/caddy"
  say "restored from $copy"
}

restore() {
  local data site
  mkdir -p "$HOME_DIRECTORY/state"
  # As Compose makes it.
  docker volume create --label com.docker.compose.project=vaultsphere --label com.docker.compose.volume=certificates "$volume" >/dev/null ||
    die "cannot make the volume $volume"
  data=$(docker volume inspect --format '{{.Mountpoint}}' "$volume")
  rm -rf "$data"/.restore.*
  # Once the proxy has started there is a folder, and whatever is in it is newer.
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
  local data part present=() sum said
  data=$(docker volume inspect --format '{{.Mountpoint}}' "$volume" 2>/dev/null) || return 0
  has_certificate "$data" '*' || return 0
  work=$(mktemp -d)
  for part in "${parts[@]}"; do
    [ ! -e "$data/$part" ] || present+=("$part")
  done
  # Two archives of the same files are the same.
  tar --create --file "$work/copy.tar" --directory "$data" --format gnu --sort name --mtime @0 --owner 0 --group 0 --numeric-owner "${present[@]}"
  sum=$(sha256sum <"$work/copy.tar")
  sum=${sum%% *}
  [ "$sum" != "$(cat "$saved" 2>/dev/null)" ] || return 0
  has_address || { say "not saved: $reason"; return 0; }
  mkdir "$work/new"
  # The proxy may have been writing.
  unpack "$work/copy.tar" "$work/new" || die "not saved: $reason"
  [ "$(stat --format %s "$work/copy.tar")" -le "$largest" ] || die "not saved: they have more than $largest bytes"
  said=$(aws s3api put-object --bucket "$CERTIFICATES_BUCKET" --key "$CERTIFICATES_KEY" --body "$work/copy.tar" \
    --metadata "sha256=$sum" 2>&1 >/dev/null) || die "not saved to $copy: ${said##*$'\n'}"
  echo "$sum" >"$saved"
  say "saved to $copy"
}

wait_for_address() {
  [ -e "$hold" ] || return 0
  local told=''
  until has_address; do
    [ "$reason" = "$told" ] || say "waiting for the platform's address: $reason"
    told=$reason
    sleep 2
  done
  say "this host has $address"
  rm -f "$hold"
  # It starts the proxy too, and does nothing else where the current release serves already.
  "$HOME_DIRECTORY/bin/start-release" || { : >"$hold"; exit 1; }
}

case $1 in
  wait) wait_for_address ;;
  *) "$1" ;;
esac
