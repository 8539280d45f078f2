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
# The first load contains core.wasm. Without inlining, except where speed matters, brotli makes it 6 % smaller. app/client/replica
# searches. Of several patterns that match a package, the compiler uses the last.
ours=github.com/vaultsphere/vaultsphere
go build -trimpath -ldflags '-s -w' -gcflags=std=-l -gcflags=crypto/...= -gcflags=encoding/base64= -gcflags=internal/runtime/maps= \
  -gcflags=internal/bytealg= -gcflags=internal/byteorder= -gcflags=runtime/...= -gcflags=$ours/...=-l -gcflags=$ours/app/client/replica= -o "$1/core.wasm" ./app/cmd/vaultsphere-wasm
for part in strength transfer; do
  go build -trimpath -ldflags '-s -w' -o "$1/$part.wasm" "./app/cmd/vaultsphere-$part-wasm"
done
