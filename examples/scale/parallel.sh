#!/usr/bin/env bash
# A study in N parts with GNU parallel; without it with xargs. Repeat the command to finish what failed.
#     parallel.sh STUDY.yaml DIR N
set -euo pipefail
[ $# -eq 3 ] || { echo "parallel.sh STUDY.yaml DIR N" >&2; exit 2; }
export STUDY=$1 DIR=$2 PARTS=$3
export STROMA=${STROMA:-stroma}
# First who may enter, a share of the candidates each; then the people, each part its own.
screen() {
    [ -e "$DIR/parts/screen-$1-of-$PARTS" ] || [ -e "$DIR/parts/part-$1-of-$PARTS" ] ||
        "$STROMA" run "$STUDY" -o "$DIR" --shard "$1/$PARTS" --screen --threads 1 -q
}
part() {
    [ -e "$DIR/parts/part-$1-of-$PARTS" ] || "$STROMA" run "$STUDY" -o "$DIR" --shard "$1/$PARTS" --threads 1 -q
}
export -f screen part
for round in screen part; do
    if command -v parallel >/dev/null; then
        parallel --halt soon,fail=1 "$round" ::: $(seq "$PARTS")
    else
        seq "$PARTS" | xargs -P "$(getconf _NPROCESSORS_ONLN)" -I{} bash -c "$round {}"
    fi
done
"$STROMA" merge "$STUDY" -o "$DIR" --force
