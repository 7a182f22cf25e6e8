#!/usr/bin/env bash
# Mistakes in tissue files, and what is asked wrongly of run, check, report and zoom: one clear line with its place,
# the documented status, and no folder left behind.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$ST_SOURCE_DIR"/examples/tissue-spheroid/*.yaml "$work"
cd "$work"
unset STROMA_MODELS
failures=0

fail() {
    echo "FAILED: $*"
    failures=$((failures + 1))
}

# A change of the file, and the line that must come; x.yaml stands for the file.
mistake() {
    local status=0
    sed "$1" tissue.yaml >x.yaml
    ! cmp -s tissue.yaml x.yaml || fail "'$1' changes nothing"
    "$STROMA" run x.yaml -o made/out -q >stdout 2>stderr || status=$?
    [ "$status" -eq 2 ] || fail "'$1': status $status"
    [ "$(head -n 1 stderr)" = "$2" ] || fail "'$1': found    $(head -n 1 stderr)"
    [ ! -e made ] || fail "'$1' left a folder"
    rm -rf made
}

mistake 's/cell: msc@gel/cell: mcs@gel/' \
    "x.yaml:39:15: cells.place[0].cell: found 'mcs@gel', expected a state of cells such as msc@gel"
mistake 's/number: 6000/number: 6e9/' \
    "x.yaml:39:32: cells.place[0].number: found '6e9', expected a whole number from 0 to 2147483648"
mistake 's/number: 6000, ball/ball/' \
    "x.yaml:39:7: cells.place[0]: found neither, expected one of \`number\` and \`density\`"
mistake 's/number: 6000/numbr: 3/' \
    "x.yaml:39:24: cells.place[0].numbr: unknown key; did you mean 'number'?"
mistake 's/radius: 180 um/radius: 180 uM/' \
    "x.yaml:39:78: cells.place[0].ball.radius: found '180 uM' (concentration), expected a length such as '4 um'; did you mean '180 um'?"
mistake 's/at: \[0 um, 0 um, 0 um\], radius/at: [9 mm, 0 um, 0 um], radius/' \
    "x.yaml:39:7: cells.place[0]: agents: 100000 places drawn at random for msc@gel lie outside the shape or its medium"
mistake 's/reach: 40 um/reach: 40 um\n  limit: 5000/' \
    "x.yaml:40:7: cells.place[0]: cells: 6000 cells, at most 5000 (cell_limit)"
mistake 's/mechanics: 30 min/mechanics: 45 min/' \
    "x.yaml:27:38: cells.steps.mechanics: found 45 min, expected a whole multiple of 30 min"
mistake 's/until: 8 day/until: 8.01 day/' \
    "x.yaml:40:15: run.until: found 11534.4 min, 384.48 field steps; expected a whole number of 30 min"
mistake 's/every: 1 day/every: 7 min/' \
    "x.yaml:40:29: run.every: found 7 min, 0.233333 field steps; expected a whole number of 30 min"
mistake 's/number: 6000,/number: 6000, at: 45 min,/' \
    "x.yaml:39:42: cells.place[0].at: found 45 min, 1.5 field steps; expected a whole number of 30 min"
mistake 's/gel: { place: gel }/gel: { place: joint }/' \
    "x.yaml:10:17: media.gel.place: found 'joint', expected one of gel"
mistake 's/    dead:/    deadd:/' \
    "x.yaml:35:5: cells.types.deadd: found 'deadd', expected a cell type of the model: msc, dead"
mistake '0,/assumed: "MSC/s/assumed: "MSC/asumed: "MSC/' \
    "x.yaml:31:33: cells.types.msc.diameter.asumed: unknown key; did you mean 'assumed'?"
mistake 's/field: oxygen, across/field: oxigen, across/' \
    "x.yaml:44:16: output.slices[0].field: found 'oxigen', expected a name from \`fields\`, or media"
mistake 's/reach: 40 um/reach: 40 um\n  profile: { along: w, bins: 3 }/' \
    "x.yaml:29:21: cells.profile.along: found 'w', expected one of x, y, z"

