#!/usr/bin/env bash
# examples/scale: parts put together equal one run. GNU parallel and Snakemake are used where they are
# installed; Slurm's variables are given by hand.
set -euo pipefail
study=$ST_SOURCE_DIR/test/cli/small.yaml
scale=$ST_SOURCE_DIR/examples/scale
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export STROMA

same() { # the tables and the page are made from the store alone
    for file in "$work"/one/tables/* "$work/one/report.html"; do
        cmp "$file" "$work/$1/${file#"$work/one/"}"
    done
    echo "$1: as one run"
}
refused() { # words that the message must hold, then the command
    local words=$1
    shift
    if "$@" >"$work/out" 2>&1; then
        echo "not refused: $*"
        exit 1
    fi
    grep -q -- "$words" "$work/out" || { cat "$work/out"; exit 1; }
}

"$STROMA" run "$study" -o "$work/one" -q

"$scale/parallel.sh" "$study" "$work/parallel" 3 >/dev/null
same parallel
rm "$work/parallel/parts/part-2-of-3" # a lost part is computed again, the others are not
touch -d '2001-01-01' "$work/parallel/parts/part-1-of-3"
"$scale/parallel.sh" "$study" "$work/parallel" 3 >/dev/null
same parallel
[ "$(date -r "$work/parallel/parts/part-1-of-3" +%Y)" = 2001 ]

for i in 1 2 3 4; do
    SLURM_ARRAY_TASK_ID=$i SLURM_ARRAY_TASK_MAX=4 SLURM_CPUS_PER_TASK=1 \
        "$scale/slurm.sh" "$study" "$work/slurm" screen
done
[ -e "$work/slurm/parts/screen-4-of-4" ]
for i in 1 2 3 4; do
    SLURM_ARRAY_TASK_ID=$i SLURM_ARRAY_TASK_MAX=4 SLURM_CPUS_PER_TASK=1 \
        "$scale/slurm.sh" "$study" "$work/slurm"
    [ "$i" -lt 4 ] && refused "part $((i + 1)) of 4 is missing" "$STROMA" merge "$study" -o "$work/slurm"
done
"$STROMA" merge "$study" -o "$work/slurm" -q
same slurm

if command -v snakemake >/dev/null; then
    (cd "$work" && snakemake -q --cores 2 -s "$scale/Snakefile" \
        --config study="$study" dir=snake parts=2 stroma="$STROMA")
    same snake
else # its rules in plain Python: the same names for the same parts
    sed -n 's/.*\(part-{{i}}-of-{PARTS}\).*/\1/p' "$scale/Snakefile" | grep -qc 'part-{{i}}-of-{PARTS}'
    echo "snakemake is not installed: only the names of its files were checked"
fi

refused "a part such as 3/8" "$STROMA" run "$study" -o "$work/x" --shard 5/4
refused "a part such as 3/8" "$STROMA" run "$study" -o "$work/x" --shard 0/4
refused "a part such as 3/8" "$STROMA" run "$study" -o "$work/x" --shard 1
refused "expected --shard I/N" "$STROMA" run "$study" -o "$work/x" --screen
refused "expected the parts" "$STROMA" merge "$study" -o "$work/nothing"
"$STROMA" run "$study" -o "$work/slurm" --shard 1/2 -q
refused "parts of" "$STROMA" merge "$study" -o "$work/slurm" --force
