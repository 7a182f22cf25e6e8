#!/usr/bin/env bash
# stroma simulate and stroma describe, as a user meets them.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
failures=0
baker=$ST_SOURCE_DIR/models/verification/baker2017.yaml
growth=$ST_SOURCE_DIR/examples/02_logistic_growth/model.yaml
knee=$ST_SOURCE_DIR/models/knee-oa.yaml

fail() {
    echo "FAILED: $*"
    failures=$((failures + 1))
}

run() { # stroma's arguments; leaves $status and the files stdout, stderr
    status=0
    "$STROMA" "$@" >stdout 2>stderr </dev/null || status=$?
}

expect() { # what, wanted, found
    [ "$2" = "$3" ] || fail "$1: expected '$2', found '$3'"
}

expect_error() { # exit status, the first line of standard error; nothing on standard output
    expect "status" "$1" "$status"
    expect "standard error" "$2" "$(head -n 1 stderr)"
    expect "standard output" "" "$(cat stdout)"
}

# --- simulate
run simulate "$baker" --until 20d --every 5d --set p=0.18 --set a=5 --set e=0.55 --set f=0.75
expect status 0 "$status"
expect "head" "time [day],p [1],a [1],e [1],f [1]" "$(head -n 1 stdout | tr -d '\r')"
expect "rows" 6 "$(wc -l <stdout)"
# state at t = 20 of case B in docs/equations/population.md
tail -n 1 stdout | tr -d '\r' | awk -F, '
    function off(a, b) { return a > b ? a - b : b - a }
    { exit !(off($2, 0.295400) < 2e-6 && off($3, 2.080510) < 2e-6 && off($4, 0.511204) < 2e-6 &&
             off($5, 0.409867) < 2e-6) }' || fail "case B at t = 20: $(tail -n 1 stdout)"

run simulate "$growth" --until 12h --every 5h
expect "the end is a row too" "0 0.20833333333333334 0.4166666666666667 0.5" \
    "$(tail -n +2 stdout | cut -d, -f1 | tr '\n' ' ' | sed 's/ $//')"
run simulate "$growth" --until 20d --set doubling="108 h" --set msc@flask="10^5 cells" -o half.csv
expect status 0 "$status"
expect "standard output" "" "$(cat stdout)"
grep -q '^0,100000,' half.csv || fail "--set of a state and -o: $(sed -n 2p half.csv)"

run simulate "$knee" --until 28d --every 7d --variant placebo-only
expect "status of a variant" 0 "$status"

# --- the stochastic twin
run simulate "$growth" --until 20d --every 10d --engine ssa --cells 200 --runs 5 --threads 1
expect status 0 "$status"
expect "rows" $((1 + 3 + 5 * 3)) "$(wc -l <stdout)"
expect "first of the twin" "ssa,1,0," "$(grep '^ssa' stdout | head -n 1 | cut -c 1-8)"
cp stdout one.csv
for threads in 2 3 8; do
    run simulate "$growth" --until 20d --every 10d --engine ssa --cells 200 --runs 5 \
        --threads "$threads"
    cmp -s one.csv stdout || fail "$threads threads change the twin"
done
run simulate "$growth" --until 20d --every 10d --engine ssa --cells 200 --runs 5 --seed 2
cmp -s one.csv stdout && fail "another seed gives the same runs"

# --- mistakes
run simulate "$growth"
expect_error 2 "stroma simulate: for how long? expected --until, such as --until 28d"
run simulate "$growth" --until 3x
expect_error 2 "--until: found '3x', expected a quantity: unknown unit 'x'"
run simulate "$growth" --until "3 mL"
expect_error 2 "--until: found '3 mL', expected a quantity in units of 'day'"
run simulate "$growth" --until -1d
expect_error 2 "--until: found '-1d', expected a time above 0"
run simulate "$growth" --until 1d --set doublin="3 h"
expect_error 2 "--set: 'doublin' is no parameter, input or state; did you mean 'doubling'?"
run simulate "$growth" --until 1d --set doubling="3 mL"
expect_error 2 "--set doubling: found '3 mL', expected a quantity in units of 'h'"
run simulate "$growth" --until 1d --set doubling
expect_error 2 "stroma simulate: --set: found 'doubling', expected name=value; try stroma --help"
run simulate "$growth" --until 1d --cells 10
expect_error 2 "stroma simulate: --cells, --runs, --seed and --threads need --engine ssa"
run simulate "$growth" --until 1d --engine ssb
expect_error 2 "stroma simulate: --engine: found 'ssb', expected population or ssa; try stroma --help"
for wrong in 0 -1 nan inf 1e13 many; do
    run simulate "$growth" --until 1d --engine ssa --cells "$wrong"
    expect "status of --cells $wrong" 2 "$status"
