#!/usr/bin/env bash
# `stroma check --units` prints quantities as written and as computed; variants with a mistake are
# mistakes of `stroma check`; the editor schema accepts every shipped model and refuses bad ones.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() { echo "$*" >&2; exit 1; }

cat >"$work/m.yaml" <<'YAML'
model: Units
places: { joint: { volume: { value: 0.25 dL, assumed: test } } }
substrates:
  drug:
    in: { joint: { value: 20 ug/mL, assumed: test } }
    molar_mass: 10 kDa
    decay: { value: 0.5 1/h, assumed: test }
definitions: { strong: "hill(drug@joint, [5 uM], 2)" }
YAML
"$STROMA" check --units "$work/m.yaml" >"$work/units"
for line in \
    "m.yaml:2:37 .* 0.25 dL .* = 25 cm^3" \
    "m.yaml:5:27 .* 20 ug/mL .* = 2 cm^-3 nmol" \
    "m.yaml:6:17 .* 10 kDa .* = 1e-05 g/nmol" \
    "m.yaml:7:21 .* 0.5 1/h .* = 12 day^-1" \
    "m.yaml:8:43 .* 5 uM .* = 5 cm^-3 nmol"; do
    grep -q "$line" "$work/units" || { cat "$work/units" >&2; fail "missing: $line"; }
done

echo 'variants: { bad: { set: { drug.decay: 3 m } } }' >>"$work/m.yaml"
if "$STROMA" check "$work/m.yaml" 2>"$work/errors"; then
    fail "a variant with a mistake was accepted"
fi
grep -q "variants.bad.set.drug.decay: found '3 m'" "$work/errors" || fail "$(cat "$work/errors")"

python3 -c 'import jsonschema, yaml' 2>/dev/null || {
    echo "python3-jsonschema or python3-yaml is not installed: the schema is not tried"
    exit 77
}
python3 - <<'PY'
import glob, json, os, re, sys
import jsonschema, yaml

root = os.environ["ST_SOURCE_DIR"]
with open(root + "/docs/stroma-model.schema.json", encoding="utf-8") as f:
    schema = json.load(f)
jsonschema.Draft7Validator.check_schema(schema)
check = jsonschema.Draft7Validator(schema)
texts = {p: open(p, encoding="utf-8").read() for p in
         glob.glob(root + "/models/*.yaml") + glob.glob(root + "/models/verification/*.yaml") +
         glob.glob(root + "/examples/**/*.yaml", recursive=True)}
page = open(root + "/docs/language.md", encoding="utf-8").read()
for i, block in enumerate(re.findall(r"```yaml\n(.*?)\n```", page, re.S)):
    texts[f"snippet {i}"] = block
count = 0
for name, text in sorted(texts.items()):
    data = yaml.safe_load(text)
    if not isinstance(data, dict) or not ("model" in data or "part" in data):
        continue
    if "study" in data or "tissue" in data:
        continue
    for error in check.iter_errors(data):
        sys.exit(f"{name}: {list(error.path)}: {error.message[:200]}")
    count += 1
if count < 15:
    sys.exit(f"only {count} models were tried")
for bad in ("{model: x, parametres: {}}", "{model: x, rules: [{cell: a}]}", "{model: x, places: {a: {}}}",
            "{model: x, cells: {c: {in: {}, behaviours: {sing: 1}}}}", "{model: x, rules: {a: b}}"):
    if not any(check.iter_errors(yaml.safe_load(bad))):
        sys.exit(f"the schema accepts {bad}")
print(f"{count} models fit the schema")
PY
