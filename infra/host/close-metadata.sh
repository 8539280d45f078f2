#!/usr/bin/env bash
# Keeps the proxy's container from the instance metadata service, which hands out the keys of the host's role. The proxy is
# what the internet reaches, and needs none of them; the slots do.
set -euo pipefail

usage() {
  cat <<'USAGE'
Usage: close-metadata [--help]

Has the firewall reject what comes from the proxy's network and goes to
169.254.169.254. Docker sends all that it forwards through the chain
DOCKER-USER first, and leaves what is in it alone when it starts.
USAGE
}

die() { echo "close-metadata: error: $1" >&2; exit "${2:-1}"; }

case "$#:${1:-}" in
  0:) ;;
  1:--help | 1:-h) usage; exit 0 ;;
  *) usage >&2; exit 2 ;;
esac
command -v iptables >/dev/null 2>&1 || die "iptables is missing: install it"

# The Compose file names the bridge. Its networks have no IPv6.
rule=(DOCKER-USER --in-interface vault-internet --destination 169.254.169.254 --jump REJECT)
iptables --wait --list DOCKER-USER --numeric >/dev/null 2>&1 || iptables --wait --new-chain DOCKER-USER || die "cannot make the chain DOCKER-USER"
iptables --wait --check "${rule[@]}" 2>/dev/null || iptables --wait --insert "${rule[@]}" || die "cannot add the rule to DOCKER-USER"
