#!/usr/bin/env bash
# An agent: an SSH server, to which the controller alone can log in.
set -euo pipefail

usage() {
  cat <<'USAGE'
Usage: agent [--help]

Runs an SSH server on port 2222 for the user that it is started as. Environment:

  HOST_KEY         the file of its own key, by which the controller knows it
  AUTHORIZED_KEYS  the file of the controller's public key
                   (/run/secrets/AGENT_SSH_KEY.pub)
  PORT             another port

PATH and the variables of Java, Go, Docker, BuildKit and AWS are those of builds too.
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

# An SSH server hands on nothing of its own environment.
environment=()
for name in PATH JAVA_HOME GOTOOLCHAIN DOCKER_HOST BUILDKIT_HOST AWS_SHARED_CREDENTIALS_FILE; do
  [ -z "${!name:-}" ] || environment+=("$name=${!name}")
done
# Of root's only: it checks that the folder is there.
[ "$(id -u)" != 0 ] || mkdir -p /run/sshd
# Secrets belong to user 1000, also where the agent is root: who owns them is no matter.
exec /usr/sbin/sshd -D -e -f /dev/null -h "$HOST_KEY" -p "${PORT:-2222}" -o PidFile=none -o UsePAM=no -o StrictModes=no \
  -o AuthenticationMethods=publickey -o "AuthorizedKeysFile=$authorized" -o "SetEnv=${environment[*]}" \
  -o AllowTcpForwarding=no -o AllowAgentForwarding=no -o X11Forwarding=no -o PermitTunnel=no -o PermitUserRC=no
