#!/usr/bin/env bash
# What a user meets at the command line: exit statuses, messages, silence, progress, interrupts.
# ctest sets STROMA (the program) and ST_SOURCE_DIR.
set -euo pipefail

here=$ST_SOURCE_DIR/test/cli
folder=$(mktemp -d)
trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
cd "$folder"
unset STROMA_MODELS
cp "$here/small.yaml" small.yaml
failures=0

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

expect_error() { # exit status, the whole of standard error; nothing may be on standard output
    expect "status" "$1" "$status"
    expect "standard error" "$2" "$(cat stderr)"
    expect "standard output" "" "$(cat stdout)"
}

case_of() {
    echo "-- $1"
}

case_of "help and version answer on standard output"
run --help
expect status 0 "$status"
grep -q '^stroma check FILE$' stdout || fail "help does not show check"
grep -q '^stroma run STUDY.yaml|TISSUE.yaml -o DIR$' stdout || fail "help does not show run"
grep -q 'not medical advice' stdout || fail "help does not show the limits"
run --version
version=$(grep -h -o 'VERSION_[A-Z]* [0-9]*' "$ST_SOURCE_DIR/include/stroma/base.h" |
    awk '{ printf "%s%s", sep, $2; sep = "." }')
expect version "stroma $version" "$(cat stdout)"
run run --help
expect status 0 "$status"
run
expect status 2 "$status"

