#!/usr/bin/env bash
# Tells EC2 this host's SSH key, as a tag of the instance: whoever may ask EC2 then knows the host from another.
set -euo pipefail

usage() {
  cat <<'USAGE'
Usage: tell-host-key [--help]

Writes the public half of /etc/ssh/ssh_host_ed25519_key to a tag of this instance.

Settings, from the environment:
  AWS_REGION    region of the host
  HOST_KEY_TAG  name of the tag
USAGE
}

die() { echo "tell-host-key: error: $1" >&2; exit "${2:-1}"; }

case "${1:-}" in
  "") ;;
  --help | -h) usage; exit 0 ;;
  *) usage >&2; exit 2 ;;
esac
for name in AWS_REGION HOST_KEY_TAG; do
  [ -n "${!name:-}" ] || die "$name is not set" 2
done
export AWS_REGION AWS_DEFAULT_REGION=$AWS_REGION

read -r kind key _ <"${HOST_KEY_FILE:-/etc/ssh/ssh_host_ed25519_key.pub}" || die "there is no SSH host key yet"
id=$("$(dirname "$0")/instance-metadata" instance-id) || exit
aws ec2 create-tags --resources "$id" --tags "Key=$HOST_KEY_TAG,Value=$kind $key" || die "cannot tag $id"
