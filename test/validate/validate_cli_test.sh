#!/usr/bin/env bash
# `stroma validate` on a small table: files, columns, the last line, faulty rows, one or more workers.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
table=$ST_SOURCE_DIR/examples/validate/table.csv
faulty=$ST_SOURCE_DIR/test/validate/faulty.csv
small=(--people 800 --draws 40)
fail() {
    echo "validate_cli_test: $*" >&2
    exit 1
}
same() { cmp -s "$1" "$2" || fail "$1 and $2 differ"; }

"$STROMA" validate "$table" "${small[@]}" --threads 1 -o "$dir/a" >"$dir/out" 2>/dev/null
"$STROMA" validate "$table" "${small[@]}" --threads 3 -q -o "$dir/b" >"$dir/out_b"
for file in predictions.csv draws.csv skipped.csv arms.csv validation.html validation.sqlite; do
    same "$dir/a/$file" "$dir/b/$file"
done

number='-?[0-9]+(\.[0-9]+)?'
line=$(tail -n 1 "$dir/out")
[[ $line =~ ^rows=36\ scored=([0-9]+)\ trials=4\ coverage95=$number\ crps=$number\ base_crps=$number\ crps_ratio=$number\ ratio_lo=$number\ ratio_hi=$number\ bias=$number$ ]] ||
    fail "last line: $line"
scored=${BASH_REMATCH[1]}
[ "$line" = "$(cat "$dir/out_b")" ] || fail "-q says something else"
# Every row is scored or skipped with a reason.
[ $((scored + $(wc -l <"$dir/a/skipped.csv") - 1)) -eq 36 ] || fail "rows are missing"

head -n 1 "$dir/a/predictions.csv" | tr -d '\r' >"$dir/head"
echo "trial_id,arm_id,intervention,scale,month,n,kind,observed,observed_sd,pred_mean,pred_sd,q025,q05,q25,q50,q75,q95,q975,pit,crps,base_mean,base_sd,base_crps,weight,note" >"$dir/expected"
same "$dir/head" "$dir/expected"
head -n 1 "$dir/a/draws.csv" | tr -d '\r' | grep -q '^trial_id,arm_id,scale,month,kind,d001,d002,.*,d040$' ||
    fail "heads of draws.csv"

# What is there stays unless --force says otherwise.
"$STROMA" validate "$table" "${small[@]}" -q -o "$dir/a" 2>/dev/null && fail "wrote over results"
"$STROMA" validate "$table" "${small[@]}" -q --force -o "$dir/a" >/dev/null

# Faulty rows: each refused with its line, nothing written; --keep-going scores the others.
status=0
"$STROMA" validate "$faulty" "${small[@]}" -q -o "$dir/c" >/dev/null 2>"$dir/err" || status=$?
[ "$status" -eq 2 ] || fail "status $status for faulty rows"
for wanted in "faulty.csv:4: n: found 'many'" "faulty.csv:6: month: found '-1'" \
    "faulty.csv:7: intervention: found 'salin'"; do
    grep -qF "$wanted" "$dir/err" || fail "no message: $wanted"
done
[ ! -e "$dir/c" ] || fail "wrote for a faulty table"
"$STROMA" validate "$faulty" "${small[@]}" -q --keep-going -o "$dir/c" >"$dir/out" 2>"$dir/err"
grep -q '^rows=36 ' "$dir/out" || fail "--keep-going: $(cat "$dir/out")"
grep -qF "faulty.csv:4: n: found 'many'" "$dir/err" || fail "--keep-going is silent"
[ "$(grep -c ": found '" "$dir/c/skipped.csv")" -eq 3 ] || fail "faults in skipped.csv"

# Draws of parameters from a table: cells that do nothing, and a name that is none.
printf 'resolution_strength,context_fixed\n0,3\n0,2\n0,4\n' >"$dir/posterior.csv"
"$STROMA" validate "$table" "${small[@]}" -q --posterior "$dir/posterior.csv" -o "$dir/d" >/dev/null
cmp -s "$dir/a/draws.csv" "$dir/d/draws.csv" && fail "--posterior changes nothing"
printf 'no_such_value\n0\n' >"$dir/posterior.csv"
"$STROMA" validate "$table" -q --posterior "$dir/posterior.csv" -o "$dir/e" 2>"$dir/err" && fail "posterior"
grep -qF "posterior.csv:1: found 'no_such_value'" "$dir/err" || fail "posterior: $(cat "$dir/err")"
# A table to learn from.
"$STROMA" validate "$table" "${small[@]}" -q --train "$ST_SOURCE_DIR/evidence/trials.csv" -o "$dir/f" >/dev/null
cmp -s "$dir/a/predictions.csv" "$dir/f/predictions.csv" && fail "--train changes nothing"
cut -d, -f1-15 "$dir/a/predictions.csv" >"$dir/1"
cut -d, -f1-15 "$dir/f/predictions.csv" >"$dir/2"
same "$dir/1" "$dir/2"
echo "validate: all well"