case_of "man page and completions know version, commands and options"
grep -q "\"stroma $version\"" "$ST_SOURCE_DIR/docs/stroma.1" || fail "version of the man page"
grep -q "^version: $version\$" "$ST_SOURCE_DIR/CITATION.cff" || fail "version of CITATION.cff"
run --help
for option in $(grep -o -E -e '--[a-z]+' stdout | sort -u); do
    escaped=${option//-/\\\\-}
    grep -q -- "$escaped" "$ST_SOURCE_DIR/docs/stroma.1" || fail "man page lacks $option"
    for file in stroma.bash _stroma; do
        grep -q -e "$option" "$ST_SOURCE_DIR/tools/completion/$file" || fail "$file lacks $option"
    done
done

case_of "a wrong command line is one line with the nearest known name"
run rnu study.yaml
expect_error 2 "stroma: unknown command 'rnu'; did you mean 'run'? try stroma --help"
run --versoin
expect_error 2 "stroma: unknown option '--versoin'; did you mean '--version'? try stroma --help"
run run small.yaml -o out --thread 2
expect_error 2 "stroma run: unknown option '--thread'; did you mean '--threads'? try stroma --help"
run run small.yaml
expect_error 2 "stroma run: where to? expected -o DIR, a folder for the results; try stroma --help"
run run small.yaml -o out --seed -3
expect_error 2 "stroma run: --seed: found '-3', expected a whole number from 0 to 18446744073709551615; try stroma --help"

case_of "a missing file"
run check missing.yaml
expect status 4 "$status"
grep -q 'missing.yaml' stderr || fail "the message does not name the file"
run run missing.yaml -o out
expect status 4 "$status"
[ ! -e out ] || fail "something was written"

case_of "no known kind of file"
printf 'stduy: x\n' >other.yaml
run check other.yaml
expect_error 2 "other.yaml:1:1: found none of \`study\`, \`model\`, \`preparation\`, \`tissue\`, \`person\`, \`people\`, \`candidacy\` and \`plan\` at the top, expected one of them
1 mistake; nothing was written"

case_of "an unknown key in a study"
sed 's/^blinding: double/blindnig: double/' small.yaml >key.yaml
line=$(grep -n blindnig key.yaml | cut -d: -f1)
run run key.yaml -o out
expect status 2 "$status"
grep -q "^key.yaml:$line:1: blindnig: .*'\?blinding'\?" stderr || fail "message: $(cat stderr)"
grep -q -E '^[0-9]+ mistakes?; nothing was written$' <(tail -n 1 stderr) || fail "closing line"
[ ! -e out ] || fail "something was written"

case_of "all mistakes at once"
sed -e 's/volume: 4 mL/volume: 4 mg/' -e 's/^seed: .*/seed: many/' small.yaml >two.yaml
run check two.yaml
expect status 2 "$status"
expect "closing line" "3 mistakes; nothing was written" "$(tail -n 1 stderr)"
expect "lines" 4 "$(wc -l <stderr)"

case_of "check of a valid study and a valid model"
run check small.yaml
expect status 0 "$status"
expect "standard error" "" "$(cat stderr)"
expect "last line" "small.yaml is valid" "$(tail -n 1 stdout)"
grep -q -E '^parameters +[0-9]+: [0-9]+ sourced, [0-9]+ assumed$' stdout || fail "parameters"
grep -q -E '^ +ha +20 people .*compared with saline$' stdout || fail "arms: $(cat stdout)"
run check "$ST_SOURCE_DIR/examples/care/study.yaml"
expect status 0 "$status"
grep -q -E '^arms +usual +400 people +usual care$' stdout || fail "usual care: $(cat stdout)"
grep -q -E '^candidacy +.*: 10 of 18 criteria asked' stdout || fail "candidacy: $(cat stdout)"
grep -q -E '^plan +Exercise, .*the median person does [0-9]+ % of it for 84 days' stdout || fail "plan"
grep -q -E '^ +days 0 to 84, .*: strength step by step to 128 % of one.s own \(assumed\)$' stdout || fail "phase"
grep -q -E '^beside +5 published values: 2 levels, 3 changes$' stdout || fail "beside"
for file in people/oai-symptomatic candidacy/knee-cells plans/exercise plans/weight-loss plans/after-injection; do
    run check "$ST_SOURCE_DIR/models/$file.yaml"
    expect "status of $file" 0 "$status"
done
run check "$ST_SOURCE_DIR/models/people/oai-symptomatic.yaml"
grep -q -E '^  age +6[0-9.]+ \([89][0-9.]*\) y$' stdout || fail "people: $(cat stdout)"
run check "$ST_SOURCE_DIR/examples/rescue/hypothetical.yaml"
grep -q -E '^rescue +vas_pain >= 55 vas from day 30 on, analgesic 1; readings after it count as missing' stdout || fail "rescue: $(cat stdout)"
run check "$ST_SOURCE_DIR/models/knee-oa.yaml"
expect status 0 "$status"
grep -q -E '^states +[0-9]+: [0-9]+ cell numbers' stdout || fail "states"
run check "$ST_SOURCE_DIR/models/knee-oa.yaml" --variant placebo-only
expect status 0 "$status"
grep -q '^variant  *placebo-only$' stdout || fail "variant"
run check "$ST_SOURCE_DIR/models/knee-oa.yaml" --variant placebo-onyl
expect status 2 "$status"
grep -q 'placebo-only' stderr || fail "the nearest variant is not named: $(cat stderr)"

case_of "a run in a pipe: JSON lines on standard error, the answer on standard output"
run run small.yaml -o out --threads 2
expect status 0 "$status"
number='[0-9.e+-]+'
progress="^\{\"event\":\"progress\",\"done\":[0-9]+,\"total\":([0-9]+),\"per_second\":$number(,\"seconds_left\":$number)?\}$"
head -n 1 stderr | grep -q -E '^\{"event":"start","study":"A small trial .*,"arms":2,"people":40,"months":3,"seed":20161\}$' ||
    fail "first line: $(head -n 1 stderr)"
tail -n 1 stderr | grep -q -E "^\{\"event\":\"done\",\"people\":[0-9]+,\"courses\":[0-9]+,\"failed\":0,\"seconds\":$number\}$" ||
    fail "last line: $(tail -n 1 stderr)"
sed '1d;$d' stderr >between
if grep -v -q -E "$progress" between; then fail "progress: $(cat between)"; fi
tail -n 1 between | grep -q -E '"done":([0-9]+),"total":\1,' || fail "the end was not told"

expect "last line" "report  out/report.html" "$(tail -n 1 stdout)"
for file in results.sqlite report.html tables; do
    [ -e "out/$file" ] || fail "out/$file is missing"
done

case_of "results are never written over without --force"
before=$(cksum <out/results.sqlite)
run run small.yaml -o out --seed 2
expect status 2 "$status"
grep -q -- '--force' stderr || fail "the message does not name --force: $(cat stderr)"
expect "closing line" "1 mistake; nothing was written" "$(tail -n 1 stderr)"
expect "results" "$before" "$(cksum <out/results.sqlite)"

case_of "-q says nothing, --force writes, one thread gives the same bytes"
run run small.yaml -o out/ --force -q --threads 1
expect status 0 "$status"
expect "standard output" "" "$(cat stdout)"
expect "standard error" "" "$(cat stderr)"
expect "results" "$before" "$(cksum <out/results.sqlite)"
run run small.yaml -o seed2 -q --seed 2
expect status 0 "$status"
[ "$before" != "$(cksum <seed2/results.sqlite)" ] || fail "another seed gave the same results"

case_of "-q still tells mistakes"
run run key.yaml -o other -q
expect status 2 "$status"
[ -s stderr ] || fail "a mistake was not told"

case_of "a place that cannot be written"
printf 'a file\n' >plain
run run small.yaml -o plain/out -q
expect status 4 "$status"
[ -s stderr ] || fail "no message"
if [ "$(id -u)" -ne 0 ]; then
    mkdir locked
    chmod a-w locked
    run run small.yaml -o locked/out -q
    expect status 4 "$status"
    grep -q 'locked' stderr || fail "the message does not name the place"
fi

case_of "standard output that cannot be written"
if [ -w /dev/full ]; then
    status=0
    "$STROMA" check small.yaml >/dev/full 2>stderr || status=$?
    expect_error 4 "stroma: could not write to standard output" </dev/null
fi

case_of "a reader that has enough"
status=0
{ "$STROMA" --help 2>stderr || echo "$?" >left; } | head -n 1 >/dev/null
expect "standard error" "" "$(cat stderr)"
for command in "describe $ST_SOURCE_DIR/models/knee-oa.yaml" "simulate $ST_SOURCE_DIR/models/knee-oa.yaml --until 9d"; do
    # shellcheck disable=SC2086 # words of a command
    { "$STROMA" $command 2>stderr || echo "$?" >left; } | head -c 10 >/dev/null
    expect "standard error of $command" "" "$(cat stderr)"
    expect "status of $command" 4 "$(cat left)"
    rm left
done

case_of "no models"
status=0
STROMA_MODELS=$folder "$STROMA" check small.yaml >stdout 2>stderr || status=$?
expect_error 4 "STROMA_MODELS: found no knee-oa.yaml in '$folder'"

case_of "bench measures cells, of which --cells says how many"
run bench cells --cells 300 --threads 1
expect status 0 "$status"
expect "standard error" "" "$(cat stderr)"
expect "columns" what,cells,workers "$(head -n 1 stdout | cut -d , -f 1-3)"
for row in "speeds from neighbours and walls" "a minute in steps of 0.1 min all awake" "a minute at rest"; do
    grep -q "^$row,[23][0-9][0-9],1," stdout || fail "bench cells: no row '$row' in $(cat stdout)"
done
run bench cells --cells 1e9
expect status 2 "$status"
run bench population --cells 300
expect_error 2 "stroma bench: --cells goes with cells, found 'population'; try stroma --help"

case_of "interrupted: 130, and nothing is left behind"
sed 's/n: 20,/n: 200000,/' small.yaml >large.yaml
for signal in INT TERM; do
    set -m # without job control a script's background jobs ignore SIGINT
    "$STROMA" run large.yaml -o stopped >stdout 2>stderr </dev/null &
    job=$!
    set +m
    for _ in $(seq 300); do # until people are under way
        grep -q progress stderr && break
        sleep 0.1
    done
    kill -s "$signal" "$job"
    status=0
    wait "$job" || status=$?
    expect "status after SIG$signal" 130 "$status"
    expect "closing line" "interrupted; nothing was written" "$(tail -n 1 stderr)"
    [ -z "$(ls -A stopped 2>/dev/null)" ] || fail "left behind: $(ls -A stopped)"
done

case_of "a terminal sees one redrawn line"
status=0
script -q -e -c "'$STROMA' run small.yaml -o terminal" /dev/null >screen </dev/null || status=$?
expect status 0 "$status"
tr '\r' '\n' <screen | grep -q -E 'people +#{4,}-* +[0-9 ]+/40 +[0-9 ]+/s' || fail "bar: $(cat screen)"
if grep -q '"event"' screen; then fail "JSON on a terminal"; fi

if [ "$failures" -gt 0 ]; then
    echo "$failures failures"
    exit 1
fi
