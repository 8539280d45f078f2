#!/usr/bin/env bash
# Fails if a JUnit report contains a skipped test or no test: a missing part must fail, not look green.
set -euo pipefail

if [ "${1:-}" = --help ] || [ $# = 0 ]; then
  echo "Usage: scripts/no-skips.sh REPORT.xml..." >&2
  [ "${1:-}" = --help ] && exit 0 || exit 2
fi
for report in "$@"; do
  [ -s "$report" ] || { echo "no-skips.sh: error: $report is missing or empty" >&2; exit 1; }
  grep -q '<testcase' "$report" || { echo "no-skips.sh: error: $report has no test" >&2; exit 1; }
  if grep -q '<skipped' "$report"; then
    echo "no-skips.sh: error: $report has skipped tests:" >&2
    grep -B1 '<skipped' "$report" >&2
    exit 1
  fi
done
