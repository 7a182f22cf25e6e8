#!/usr/bin/env bash
# `stroma prepare`: the shipped preparations run, their files are complete, mistakes are named,
# nothing is written over, and the number of workers does not matter.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
unset STROMA_MODELS
failures=0

fail() {
    echo "FAILED: $*"
    failures=$((failures + 1))
}

# Every shipped preparation is valid; with fewer donors it runs to the end.
for file in "$ST_SOURCE_DIR"/examples/prepare-*/preparation.yaml; do
    name=$(basename "$(dirname "$file")")
    sed 's/^donors: .*/donors: 8/' "$file" >"$name.yaml"
    "$STROMA" prepare "$name.yaml" -o "out/$name" >"$name.txt" 2>stderr || fail "$name: $(cat stderr)"
    grep -q 'measured beside computed' "$name.txt" || fail "$name: no measurement beside it"
    grep -q 'what would change the dose most' "$name.txt" || fail "$name: no sensitivity"
    for csv in losses quantities levers measured; do
        [ "$(wc -l <"out/$name/$csv.csv")" -gt 1 ] || fail "$name: $csv.csv is empty"
    done
    grep -q '</svg>' "out/$name/losses.svg" || fail "$name: no drawing of the losses"
    "$STROMA" prepare "$name.yaml" --json >"$name.json" 2>stderr || fail "$name: --json: $(cat stderr)"
    if command -v python3 >/dev/null; then # as a program would read it
        python3 - "$name.json" "out/$name/losses.csv" <<'PYTHON' || fail "$name: JSON and CSV differ"
import csv, json, sys
with open(sys.argv[1]) as file:
    found = json.load(file)
with open(sys.argv[2], newline="") as file:
    rows = list(csv.DictReader(file))
assert len(rows) == len(found["losses"]) > 1
for row, loss in zip(rows, found["losses"]):
    assert row["step"] == loss["step"]
    assert float(row["q50_cells"]) == loss["q50_cells"]
assert found["donors"] == 8 and found["dose"]["q50"] >= 0
assert found["measured"] and found["levers"]
PYTHON
    fi
done
grep -q '<svg' out/prepare-prp/tube.svg || fail "no picture of the tube"
head -n 1 out/prepare-prp/layers.csv | grep -q 'spin,time_s,height_mm' || fail "layers.csv"
[ ! -e out/prepare-culture/tube.svg ] || fail "a picture without a tube"
grep -q 'rival sources on age' prepare-bmac.txt || fail "rival sources on age are not told"
grep -q '^phenotype,no,' out/prepare-bmac/age_relations.csv || fail "age_relations.csv"
grep -q 'carried no cells' prepare-gel.txt || fail "the gel does not tell that clinical gels had no cells"

# The same bytes for any number of workers.
"$STROMA" prepare prepare-fat.yaml -o one --threads 1 -q
"$STROMA" prepare prepare-fat.yaml -o three --threads 3 -q
diff -r one three || fail "workers matter"

# Results are not written over without --force.
status=0
"$STROMA" prepare prepare-fat.yaml -o one >stdout 2>stderr || status=$?
[ "$status" = 2 ] && grep -q -- '--force' stderr || fail "written over: $(cat stderr)"
"$STROMA" prepare prepare-fat.yaml -o one --force -q || fail "--force"

refused() { # what is replaced, by what, what the message says
    sed "s|$1|$2|" "$base" >bad.yaml
    status=0
    "$STROMA" prepare bad.yaml -o bad >stdout 2>stderr || status=$?
    [ "$status" = 2 ] || fail "status $status for $2"
    grep -q -- "$3" stderr || fail "message for $2: $(cat stderr)"
    [ ! -e bad ] || fail "something was written for $2"
}
base=prepare-prp.yaml
refused 'field: 100 xg' 'field: -100 xg' "bad.yaml:[0-9]*:[0-9]*: steps\[1\].spin.field: found '-100 xg'"
refused 'preparation:' 'preparatoin:' "unknown key"
refused '3.5 mL tube, field: 100' 'bucket, field: 100' "spin.tube: found 'bucket'"
base=prepare-bmac.yaml
refused 'volume: 7 mL' 'volume: 70 mL' 'expected less than the 64 mL that are spun'
base=prepare-gel.yaml
refused 'initiator: LAP, ' '' 'found light without an initiator'
refused 'route: arthroscopic, ' '' 'without a `light_path`'
refused 'initiator: LAP' 'initiator: I2959' 'which I2959 does not take up'
status=0
"$STROMA" prepare missing.yaml >stdout 2>stderr || status=$?
[ "$status" = 4 ] || fail "status $status for a missing file"

[ "$failures" -eq 0 ] || exit 1
