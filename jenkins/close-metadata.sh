#!/usr/bin/env bash
# Keeps containers from the instance metadata service, which hands out the keys of the pipeline's role, but for the network of
# the trusted agent. A container cannot change the firewall of the machine that it runs on.
set -euo pipefail

usage() {
  cat <<'USAGE'
Usage: close-metadata.sh [--help]

Has the firewall reject what any container sends to 169.254.169.254, unless it
comes from the bridge jenkins-trusted. Docker sends all that it forwards through
the chain DOCKER-USER first, and leaves what is in it alone when it starts.
USAGE
}

die() { echo "close-metadata.sh: error: $1" >&2; exit "${2:-1}"; }

case "$#:${1:-}" in
  0:) ;;
  1:--help | 1:-h) usage; exit 0 ;;
  *) usage >&2; exit 2 ;;
esac
command -v iptables >/dev/null 2>&1 || die "iptables is missing: install it"

# Rejected is also what a bridge of a later network sends. The networks have no IPv6.
rule=(DOCKER-USER ! --in-interface jenkins-trusted --destination 169.254.169.254 --jump REJECT)
iptables --wait --list DOCKER-USER --numeric >/dev/null 2>&1 || iptables --wait --new-chain DOCKER-USER || die "cannot make the chain DOCKER-USER"
iptables --wait --check "${rule[@]}" 2>/dev/null || iptables --wait --insert "${rule[@]}" || die "cannot add the rule to DOCKER-USER"
