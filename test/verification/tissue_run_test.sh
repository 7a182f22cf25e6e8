#!/usr/bin/env bash
# A tissue file from the command line: same bytes for any number of threads, files that others read,
# messages and exit statuses.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
fail() {
    echo "FAILED: $1"
    exit 1
}

slab=$ST_SOURCE_DIR/examples/tissue-slab/tissue.yaml
"$STROMA" check "$slab" | grep -q '3 072 voxels' || fail "check says what would run"
"$STROMA" run "$slab" -o "$dir/one" --threads 1 --quiet 2>"$dir/err" || fail "run with one thread"
[ ! -s "$dir/err" ] || fail "quiet is quiet"
"$STROMA" run "$slab" -o "$dir/three" --threads 3 --quiet || fail "run with three threads"
diff -r "$dir/one" "$dir/three" || fail "threads change bytes"

# The profile of D2 before the fluid's level falls: uptake is nearly constant, the drop close to 35 uM,
# less where the level comes near the half level.
awk -F, 'NR > 1 && $1 == 60 { ok = $4 < 70.1e-6 && $4 > 69e-6 && $3 > 35e-6 && $3 < 41e-6 } END { exit !ok }' \
    "$dir/one/fields.csv" || fail "level after an hour"
awk -F, 'NR > 1 && ($10 > 1e-6 || $10 < -1e-6) { bad = 1 } END { exit bad }' "$dir/one/fields.csv" ||
    fail "balance"

# Refusals: a result is not written over; a mistake names its place.
status=0
"$STROMA" run "$slab" -o "$dir/one" --quiet 2>"$dir/err" || status=$?
[ "$status" -eq 2 ] && grep -q -- '--force' "$dir/err" || fail "an old result is kept"
sed 's/voxel: 50 um/voxel: 50 mol/' "$slab" >"$dir/wrong.yaml"
status=0
"$STROMA" run "$dir/wrong.yaml" -o "$dir/wrong" 2>"$dir/err" || status=$?
[ "$status" -eq 2 ] && grep -q 'wrong.yaml:.*box.voxel' "$dir/err" || fail "a wrong unit is named"
[ ! -e "$dir/wrong" ] || fail "nothing is written after a mistake"

# The pictures are well-formed and carry their unit.
for picture in "$dir"/one/slice_*.svg; do
    grep -q '>uM<' "$picture" || fail "unit in $picture"
    python3 -c 'import sys, xml.dom.minidom; xml.dom.minidom.parse(sys.argv[1])' "$picture" ||
        fail "$picture is not well-formed"
done

# Only the voxels that are tissue, as a grid: a ball beside the slab's other way of writing.
cat >"$dir/ball.yaml" <<'YAML'
tissue: A ball in fluid
box: { from: [0 mm, 0 mm, 0 mm], to: [1 mm, 1 mm, 1.2 mm], voxel: [50 um, 50 um, 100 um] }
media: { gel: , fluid: { bath: true } }
geometry:
  - { medium: fluid, box: { from: [0 mm, 0 mm, 0 mm], to: [1 mm, 1 mm, 1.2 mm] } }
  - { medium: gel, ball: { at: [0.5 mm, 0.5 mm, 0.6 mm], radius: 400 um } }
fields:
  dye:
    in: { gel: { diffusivity: { value: 1e-10 m2/s, assumed: x }, start: { value: 10 uM, assumed: x } } }
    boundaries: [ { at: fluid, kind: fixed, level: { value: 20 uM, assumed: x } } ]
run: { until: 10 min, every: 5 min }
output: { vtk: true, vtu: true }
YAML
"$STROMA" run "$dir/ball.yaml" -o "$dir/ball" --quiet || fail "a ball as a grid"

# VTK reads what ParaView reads.
python=
for candidate in python3 /usr/bin/python3; do
    if "$candidate" -c 'import vtkmodules.vtkIOXML' 2>/dev/null; then
        python=$candidate
    fi
done
if [ -z "$python" ]; then
    echo "VTK for Python is not installed (Debian: python3-vtk9): files are not read back"
    exit 77
fi
"$python" - "$dir/ball" <<'PYTHON' || fail "VTK grid"
import csv, math, sys, xml.dom.minidom
from vtkmodules.vtkIOXML import vtkXMLImageDataReader, vtkXMLUnstructuredGridReader


def read(reader, path):
    reader.SetFileName(path)
    reader.Update()
    return reader.GetOutput()


folder = sys.argv[1]
rows = list(csv.DictReader(open(folder + "/fields.csv", newline="")))
sets = xml.dom.minidom.parse(folder + "/voxels.pvd").getElementsByTagName("DataSet")
assert len(sets) == len(rows) == 3, (len(sets), len(rows))
for i, (data, row) in enumerate(zip(sets, rows)):
    assert float(data.getAttribute("timestep")) == float(row["time_min"])
    grid = read(vtkXMLUnstructuredGridReader(), folder + "/" + data.getAttribute("file"))
    image = read(vtkXMLImageDataReader(), f"{folder}/fields_{i:06d}.vti")
    volume = grid.GetNumberOfCells() * 0.05 * 0.05 * 0.1
    assert abs(volume / (4 / 3 * math.pi * 0.4**3) - 1) < 0.05, volume
    level = grid.GetCellData().GetArray("dye_M")
    assert level.GetRange() == (float(row["lowest_M"]), float(row["highest_M"]))
    for cell in range(0, grid.GetNumberOfCells(), 7):
        box = grid.GetCell(cell).GetBounds()
        assert [round(box[k + 1] - box[k], 3) for k in (0, 2, 4)] == [50, 50, 100], box
        place = [
            int(((box[2 * k] + box[2 * k + 1]) / 2 - image.GetOrigin()[k]) / image.GetSpacing()[k]) for k in range(3)
        ]
        size = [n - 1 for n in image.GetDimensions()]
        at = (place[2] * size[1] + place[1]) * size[0] + place[0]
        assert image.GetCellData().GetArray("dye_M").GetValue(at) == level.GetValue(cell)
        assert image.GetCellData().GetArray("medium").GetValue(at) == 1
print("VTK read", len(sets), "grids of", grid.GetNumberOfCells(), "voxels")
PYTHON
"$python" - "$dir/one" <<'PYTHON' || fail "VTK"
import csv, sys, xml.dom.minidom
from vtkmodules.vtkIOXML import vtkXMLImageDataReader

folder = sys.argv[1]
rows = list(csv.DictReader(open(folder + "/fields.csv", newline="")))
sets = xml.dom.minidom.parse(folder + "/fields.pvd").getElementsByTagName("DataSet")
assert len(sets) == len(rows) == 19, (len(sets), len(rows))
for data, row in zip(sets, rows):
    assert float(data.getAttribute("timestep")) == float(row["time_min"])
    reader = vtkXMLImageDataReader()
    reader.SetFileName(folder + "/" + data.getAttribute("file"))
    reader.Update()
    image = reader.GetOutput()
    assert image.GetNumberOfCells() == 48 * 8 * 8
    assert image.GetSpacing() == (50.0, 50.0, 50.0)
    low, high = image.GetCellData().GetArray("oxygen_M").GetRange()
    assert abs(low - float(row["lowest_M"])) < 1e-12 and abs(high - float(row["highest_M"])) < 1e-12
    assert image.GetCellData().GetArray("medium").GetRange() == (1.0, 1.0)
print("VTK read", len(sets), "images")
PYTHON
