#!/usr/bin/env bash
# stroma zoom: a trial patient's synovium cell by cell stays with that joint's own course, is the same
# for any number of threads, and can be run again from its own files. Who is not in the run is refused.
set -euo pipefail
work=$(mktemp -d "$ST_BUILD_DIR/zoom_XXXXXX")
trap 'rm -rf "$work"' EXIT
cat > "$work/study.yaml" <<'YAML'
study: A few people to look at closely
model: knee-oa
people: { from: oai-symptomatic, entry: { vas_pain: ">= 30 vas" } }
arms:
  saline: { inject: { product: saline, volume: 4 mL, guided_by: ultrasound }, twin_of: everyone }
  cells:
    n: 12
    pathway:
      - harvest: { source: marrow, site: posterior crest, draws: 8 x 5 mL, syringe: 10 mL, anaesthesia: local }
      - expand: { until: 1e8 cells, medium: platelet lysate, oxygen: 5 %, tries: 3 }
      - inject: { carrier: hyaluronic-acid-hmw, volume: 4 mL, needle: 21 G, guided_by: ultrasound }
    repeat: { when: { vas_pain: ">= 0 vas" }, after: 2 day, at_most: 1 }
blinding: open
visits: 0, 0.1, 1 months
measure: [vas_pain]
primary: { change: vas_pain, at: 1 months, versus: saline, analysis: ancova }
influence: off
seed: 77
YAML
"$STROMA" run "$work/study.yaml" -o "$work/run" --quiet
patient=$(awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == "person") c = i } NR == 2 { print $c }' "$work/run/tables/people.csv")
"$STROMA" zoom "$work/run" --patient "$patient" --until 6d --threads 1 -o "$work/one" > "$work/said"
"$STROMA" zoom "$work/run" --patient "$patient" --until 6d --threads 3 -o "$work/three" --quiet
cmp "$work/one/cells.csv" "$work/three/cells.csv"
cmp "$work/one/about.csv" "$work/three/about.csv"
cmp "$work/one/cells_000006.vtu" "$work/three/cells_000006.vtu"
grep -q "6 days of a cube of 1000 um of synovium" "$work/said"
# Every kind of cell after six days: within four standard errors of a count and 2 % of the course.
awk -F, '
    FNR == 1 && FILENAME ~ /expected/ { for (i = 2; i <= NF; i++) { gsub(/\r/, "", $i); name[i] = $i } next }
    FILENAME ~ /expected/ { if ($1 == 6) for (i = 2; i <= NF; i++) want[name[i]] = $i + 0; next }
    FNR == 1 { for (i = 1; i <= NF; i++) column[$i] = i; next }
    $1 == 6 {
        for (n in want) {
            got = $column[n]; off = got - want[n]; if (off < 0) off = -off
            if (off > 4 * sqrt(want[n]) + 0.02 * want[n] + 1) { print n, got, want[n]; bad = 1 }
            seen++
        }
    }
    END { exit bad || seen < 5 }' "$work/one/expected.csv" "$work/one/cells.csv"
# What was given later in the trial is in the course: a second injection after three days brings cells in again.
awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) { gsub(/\r/, "", $i); if ($i == "msc_suspended@fluid") c = i } }
    $1 == 3 { before = $c } $1 == 4 { after = $c } END { exit !(c && after > 3 * before + 1000) }' "$work/one/course.csv"
grep -q '^later_repeat,3\.04[0-9]*,day' "$work/one/zoom.csv"
grep -q '^later   repeat on day 3.04' "$work/said"
# The page: expected beside counted, whose tissue it is, what is left out.
for text in 'id="joint"' "Person $patient of the trial" 'repeat on day 3.04' 'What is left out' 'class="still"'; do
    grep -q "$text" "$work/one/report.html" || { echo "the page lacks: $text"; exit 1; }