done
run simulate "$growth" --until 1d -o no/such/folder/out.csv
expect "status of a file that cannot be written" 4 "$status"
cat >blow.yaml <<'MODEL'
model: Grows without bound
variables: { u: { start: { value: 1, assumed: any }, unit: 1, rate: "[1 1/day] * u * u" } }
MODEL
run simulate blow.yaml --until 2d
expect "status of numerics that fail" 3 "$status"
grep -q "^the population engine failed on day 1" stderr || fail "message of a failure: $(cat stderr)"

# --- describe
run describe "$knee"
expect status 0 "$status"
for heading in "1 Purpose and patterns" "2 Entities, state variables and scales" \
    "3 Process overview and scheduling" "4 Design concepts" "5 Initialisation" "6 Input data" \
    "7 Submodels"; do
    grep -q ">$heading</h2>" stdout || fail "no heading '$heading'"
done
grep -q '<svg ' stdout || fail "no graph"
grep -q '<math' stdout || fail "no equations"
grep -E -q '(src|href)="(https?:)?//' stdout && fail "the page asks the network for something"
# every state and every parameter of the model is on the page
"$STROMA" describe "$knee" --json >model.json
sed -n 's/^  {"name": "\([^"]*\)", "\(kind\|value\)".*/\1/p' model.json >names
[ "$(wc -l <names)" -gt 50 ] || fail "few names in the JSON"
while read -r name; do
    grep -q -F "<th scope=\"row\">$name</th>" stdout || fail "the page lacks $name"
done <names
if command -v python3 >/dev/null; then
    python3 - model.json <<'PYTHON' || fail "JSON"
import json, sys
model = json.load(open(sys.argv[1]))
states = {s["name"] for s in model["states"]}
assert len(model["parameters"]) > 50 and all(
    (p["source"] is None) != (p["assumed"] is None) for p in model["parameters"])
assert all(c["state"] in states and c["per_day"] for k in model["channels"] for c in k["changes"])
assert any(e["from"] == "il10@fluid" and e["to"] == "macrophage_m1@synovium" and e["sign"] < 0
           for e in model["acts_on"])
PYTHON
fi
# a new cell type with two rules is seen on the page and in a run
cat >new.yaml <<'MODEL'
model: A new cell type
places: { box: { volume: { value: 1 mL, assumed: any } } }
substrates:
  oxygen: { in: { box: { value: 50 uM, assumed: any } }, typical: 50 uM }
  signal: { in: { box: { value: 0 uM, assumed: any } }, typical: 1 uM }
cells:
  patroller:
    label: Cells of my own
    in: { box: { value: 1e4 cells, assumed: any } }
    behaviours:
      die: { value: 0.1 1/day, assumed: any }
      secrete.signal: { value: 1e-5 nmol/cell/day, assumed: any }
rules:
  - { cell: patroller, signal: oxygen, decreases: die, toward: 0 1/day, half_max: 50 uM, assumed: any }
  - { cell: patroller, signal: signal, decreases: secrete.signal, toward: 0 nmol/cell/day, half_max: 0.1 uM, hill: 2, assumed: any }
MODEL
run describe new.yaml
for what in 'Cells of my own' 'What cells do, after their rules' '<mi>die</mi><mi>patroller@box</mi>' \
    '<mi>secrete.signal</mi><mi>patroller@box</mi>' 'patroller.die.oxygen'; do
    grep -q -F "$what" stdout || fail "the page of a new cell type lacks '$what'"
done
run simulate new.yaml --until 1d --every 1d
# half of the hazard at half-maximal oxygen: 1e4 exp(-0.05)
tail -n 1 stdout | tr -d '\r' | awk -F, '
    { exit !($2 > 9512.29 && $2 < 9512.30 && $4 > 0.05 && $4 < 0.1) }' ||
    fail "a run of the new cell type: $(tail -n 1 stdout)"

# markup in a file is text on the page
cat >odd.yaml <<'MODEL'
model: "A <b>bold</b> & \"odd\" title"
description: <script>alert(1)</script>
variables: { u: { start: { value: 1, assumed: "<i>" }, unit: 1, rate: "-[1 1/day] * u" } }
MODEL
run describe odd.yaml -o odd.html
expect status 0 "$status"
grep -q -e '<script>' -e '<b>bold' -e '<i>' odd.html && fail "markup of the file got into the page"
grep -q '&lt;script&gt;' odd.html || fail "the description is missing"
run describe missing.yaml
expect "status of a missing file" 4 "$status"

echo "$failures failures"
[ "$failures" -eq 0 ]
