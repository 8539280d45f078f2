#!/usr/bin/env bash
# Creates a build image for tests on machines that cannot reach an image registry.
set -euo pipefail

usage() {
  cat <<'USAGE'
Usage: internal/testenv/engine/builder-image.sh

Creates an image with this machine's Go, Node.js, shell and trusted
certificates, once, and prints its name. It replaces golang and node:

  builder=$(internal/testenv/engine/builder-image.sh)
  make image GO_IMAGE=$builder NODE_IMAGE=$builder
USAGE
}

die() { echo "builder-image.sh: error: $1" >&2; exit "${2:-1}"; }

case "${1:-}" in
  "") ;;
  --help | -h) usage; exit 0 ;;
  *) usage >&2; exit 2 ;;
esac

programs=(sh env node cat chmod cp dirname basename install ln ls mkdir mv rm sed touch uname)
for program in go npm docker ldd "${programs[@]}"; do
  command -v "$program" >/dev/null 2>&1 || die "$program is missing: scripts/setup.sh"
done
certificates=/etc/ssl/certs/ca-certificates.crt
[ -s "$certificates" ] || die "$certificates is missing: apt-get install ca-certificates"

key=$({ cat "$0" "$certificates"; go version; node --version; npm --version; } | sha256sum | cut -c 1-12)
image=vaultsphere-builder:$key
if [ -n "$(docker image ls --quiet "$image")" ]; then
  echo "$image"
  exit
fi

root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
chmod 0755 "$root"
mkdir -p "$root"/{bin,etc/ssl/certs,go,root,usr/bin,usr/local/go,usr/lib/node_modules}
mkdir -m 1777 "$root/tmp"
echo 'root:x:0:0:root:/root:/bin/sh' >"$root/etc/passwd"
cp "$certificates" "$root/etc/ssl/certs/"
for program in "${programs[@]}"; do
  program=$(command -v "$program")
  cp -L "$program" "$root/usr/bin/"
  # ldd prints the path of each library: "libc.so.6 => /lib/…/libc.so.6 (0x…)"; the loader's line has no arrow.
  ldd "$program" | grep -oE '/[^ ]+' | while read -r library; do
    mkdir -p "$root$(dirname "$library")"
    cp -Ln "$library" "$root$library"
  done
done
ln -s ../usr/bin/sh "$root/bin/sh"
# Do not use "npm root --global": it is relative to node, but npm may belong to another node.
npm_cli=$(readlink -f "$(command -v npm)")
[[ $npm_cli == */bin/npm-cli.js ]] || die "npm is $npm_cli, which is not the npm that comes with Node.js"
cp -a "${npm_cli%/bin/npm-cli.js}" "$root/usr/lib/node_modules/npm"
ln -s ../lib/node_modules/npm/bin/npm-cli.js "$root/usr/bin/npm"
cp -a "$(go env GOROOT)"/{VERSION,bin,go.env,lib,pkg,src} "$root/usr/local/go/"

tar -C "$root" --owner 0 --group 0 --numeric-owner -c . | docker import \
  --change 'ENV PATH=/usr/local/go/bin:/usr/bin:/bin' --change 'ENV GOPATH=/go' --change 'ENV GOTOOLCHAIN=local' \
  --change 'ENV NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt' - "$image" >/dev/null
echo "$image"