done
cmp "$work/one/report.html" "$work/three/report.html"
# From its own files the piece comes out the same.
"$STROMA" run "$work/one/tissue.yaml" -o "$work/again" --quiet
cmp "$work/one/cells.csv" "$work/again/cells.csv"
# The command that it names makes the same folder again.
cp -r "$work/one" "$work/kept"
eval "$(sed -n 's/^again *stroma/"$STROMA"/p' "$work/said") --quiet"
diff -r "$work/kept" "$work/one"
# A result is not written over; the same person under saline stands beside on the page of the trial.
if "$STROMA" zoom "$work/run" --patient "$patient" -o "$work/one" 2> "$work/error"; then exit 1; fi
grep -q -- "--force" "$work/error"
cp "$work/run/report.html" "$work/before.html"
"$STROMA" report "$work/run" --quiet
cmp "$work/before.html" "$work/run/report.html" # without a zoom nothing changes
"$STROMA" zoom "$work/run" --patient "$patient" --until 90d --set edge=500um > "$work/said"
awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) cell[i] = $i ~ /^(msc|macrophage|fibroblast)/ }
    NR > 1 { for (i in cell) if (cell[i] && $i < 0) { print "a negative number of cells:", $0; exit 1 } }' "$work/run/zoom-$patient/course.csv"
grep -q "^control stroma zoom $work/run --patient $patient --set arm=saline" "$work/said"
"$STROMA" zoom "$work/run" --patient "$patient" --until 2d --set arm=saline --quiet
awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) { gsub(/\r/, "", $i); if ($i == "msc_suspended@fluid") c = i } }
    NR > 1 && $c != 0 { bad = 1 } END { exit bad || !c }' "$work/run/zoom-$patient-saline/course.csv"
"$STROMA" report "$work/run" --quiet
for text in 'id="zoom"' "href=\"zoom-$patient/report.html\"" "href=\"zoom-$patient-saline/report.html\"" "arm saline (twin)"; do
    grep -q "$text" "$work/run/report.html" || { echo "the trial's page lacks: $text"; exit 1; }
done
if "$STROMA" zoom "$work/run" --patient 999999 -o "$work/none" 2> "$work/error"; then exit 1; fi
grep -q "has no person 999999" "$work/error"
if "$STROMA" zoom "$work/run" -o "$work/none" 2> "$work/error"; then exit 1; fi
grep -q -- "--patient" "$work/error"
if "$STROMA" zoom "$work/run" --patient "$patient" --set place=moon -o "$work/none" 2> "$work/error"; then exit 1; fi
grep -q "no such place" "$work/error"
grep -q "allowed: synovium, " "$work/error"
if "$STROMA" zoom "$work/run" --patient "$patient" --set arm=moon -o "$work/none" 2> "$work/error"; then exit 1; fi
grep -q "is in cells; allowed: saline, cells" "$work/error"
# Inputs of the model follow time inside the piece: load and activity by a plan of care, inflammation fourfold by
# what a visit sets off; one plan lies beside the study, one is shipped. Each change has its row, and from then on recruitment in the piece is that of the joint.
cp "$ST_SOURCE_DIR/models/plans/after-injection.yaml" "$work/rest.yaml"
sed 's/^    repeat:.*/    plan: [.\/rest.yaml, exercise]/; s/^influence: off/&\nrescue: { when: { vas_pain: ">= 0 vas" }, after: 2 day, set: { inflammation: 4 }, estimand: treatment policy }/' \
    "$work/study.yaml" > "$work/flare.yaml"
"$STROMA" run "$work/flare.yaml" -o "$work/flare" --quiet
who=$(awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == "person") c = i } NR == 2 { print $c }' "$work/flare/tables/people.csv")
for threads in 1 2 3; do
    "$STROMA" zoom "$work/flare" --patient "$who" --until 8d --threads $threads -o "$work/flare$threads" --quiet
    diff -r "$work/flare1" "$work/flare$threads"
