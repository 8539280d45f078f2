#!/usr/bin/env bash
# Publishes this host's SSH key as a tag of the instance, so clients with access to EC2 can verify the host.
set -euo pipefail

usage() {
  cat <<'USAGE'
Usage: tag-host-key [--help]

Writes the public key of /etc/ssh/ssh_host_ed25519_key to a tag of this instance.

Settings, from the environment:
  AWS_REGION    region of the host
  HOST_KEY_TAG  name of the tag
USAGE
}

die() { echo "tag-host-key: error: $1" >&2; exit "${2:-1}"; }

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
