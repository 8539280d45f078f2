#!/usr/bin/env bash
# What the CDK CLI runs (cdk.json): builds the app if it has changed, and becomes it.
set -euo pipefail
cd "$(dirname "$0")/.."
command -v go >/dev/null 2>&1 || { echo "cdk-app.sh: error: go is missing: https://go.dev/dl/" >&2; exit 1; }
go build -o bin/infra ./infra
export JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION=20
exec bin/infra
