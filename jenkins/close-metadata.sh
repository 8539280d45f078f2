#!/usr/bin/env bash
# Blocks all containers except the trusted agent's from the instance metadata service, which returns the credentials of the pipeline's
# role. A container cannot change the firewall of its machine.
set -euo pipefail

usage() {
  cat <<'USAGE'
Usage: close-metadata.sh [--help]

Makes the firewall reject traffic from containers to 169.254.169.254, except from
the bridge jenkins-trusted. The rule is in the chain DOCKER-USER, which filters
all traffic that Docker forwards and which Docker does not change when it starts.
USAGE
}

die() { echo "close-metadata.sh: error: $1" >&2; exit "${2:-1}"; }

case "$#:${1:-}" in
  0:) ;;
  1:--help | 1:-h) usage; exit 0 ;;
  *) usage >&2; exit 2 ;;
esac
command -v iptables >/dev/null 2>&1 || die "iptables is missing: install it"

# The rule also covers bridges of networks that are added later. The networks have no IPv6.
rule=(DOCKER-USER ! --in-interface jenkins-trusted --destination 169.254.169.254 --jump REJECT)
iptables --wait --list DOCKER-USER --numeric >/dev/null 2>&1 || iptables --wait --new-chain DOCKER-USER || die "cannot create the chain DOCKER-USER"
iptables --wait --check "${rule[@]}" 2>/dev/null || iptables --wait --insert "${rule[@]}" || die "cannot add the rule to DOCKER-USER"
