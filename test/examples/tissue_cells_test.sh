#!/usr/bin/env bash
# The scenes with single cells, each cut down to a test's size, against what they are there to show.
set -euo pipefail
work=$(mktemp -d "$ST_BUILD_DIR/scenes_XXXXXX")
trap 'rm -rf "$work"' EXIT
cp -r "$ST_SOURCE_DIR"/examples/tissue-{spheroid,defect,tendon,disc,sheet} "$work/"

value() { # FILE COLUMN ROW: a cell of a table by its head; row 0 = the last
    awk -F, -v head="$2" -v row="$3" '
        { gsub(/\r/, "") }
        NR == 1 { for (i = 1; i <= NF; i++) if ($i == head) c = i; if (!c) exit 3 }
        NR == row + 1 && row > 0 { print $c; found = 1 }
        { last = $c }
        END { if (row == 0) print last; else if (!found) exit 3 }' "$1"
}
holds() { # an awk comparison
    awk "BEGIN { exit !($1) }" || { echo "does not hold: $1 ($2)"; exit 1; }
}

# A defect of 10 mm x 2 mm, as a column of 0.2 mm x 0.2 mm x 1 mm: after 18 months the matrix of a filling with
# chondrocytes is made; MSC alone are never ahead of chondrocytes, both together are within the first year.
for fill in msc chondrocytes both; do
    sed -i 's/0\.4 mm, 0\.4 mm, 2 mm/0.2 mm, 0.2 mm, 1 mm/; s/vtk: true/vtk: false/; s/1 day/2 day/g' "$work/tissue-defect/$fill.yaml"
    "$STROMA" run "$work/tissue-defect/$fill.yaml" -o "$work/$fill" --quiet
done
for month in 3 6 9 12 15 18; do
    row=$((month + 1))
    alone=$(value "$work/chondrocytes/fields.csv" cartilage_gel $row)
    msc=$(value "$work/msc/fields.csv" cartilage_gel $row)
    both=$(value "$work/both/fields.csv" cartilage_gel $row)
    echo "defect, month $month: MSC $msc, chondrocytes $alone, both $both"
    holds "$msc <= $alone" "MSC alone are no faster"
done
holds "$(value "$work/chondrocytes/fields.csv" cartilage_gel 19) > 0.9" "matures in 18 months"
holds "$(value "$work/chondrocytes/fields.csv" cartilage_gel 7) < 0.75" "not much sooner"
for month in 5 7; do
    holds "$(value "$work/both/fields.csv" cartilage_gel $month) > $(value "$work/chondrocytes/fields.csv" cartilage_gel $month)" "both are faster within year 1"
done
holds "$(wc -l < "$work/both/profile.csv") == 191" "a profile of 10 slices at 19 times"

# Disc: fed, all live; poor, the middle dies and the rims live.
for disc in fed poor; do
    "$STROMA" run "$work/tissue-disc/$disc.yaml" -o "$work/$disc" --quiet
done
holds "$(value "$work/fed/cells.csv" cells 0) > 0.98 * 6400" "a fed disc lives"
holds "$(value "$work/poor/cells.csv" cells 0) < 0.9 * 6400" "a poor disc does not"
awk -F, '$1 == 20 { sum[$2 < 2500 || $2 >= 7500] += $5 } END { exit !(sum[1] > 1.2 * sum[0]) }' "$work/poor/profile.csv" ||
    { echo "the poor disc does not die in its middle"; exit 1; }

# Tendon: cells spread along the fibres; usual load keeps collagen, rest loses it.
for load in loaded resting; do
    "$STROMA" run "$work/tissue-tendon/$load.yaml" -o "$work/$load" --quiet
done
loaded=$(value "$work/loaded/fields.csv" collagen_bundle 0)
resting=$(value "$work/resting/fields.csv" collagen_bundle 0)
echo "tendon after 28 days: collagen $loaded under load, $resting at rest"
holds "$loaded > 0.695 && $loaded < 0.705" "usual load keeps 70 %"
holds "$resting < $loaded - 0.02" "rest loses collagen"

