#!/usr/bin/env bash
# Same input, same bytes: one small study through several builds and numbers of threads; all stores must be equal.
# usage: tools/check_same_bytes.sh BUILD_FOLDER ...
set -euo pipefail
cd "$(dirname "$0")/.."
[ $# -ge 1 ] || { echo "usage: tools/check_same_bytes.sh BUILD_FOLDER ..." >&2; exit 2; }
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
runs=0
for build in "$@"; do
    for threads in 1 2 3 8; do
        runs=$((runs + 1))
        "$build/stroma" run test/cli/small.yaml -o "$scratch/$runs" --threads "$threads" -q
        sum=$(sha256sum <"$scratch/$runs/results.sqlite")
        if [ "$runs" -gt 1 ] && [ "$sum" != "$first" ]; then
            echo "same bytes: $build with $threads threads differs from $1 with 1" >&2
            exit 1
        fi
        first=${first:-$sum}
    done
done
echo "same bytes: $runs runs of test/cli/small.yaml, builds $*, 1 2 3 8 threads"
