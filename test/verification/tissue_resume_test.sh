#!/usr/bin/env bash
# A tissue run that is killed, stopped, or out of disk goes on and ends in the same bytes. [TIS-14]
set -euo pipefail
dir=$(mktemp -d)
running=
trap '[ -z "$running" ] || kill -9 "$running" 2>/dev/null; rm -rf "$dir"' EXIT
fail() {
    echo "FAILED: $1"
    exit 1
}
seed=${SEED:-20261120}
RANDOM=$seed
echo "seed $seed"

cp "$ST_SOURCE_DIR"/examples/tissue-binding/*.yaml "$dir"
began=$(date +%s%N)
"$STROMA" run "$dir/tissue.yaml" -o "$dir/whole" --threads 1 --quiet || fail "the run itself"
took=$(($(date +%s%N) - began)) # ns: kills must hit whatever the machine
[ ! -e "$dir/whole/run.sqlite.part" ] || fail "a finished run leaves no checkpoint"
# At rest drug x target x 2 = pair x 3 (uM), and what the target lost is bound.
awk -F, '$1 == 1000 { mean[$2] = 1e6 * $14 } END { held = 2 * mean["drug"] * mean["target"] / 3 / mean["pair"]
    exit !(held > 0.99 && held < 1.01 && mean["target"] + mean["pair"] > 2.999 && mean["target"] + mean["pair"] < 3.001) }' \
    "$dir/whole/fields.csv" || fail "the level at rest"

# Killed again and again, with another number of threads every time.
kills=0
for attempt in $(seq 1 40); do
    "$STROMA" run "$dir/tissue.yaml" -o "$dir/killed" --threads $((1 + attempt % 3)) --quiet &
    running=$!
    sleep "$(awk "BEGIN { print $took * 1e-9 * (0.1 + ($RANDOM % 20 + $attempt) / 100) }")" # longer and longer
    kill -9 "$running" 2>/dev/null || true
    status=0
    wait "$running" 2>/dev/null || status=$?
    running=
    [ "$status" -ne 137 ] || kills=$((kills + 1))
    if [ "$status" -eq 0 ] && [ "$kills" -lt 2 ]; then # too slow with the axe: once more from the start
        rm -rf "$dir/killed"
        kills=0
        continue
    fi
    [ "$status" -eq 137 ] || break
    if [ -e "$dir/killed/report.html" ] && [ ! -e "$dir/killed/run.sqlite.part" ]; then # killed after its last act
        status=0
        break
    fi
done
[ "$status" -eq 0 ] || fail "after $kills kills: status $status"
[ "$kills" -ge 2 ] || fail "only $kills kills hit"
# A kill in the middle of a write may leave the name it was written under.
diff -r -x 'run.sqlite.part*' -x '*.tmp' "$dir/whole" "$dir/killed" || fail "bytes after $kills kills"
echo "killed $kills times: same bytes"

# A state of its own for the refusals: stop a run as soon as it has one.
make_unfinished() { # folder, signal, file, what must be there
    "$STROMA" run "$dir/$3" -o "$1" --threads 1 --quiet &
    running=$!
    for _ in $(seq 1 200); do
        [ -e "$1/$4" ] && [ "$(wc -c 2>/dev/null <"$1/run.sqlite.part")" -gt 20000 ] && break
        sleep 0.01
    done
    kill -"$2" "$running" 2>/dev/null || fail "the run was over too soon"
    wait "$running" 2>/dev/null || status=$?
    running=
    [ -e "$1/run.sqlite.part" ] || fail "nothing was kept"
}

# Ctrl-C: the state stays, the exit status says so.
make_unfinished "$dir/stopped" INT tissue.yaml fields_000008.vti
[ "$status" -eq 130 ] || fail "interrupted: status $status"
[ ! -e "$dir/stopped/fields.csv" ] || fail "an interrupted run is no result"

# Another file, a damaged state.
sed 's/value: 5 uM/value: 6 uM/' "$dir/tissue.yaml" >"$dir/other.yaml"
status=0
"$STROMA" run "$dir/other.yaml" -o "$dir/stopped" --quiet 2>"$dir/err" || status=$?
[ "$status" -eq 2 ] && grep -q -- '--force' "$dir/err" || fail "another file's state is refused"
if command -v sqlite3 >/dev/null 2>&1; then
    cp -r "$dir/stopped" "$dir/damaged"
    sqlite3 "$dir/damaged/run.sqlite.part" 'UPDATE part SET hash = hash + 1 WHERE what = 1 AND item = 2'
    status=0
    "$STROMA" run "$dir/tissue.yaml" -o "$dir/damaged" --quiet 2>"$dir/err" || status=$?
    [ "$status" -eq 4 ] && grep -q 'damaged' "$dir/err" || fail "a damaged state is named"
    "$STROMA" run "$dir/tissue.yaml" -o "$dir/damaged" --quiet --force || fail "--force starts over"
    diff -r "$dir/whole" "$dir/damaged" || fail "bytes after --force"
fi

# Out of disk while the state is written: exit 4, the state before stays, and goes on.
sed '/^output:/d; s/every: 20 min/every: 2 min/' "$dir/tissue.yaml" >"$dir/lean.yaml"
"$STROMA" run "$dir/lean.yaml" -o "$dir/lean" --threads 1 --quiet || fail "the run without pictures"
make_unfinished "$dir/full" KILL lean.yaml run.sqlite.part
status=0
(
    trap '' XFSZ
    ulimit -f 1
    exec "$STROMA" run "$dir/lean.yaml" -o "$dir/full" --threads 1 --quiet
) 2>"$dir/err" || status=$?
[ "$status" -eq 4 ] && grep -q 'run.sqlite.part' "$dir/err" || fail "disk full: status $status"
[ -s "$dir/full/run.sqlite.part" ] || fail "a full disk takes the state before"
"$STROMA" run "$dir/lean.yaml" -o "$dir/full" --threads 2 --quiet || fail "after a full disk"
diff -r "$dir/lean" "$dir/full" || fail "bytes after a full disk"

# Two runs in one folder: the second is told, the first is not hurt.
sed 's/until: 1000 min/until: 30000 min/' "$dir/tissue.yaml" >"$dir/long.yaml"
"$STROMA" run "$dir/long.yaml" -o "$dir/two" --threads 1 --quiet &
running=$!
for _ in $(seq 1 200); do
    [ ! -e "$dir/two/fields_000003.vti" ] || break
    sleep 0.01
done
status=0
"$STROMA" run "$dir/long.yaml" -o "$dir/two" --quiet 2>"$dir/err" || status=$?
[ "$status" -eq 2 ] && grep -q 'another run' "$dir/err" || fail "a second run: status $status"
status=0
"$STROMA" run "$dir/long.yaml" -o "$dir/two" --quiet --force 2>"$dir/err" || status=$?
[ "$status" -eq 2 ] && grep -q 'another run' "$dir/err" || fail "--force beside a run: status $status"
kill -0 "$running" || fail "the first run was hurt"
kill -9 "$running"
wait "$running" 2>/dev/null || true
running=
