#!/usr/bin/env bash
# Same input, same bytes: one small study, and a spheroid of cells, through several builds and numbers of threads; all
# results must be equal. Once more with the C library told to use no wide instructions.
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
GLIBC_TUNABLES=glibc.cpu.hwcaps=-AVX2,-FMA,-AVX512F "$1/stroma" run test/cli/small.yaml -o "$scratch/masked" -q
[ "$(sha256sum <"$scratch/masked/results.sqlite")" = "$first" ] || { echo "same bytes: differ when masked" >&2; exit 1; }
echo "same bytes: $runs runs of test/cli/small.yaml, builds $*, 1 2 3 8 threads; and masked"

cp examples/tissue-spheroid/model.yaml "$scratch"
sed 's/^run:.*/run: { until: 6 h, every: 6 h }/' examples/tissue-spheroid/tissue.yaml >"$scratch/spheroid.yaml"
cells=0
for build in "$@"; do
    for threads in 1 2 3 8; do
        cells=$((cells + 1))
        GLIBC_TUNABLES=$([ "$threads" -ne 3 ] || echo glibc.cpu.hwcaps=-AVX2,-FMA,-AVX512F) \
            "$build/stroma" run "$scratch/spheroid.yaml" -o "$scratch/cells$cells" --threads "$threads" -q >/dev/null
        diff -r "$scratch/cells1" "$scratch/cells$cells" ||
            { echo "same bytes: cells of $build with $threads threads differ from $1 with 1" >&2; exit 1; }
    done
done
echo "same bytes: $cells runs of 6000 cells for 6 hours, the same builds and threads; some masked"
