#!/usr/bin/env bash
# Builds and runs the CDK app, for the CDK CLI (cdk.json).
set -euo pipefail
cd "$(dirname "$0")/.."
command -v go >/dev/null 2>&1 || { echo "cdk-app.sh: error: go is missing: https://go.dev/dl/" >&2; exit 1; }
go build -o bin/infra ./infra
exec bin/infra
