#!/usr/bin/env bash
# `stroma report`: page, tables, CDISC, figures, comparison and PDF from the store alone.
# ctest sets STROMA (the program) and ST_SOURCE_DIR.
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

expect() { # what, wanted, found
    [ "$2" = "$3" ] || fail "$1: expected '$2', found '$3'"
}

study=$ST_SOURCE_DIR/test/cli/small.yaml
"$STROMA" run "$study" -o a -q
"$STROMA" run "$study" -o b --seed 99 -q

echo "-- the page is made again from results.sqlite alone, with the same bytes"
cp a/report.html first.html
rm -r a/report.html a/tables
"$STROMA" report a >stdout
cmp first.html a/report.html || fail "the page differs"
grep -q '^report   a/report.html$' stdout || fail "the place of the page is not told"
expect "files in the folder" "report.html results.sqlite" "$(ls a | tr '\n' ' ' | sed 's/ $//')"

echo "-- -q says nothing"
expect "standard output" "" "$("$STROMA" report a -q 2>&1)"

echo "-- tables and CDISC: every row is marked as simulated"
"$STROMA" report a --tables t -q
for name in ts adsl adqs adae adtte; do
    [ -s "t/$name.csv" ] || fail "$name.csv is missing"
    tail -n +2 "t/$name.csv" | grep -v '^SIM-[0-9A-F]*,' && fail "$name.csv: a row without SIM-"
    tail -n +2 "t/$name.csv" | tr -d '\r' | grep -v ',Y$' && fail "$name.csv: a row without SIMFL"
done
grep -q 'SIMNOTE,Simulated,All records are simulated' t/ts.csv || fail "TS does not say so"
grep -q 'SIMSEED' t/ts.csv || fail "TS has no seed"
expect "header of ADSL" STUDYID,USUBJID,SUBJID,SITEID,ARM,ACTARM \
    "$(head -n 1 t/adsl.csv | cut -d, -f1-6)"
expect "people in ADSL" "$(tail -n +2 t/people.csv | wc -l)" "$(tail -n +2 t/adsl.csv | wc -l)"
if command -v sqlite3 >/dev/null 2>&1; then
    ask() { sqlite3 -readonly a/results.sqlite "$1"; }
    expect "readings in ADQS" "$(ask 'SELECT count(*) FROM reading WHERE measured NOT NULL')" \
        "$(tail -n +2 t/adqs.csv | wc -l)"
    expect "events in ADAE" "$(ask 'SELECT sum(count_people) FROM event')" \
        "$(tail -n +2 t/adae.csv | wc -l)"
    expect "first improvements in ADTTE" \
        "$(ask "SELECT sum(event_people) FROM response r JOIN instrument i USING (measure)
             WHERE i.name = (SELECT value FROM about WHERE key = 'primary_measure')")" \
        "$(grep 'TTIMP' t/adtte.csv | grep -c 'READING WITH AN IMPORTANT CHANGE')"
    expect "discontinuations in ADTTE" \
        "$(ask "SELECT count(*) FROM person WHERE left_reason <> ''")" \
        "$(grep 'TTDISC' t/adtte.csv | grep -vc 'END OF STUDY')"
    sqlite3 -bail -readonly a/results.sqlite <"$ST_SOURCE_DIR/examples/queries.sql" >answers 2>stderr ||
        fail "examples/queries.sql: $(cat stderr)"
    [ "$(wc -l <answers)" -gt 10 ] || fail "examples/queries.sql has hardly any answers"
fi

echo "-- figures: whole SVG files, as many as the page has"
"$STROMA" report a --figures f >stdout
count=$(ls f | wc -l)
expect "figures" "$(grep -o '<figure id=' a/report.html | wc -l)" "$count"
grep -q "^figures  f ($count files)$" stdout || fail "their number is not told"
if command -v python3 >/dev/null 2>&1; then
    python3 - f <<'PY' || fail "a figure is no XML"
import pathlib, sys, xml.etree.ElementTree as tree
for path in pathlib.Path(sys.argv[1]).iterdir():
    root = tree.parse(path).getroot()
    marks = [e for e in root.iter() if e.tag.endswith(("path", "circle", "rect"))]
    assert len(marks) > 3 and "var(" not in path.read_text(), path
PY
fi

echo "-- two runs side by side"
"$STROMA" report a --compare b -q
grep -q 'Two runs side by side' a/compare.html || fail "no comparison"
grep -q '<th scope="row">seed</th>' a/compare.html || fail "the seeds are not set side by side"
grep -q 'id="figure-a-main"' a/compare.html && grep -q 'id="figure-b-main"' a/compare.html ||
    fail "a main figure is missing"
grep -q 'All values that went in are the same' a/compare.html || fail "values should be the same"
grep -q 'All files that went in are the same' a/compare.html || fail "files should be the same"
sed 's/^study:.*/study: Another/' "$study" >small.yaml
"$STROMA" run small.yaml -o c -q
"$STROMA" report a --compare c -q
grep -q '<th scope="row">small.yaml</th><td>study</td><td>another text</td>' a/compare.html ||
    fail "the file that differs is not told"
ids=$(grep -o ' id="[^"]*"' a/compare.html | sort | uniq -d)
expect "ids that return" "" "$ids"

echo "-- mistakes"
status=0
"$STROMA" report nowhere >stdout 2>stderr || status=$?
expect "status without a result" 4 "$status"
expect "nothing on standard output" "" "$(cat stdout)"
status=0
"$STROMA" report a --compare nowhere >stdout 2>stderr || status=$?
expect "status without the other" 4 "$status"
status=0
"$STROMA" report a --pfd x 2>stderr || status=$?
expect "status of a typing mistake" 2 "$status"
grep -q "did you mean '--pdf'?" stderr || fail "no hint: $(cat stderr)"

echo "-- PDF, where there is a Chromium; a clear message where there is none"
status=0
PATH=/nowhere "$STROMA" report a --pdf x.pdf -q 2>stderr || status=$?
expect "status without Chromium" 4 "$status"
grep -q 'found no Chromium' stderr || fail "message: $(cat stderr)"
if command -v chromium >/dev/null 2>&1; then
    "$STROMA" report a --pdf x.pdf -q
    expect "the PDF's first bytes" "%PDF" "$(head -c 4 x.pdf)"
fi

echo "-- the script of the page is the one that its policy names by hash"
if command -v python3 >/dev/null 2>&1; then
    python3 "$ST_SOURCE_DIR/tools/bundle_report.py" --check || fail "the bundle is not up to date"
    python3 - a/report.html <<'PY' || fail "the hash in the policy is not that of the script"
import base64, hashlib, re, sys
page = open(sys.argv[1], encoding="utf-8").read()
script = re.search(r"<script>(.*?)</script>", page, re.S).group(1)
named = re.search(r"script-src '(sha256-[^']*)'", page).group(1)
assert named == "sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
PY
fi
(cd "$ST_SOURCE_DIR/extern/uPlot" && grep -o '^| [A-Za-z.]* | [0-9a-f]\{64\}' README.md |
    sed 's/^| \([^ ]*\) | /\1 /' | while read -r name sum; do echo "$sum  $name"; done |
    sha256sum --check --quiet) || fail "vendored files differ from their hashes"

[ "$failures" -eq 0 ]
