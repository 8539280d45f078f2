#!/usr/bin/env bash
# A Jenkins agent: an SSH server that only the controller can log in to.
set -euo pipefail

usage() {
  cat <<'USAGE'
Usage: agent [--help]

Runs an SSH server on port 2222 as the current user. Environment:

  HOST_KEY         file with the agent's key, which the controller verifies
  AUTHORIZED_KEYS  file with the controller's public key
                   (/run/secrets/AGENT_SSH_KEY.pub)
  PORT             another port

Builds get PATH and the variables of Java, Go, Docker, BuildKit and AWS.
USAGE
}

die() { echo "agent: error: $1" >&2; exit 1; }

case "$#:${1:-}" in
  0:) ;;
  1:--help | 1:-h) usage; exit 0 ;;
  *) usage >&2; exit 2 ;;
esac
authorized=${AUTHORIZED_KEYS:-/run/secrets/AGENT_SSH_KEY.pub}
for file in "${HOST_KEY:?is not set}" "$authorized"; do
  if [ ! -s "$file" ] || [ ! -r "$file" ]; then die "$file cannot be read, or is empty"; fi
done

# sshd does not pass its own environment on to sessions.
environment=()
for name in PATH JAVA_HOME GOTOOLCHAIN DOCKER_HOST BUILDKIT_HOST AWS_SHARED_CREDENTIALS_FILE; do
  [ -z "${!name:-}" ] || environment+=("$name=${!name}")
done
# If it runs as root, sshd requires this folder.
[ "$(id -u)" != 0 ] || mkdir -p /run/sshd
# StrictModes=no: secrets belong to user 1000, even if the agent runs as root.
exec /usr/sbin/sshd -D -e -f /dev/null -h "$HOST_KEY" -p "${PORT:-2222}" -o PidFile=none -o UsePAM=no -o StrictModes=no \
  -o AuthenticationMethods=publickey -o "AuthorizedKeysFile=$authorized" -o "SetEnv=${environment[*]}" \
  -o AllowTcpForwarding=no -o AllowAgentForwarding=no -o X11Forwarding=no -o PermitTunnel=no -o PermitUserRC=no