# Cartilage under the built-in knee: with 43 mmHg in the fluid the deepest cells have more than 1 % O2 (10 uM).
sed -i 's/-24 mm, -2 mm, -1 mm/-23 mm, -1 mm, -1 mm/; s/-20 mm, 2 mm, 5 mm/-21 mm, 1 mm, 5 mm/; s/vtk: true/vtk: false/' "$work/tissue-sheet/tissue.yaml"
"$STROMA" run "$work/tissue-sheet/tissue.yaml" -o "$work/sheet" --quiet
lowest=$(value "$work/sheet/fields.csv" oxygen_lowest_M 0)
echo "cartilage: $(value "$work/sheet/cells.csv" cells 0) chondrocytes, lowest oxygen $lowest M"
holds "$lowest > 10e-6 && $lowest < 40e-6" "oxygen in the depth"

# Spheroid, one day: it grows, oxygen falls in its middle; the same bytes for one and three threads.
sed -i 's/until: 8 day, every: 1 day/until: 12 h, every: 12 h/' "$work/tissue-spheroid/tissue.yaml"
"$STROMA" run "$work/tissue-spheroid/tissue.yaml" -o "$work/ball" --quiet --threads 1
"$STROMA" run "$work/tissue-spheroid/tissue.yaml" -o "$work/ball3" --quiet --threads 3
for file in cells.csv fields.csv about.csv values.csv cells_000001.vtu cells_000001.svg report.html; do
    cmp "$work/ball/$file" "$work/ball3/$file"
done
holds "$(value "$work/ball/cells.csv" births 0) > 300" "the spheroid grows"
holds "$(value "$work/ball/fields.csv" oxygen_lowest_M 0) < 1e-5" "oxygen ends in the core"
balance=$(value "$work/ball/fields.csv" oxygen_balance_error 0)
echo "spheroid: balance of the steady oxygen $balance"
holds "$(value "$work/ball/fields.csv" oxygen_balance_error 1 | grep -c .) == 0" "nothing was solved at the start"
holds "$balance < 1e-5 && $balance > -1e-5 && $balance != 0" "what comes in is what cells take"
grep -q "msc@gel: " "$work/ball/cells_000001.svg"

# The page tells the counts of the table, shows both stills, and is made again from the tables with the same bytes.
page=$work/ball/report.html
cells=$(value "$work/ball/cells.csv" cells 0 | sed ':a; s/\([0-9]\)\([0-9]\{3\}\)\($\|\xe2\)/\1\xe2\x80\xaf\2\3/; ta')
grep -q "to <strong>$cells</strong> cells" "$page" || { echo "the page does not say $cells cells"; exit 1; }
[ "$(grep -o 'class="still"' "$page" | wc -l)" -eq 4 ] || { echo "two stills, two slices"; exit 1; }
grep -q 'of its values are assumed' "$page"
if grep -E -q '>-?nan|>inf|src="http|summary.html' "$page"; then exit 1; fi
cp "$page" "$work/page.html"
"$STROMA" report "$work/ball" -q
cmp "$work/page.html" "$page"
if "$STROMA" report "$work/ball" --tables "$work/t" 2> "$work/error"; then exit 1; fi
grep -q "holds a tissue run, found --tables" "$work/error"
grep -q 'id="depth"' "$work/both/report.html" && ! grep -q 'id="depth"' "$page"

# A run that is killed again and again, and started again on the same folder, ends with the same bytes.
sed -i 's/every: 7 day/every: 2 day/' "$work/tissue-tendon/loaded.yaml"
"$STROMA" run "$work/tissue-tendon/loaded.yaml" -o "$work/whole" --quiet
for seconds in 0.15 0.2 0.3; do
    timeout -s KILL "$seconds" "$STROMA" run "$work/tissue-tendon/loaded.yaml" -o "$work/killed" --quiet 2> /dev/null || true
done
if [ ! -e "$work/killed/report.html" ] || [ -e "$work/killed/run.sqlite.part" ]; then
    "$STROMA" run "$work/tissue-tendon/loaded.yaml" -o "$work/killed" --quiet
fi
diff -r -x '*.tmp' -x 'run.sqlite.part*' "$work/whole" "$work/killed"

