#!/bin/sh
# Compiles the page's WebAssembly, from the root of the repository.
set -eu

usage() {
  echo "Usage: app/web/wasm.sh FOLDER"
  echo
  echo "Writes core.wasm, strength.wasm and transfer.wasm to FOLDER."
}
case ${1-} in -h | --help) usage; exit 0 ;; esac
[ $# = 1 ] || { usage >&2; exit 2; }

export GOOS=js GOARCH=wasm
# The first load contains core.wasm. Without inlining, except in what is critical for speed, it is 6 % smaller. The curves of the last
# pattern are never used, but crypto/hpke refers to them. Of several patterns that match a package, the compiler uses the last.
go build -trimpath -ldflags '-s -w' -gcflags=all=-l -gcflags=crypto/...= -gcflags=golang.org/x/crypto/...= \
  -gcflags=encoding/base64= -gcflags=internal/...= -gcflags=runtime/...= -gcflags=crypto/internal/fips140/nistec/...=-l \
  -o "$1/core.wasm" ./app/cmd/vaultsphere-wasm
for part in strength transfer; do
  go build -trimpath -ldflags '-s -w' -o "$1/$part.wasm" "./app/cmd/vaultsphere-$part-wasm"
done
