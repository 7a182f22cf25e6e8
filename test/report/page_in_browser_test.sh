#!/usr/bin/env bash
# A report in headless Chromium through Playwright: console, network, figures, numbers, axe-core,
# keyboard, phone, dark, print, without script. Skipped (77) without the modules, which
# `tools/setup.sh oracles` puts into build/node.
set -euo pipefail

modules=
for place in "${STROMA_NODE_MODULES:-}" "$ST_BUILD_DIR/node/node_modules" \
    "$ST_SOURCE_DIR/build/node/node_modules"; do
    if [ -n "$place" ] && [ -d "$place/playwright-core" ] && [ -d "$place/axe-core" ]; then
        modules=$place
        break
    fi
done
if [ -z "$modules" ] || ! command -v node >/dev/null 2>&1; then
    echo "skipped: no node, playwright-core and axe-core here (tools/setup.sh oracles)"
    exit 77
fi
if ! command -v chromium >/dev/null 2>&1 && ! command -v chromium-browser >/dev/null 2>&1; then
    echo "skipped: no Chromium on this machine"
    exit 77
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
unset STROMA_MODELS
"$STROMA" run "$ST_SOURCE_DIR/examples/knee-msc/study.yaml" -o "$folder/out" -q
# STROMA_PICTURES: a folder for screenshots, to be looked at.
timeout 120 node "$ST_SOURCE_DIR/test/report/page_in_browser.js" "$modules" \
    "$folder/out/report.html" "$folder/out/tables/outcomes.csv" "${STROMA_PICTURES:-}"