# A wall to a bath that is a place of the model follows that place's course: x in the fluid rises from 1 to 3 uM in a day.
cat > "$work/bath.model.yaml" <<'YAML'
model: A drop in a bath
places: { gel: { volume: { value: 1e-6 mL, assumed: any } }, fluid: { volume: { value: 1 mL, assumed: any } } }
substrates: { x: { in: { gel: 0, fluid: { value: 1 uM, assumed: any } } } }
cells: { c: { in: { gel: 0 } } }
YAML
cat > "$work/bath.yaml" <<'YAML'
tissue: A drop in a bath
model: bath.model.yaml
box: { from: [0 um, 0 um, 0 um], to: [200 um, 200 um, 200 um], voxel: 20 um }
media: { gel: { place: gel }, fluid: { bath: true, place: fluid } }
geometry:
  - { medium: fluid, box: { from: [0 um, 0 um, 0 um], to: [200 um, 200 um, 200 um] } }
  - { medium: gel, ball: { at: [100 um, 100 um, 100 um], radius: 60 um } }
fields:
  x:
    in: { gel: { diffusivity: { value: 1e-10 m2/s, assumed: any } } }
    boundaries: [ { at: fluid, kind: fixed, level: { value: 0 uM, assumed: "the course holds" } } ]
cells: { steps: { field: 1 h }, course: bath.csv, place: [ { cell: c@gel, number: 3 } ] }
run: { until: 36 h, every: 12 h }
YAML
printf 'day,x@fluid\r\n0,1\r\n1,3\r\n' > "$work/bath.csv"
"$STROMA" run "$work/bath.yaml" -o "$work/bath" --quiet
holds "$(value "$work/bath/fields.csv" x_gel_M 2) > 1.9e-6 && $(value "$work/bath/fields.csv" x_gel_M 2) < 2.01e-6" "half way at noon"
holds "$(value "$work/bath/fields.csv" x_gel_M 4) > 2.99e-6 && $(value "$work/bath/fields.csv" x_gel_M 4) < 3.01e-6" "and there it stays"

# Mistakes in the file are told with their place, and what cannot be is refused with numbers.
sed 's/cell: msc@gel/cell: mcs@gel/' "$work/tissue-spheroid/tissue.yaml" > "$work/tissue-spheroid/wrong.yaml"
if "$STROMA" check "$work/tissue-spheroid/wrong.yaml" 2> "$work/error"; then exit 1; fi
grep -q "wrong.yaml:.*found 'mcs@gel'" "$work/error"
sed 's/mechanics: 30 min/mechanics: 45 min/' "$work/tissue-spheroid/tissue.yaml" > "$work/tissue-spheroid/wrong.yaml"
if "$STROMA" check "$work/tissue-spheroid/wrong.yaml" 2> "$work/error"; then exit 1; fi
grep -q "a whole multiple of 30 min" "$work/error"
sed 's/reach: 40 um/reach: 40 um\n  limit: 5000/' "$work/tissue-spheroid/tissue.yaml" > "$work/tissue-spheroid/wrong.yaml"
if "$STROMA" check "$work/tissue-spheroid/wrong.yaml" 2> "$work/error"; then exit 1; fi
grep -q "5000" "$work/error"
sed 's/persistence: { value: 8 h/persistence: { value: 10 s/' "$work/tissue-tendon/loaded.yaml" > "$work/tissue-tendon/wrong.yaml"
if "$STROMA" check "$work/tissue-tendon/wrong.yaml" 2> "$work/error"; then exit 1; fi
grep -q "about 1440 times in one mechanics step of 240 min, expected at most 1000" "$work/error"
cp "$work/tissue-spheroid/model.yaml" "$work/tissue-spheroid/kept.yaml"
sed -i 's/^\( *\)consume.oxygen:/\1adhere: { value: 0.3 um\/min, assumed: "a test" }\n&/' "$work/tissue-spheroid/model.yaml"
if "$STROMA" check "$work/tissue-spheroid/tissue.yaml" 2> "$work/error"; then exit 1; fi
grep -q "found .adhesion., which the model says as .adhere. of msc@gel" "$work/error"
sed '/^ *adhesion:/d' "$work/tissue-spheroid/tissue.yaml" > "$work/tissue-spheroid/once.yaml"
"$STROMA" check "$work/tissue-spheroid/once.yaml" > /dev/null
mv "$work/tissue-spheroid/kept.yaml" "$work/tissue-spheroid/model.yaml"