# A course: its columns are the day, states and inputs of the model; signals of single cells are not given from outside.
cp model.yaml kept.yaml
sed -i 's/^model:.*/&\ninputs: { load: { start: 1 } }/' model.yaml
sed -i 's/^\( *\)consume.oxygen:/\1die: { value: "[0.1 1\/day] * load", assumed: "a test" }\n&/' model.yaml
course() { # the table, and the line that must come
    printf "$1" >course.csv
    mistake 's/reach: 40 um/reach: 40 um\n  course: course.csv/' "x.yaml:29:11: cells.course: $2"
}
course 'day,laod\r\n0,1\r\n' \
    "course.csv: column 2: found 'laod', expected day, a state or an input of the model; did you mean 'load'?"
course 'day,load,cell.pressure\r\n0,1,1\r\n' \
    "course.csv: column 3: found 'cell.pressure', expected day, a state or an input of the model"
course 'day,load\r\n0,1\r\n,2\r\n' "course.csv:3: found no day"
course 'load\r\n1\r\n' "course.csv: expected a column day and at least one row"
mv kept.yaml model.yaml

# What only shows itself on the way is a failed run, whose tables stay.
sed 's/reach: 40 um/reach: 40 um\n  limit: 6100/; s/until: 8 day, every: 1 day/until: 4 h, every: 30 min/' tissue.yaml >x.yaml
status=0
"$STROMA" run x.yaml -o late -q 2>stderr || status=$?
[ "$status" -eq 3 ] || fail "too many cells on the way: status $status"
grep -q '^cells: 61[0-9]* cells, at most 6100 (cell_limit)$' stderr || fail "too many cells: $(cat stderr)"
grep -q '^stopped after 0.0[0-9]* days; the tables up to then are in late$' stderr || fail "where it stopped: $(cat stderr)"
[ -s late/cells.csv ] || fail "the tables of a failed run"

refuse() { # status, the line, words
    local status=0
    "$STROMA" "${@:3}" >stdout 2>stderr || status=$?
    [ "$status" -eq "$1" ] || fail "${*:3}: status $status"
    [ "$(head -n 1 stderr)" = "$2" ] || fail "${*:3}: found    $(head -n 1 stderr)"
}
refuse 2 "--seed: is for studies; a tissue file has its own \`seed\` under \`cells\` and runs whole" run tissue.yaml -o s --seed 3
refuse 2 "--shard: is for studies; a tissue file has its own \`seed\` under \`cells\` and runs whole" run tissue.yaml -o s --shard 1/2
refuse 2 "--variant: is for models; tissue.yaml is a tissue file" check tissue.yaml --variant x
refuse 4 "tissue.yaml: cannot make the folder: a file is there" run tissue.yaml -o tissue.yaml/out
refuse 4 "late: holds no finished run: found neither results.sqlite (a study) nor about.csv beside fields.csv (a tissue)" report late
refuse 4 "late/results.sqlite: cannot read: No such file or directory" zoom late --patient 1
refuse 2 "--set edge=5um: expected place=NAME, edge=LENGTH from 50 um to 1 cm, or arm=NAME of a twin arm" zoom late --patient 1 --set edge=5um
[ ! -e s ] || fail "a refused run left a folder"

# A disk that is full at the first picture: status 4, and with room the same command goes on without --force.
sed 's/until: 8 day, every: 1 day/until: 30 min, every: 30 min/' tissue.yaml >x.yaml
status=0
(
    trap '' XFSZ
    ulimit -f 64
    exec "$STROMA" run x.yaml -o full -q
) 2>stderr || status=$?
[ "$status" -eq 4 ] && grep -q '^full/.*: cannot write: ' stderr || fail "full disk: status $status, $(cat stderr)"
"$STROMA" run x.yaml -o full -q || fail "after a full disk"
[ -s full/report.html ] || fail "the page after a full disk"

[ "$failures" -eq 0 ]