done
tr -d '\r' < "$work/flare1/person.csv" > "$work/person.csv"
tr -d '\r' < "$work/flare1/course.csv" | awk -F, -v day="$(sed -n 's/^later_rescue,\(.*\),day.*/\1/p' "$work/flare1/zoom.csv")" '
    FILENAME ~ /person/ { person[$1] = $2; next }
    FNR == 1 { for (i = 1; i <= NF; i++) column[$i] = i; next }
    {
        flare = $column["inflammation"]; load = $column["load"]; activity = $column["activity"]
        if (flare != ($1 > day - 1e-6 ? 4 : person["inflammation"])) { print "inflammation", flare, "on day", $1; bad = 1 }
        if ($1 < 3 ? load >= person["load"] : load != person["load"]) { print "load", load, "on day", $1; bad = 1 }
        if (activity >= person["activity"] || ($1 > 0 && activity != before && $1 != 3)) { print "activity", activity, "on day", $1; bad = 1 }
        at_change += $1 > day - 1e-6 && $1 < day + 1e-6
        before = activity
    }
    END { exit bad || !at_change || "bmi" in column || !(day > 3) }' "$work/person.csv" -
awk -F, '
    { gsub(/\r/, "") }
    FNR == 1 && FILENAME ~ /expected/ { for (i = 2; i <= NF; i++) name[i] = $i; next }
    FILENAME ~ /expected/ { for (i = 2; i <= NF; i++) want[$1, name[i]] = $i + 0; next }
    FNR == 1 { for (i = 1; i <= NF; i++) column[$i] = i; next }
    $1 == 3 { quiet = $column["macrophage_m0@synovium"] }
    $1 == 3 || $1 == 4 || $1 == 6 || $1 == 8 {
        for (i in name) {
            got = $column[name[i]]; say = want[$1, name[i]]; off = got - say; if (off < 0) off = -off
            if (off > 4 * sqrt(say) + 0.02 * say + 1) { print "day", $1, name[i], got, say; bad = 1 }
            seen++
        }
    }
    $1 == 8 { flare = $column["macrophage_m0@synovium"] }
    END { print "zoom: macrophages M0", quiet, "on day 3,", flare, "on day 8"; exit bad || seen < 20 || flare < 2 * quiet }' \
    "$work/flare1/expected.csv" "$work/flare1/cells.csv"
if "$STROMA" zoom "$work/flare" --patient "$who" --set place=fluid -o "$work/none" 2> "$work/error"; then exit 1; fi
grep -q "place=fluid: with what is given to person $who its volume is .* mL from day 3.044 on; a piece has one volume" "$work/error"
[ ! -e "$work/none" ]
# Killed on the way and started again: the same bytes.
for seconds in 0.15 0.25 0.35; do
    timeout -s KILL "$seconds" "$STROMA" run "$work/flare1/tissue.yaml" -o "$work/killed" --quiet 2> /dev/null || true
done
if [ ! -e "$work/killed/about.csv" ] || [ -e "$work/killed/run.sqlite.part" ]; then
    "$STROMA" run "$work/flare1/tissue.yaml" -o "$work/killed" --quiet
fi
cmp "$work/flare1/cells.csv" "$work/killed/cells.csv"
cmp "$work/flare1/about.csv" "$work/killed/about.csv"
# A full disk: status 4, the file's name, and the folder for a while is gone.
mkdir "$work/tmp"
status=0
(
    trap '' XFSZ
    ulimit -f 16
    TMPDIR=$work/tmp exec "$STROMA" zoom "$work/run" --patient "$patient" -o "$work/none"
) 2> "$work/error" || status=$?
[ "$status" -eq 4 ] && grep -q "^$work/tmp/stroma-zoom-.*: cannot write: " "$work/error"
[ -z "$(ls "$work/tmp")" ]
[ ! -e "$work/none" ] # nothing was written
echo "zoom: patient $patient, $(tail -1 "$work/one/cells.csv" | cut -d, -f2) cells"
