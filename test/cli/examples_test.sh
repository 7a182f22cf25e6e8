#!/usr/bin/env bash
# Every shipped model and every shipped study is valid, the study in the README too.
set -euo pipefail
failures=0
count=0
for file in "$ST_SOURCE_DIR"/models/knee-*.yaml "$ST_SOURCE_DIR"/models/verification/*.yaml \
    "$ST_SOURCE_DIR"/examples/*/*study*.yaml "$ST_SOURCE_DIR"/examples/studies/*.yaml; do
    count=$((count + 1))
    if ! "$STROMA" check "$file" >/dev/null; then
        failures=$((failures + 1))
    fi
done
# The README shows one study, in a block of YAML.
readme=$(mktemp)
trap 'rm -f "$readme"' EXIT
sed -n '/^```yaml$/,/^```$/p' "$ST_SOURCE_DIR/README.md" | sed '/^```/d' >"$readme"
count=$((count + 1))
grep -q '^study: ' "$readme" && "$STROMA" check "$readme" >/dev/null || failures=$((failures + 1))
echo "$count files, $failures with mistakes"
[ "$count" -ge 3 ] && [ "$failures" -eq 0 ]
