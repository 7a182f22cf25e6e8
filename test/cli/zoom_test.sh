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
blinding: open
visits: 0, 1 months
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
# From its own files the piece comes out the same.
"$STROMA" run "$work/one/tissue.yaml" -o "$work/again" --quiet
cmp "$work/one/cells.csv" "$work/again/cells.csv"
if "$STROMA" zoom "$work/run" --patient 999999 -o "$work/none" 2> "$work/error"; then exit 1; fi
grep -q "has no person 999999" "$work/error"
if "$STROMA" zoom "$work/run" -o "$work/none" 2> "$work/error"; then exit 1; fi
grep -q -- "--patient" "$work/error"
if "$STROMA" zoom "$work/run" --patient "$patient" --set place=moon -o "$work/none" 2> "$work/error"; then exit 1; fi
grep -q "no such place" "$work/error"
echo "zoom: patient $patient, $(tail -1 "$work/one/cells.csv" | cut -d, -f2) cells"
