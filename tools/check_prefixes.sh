#!/usr/bin/env bash
# Every external symbol that the library defines starts with st_ (ST_ for constants).
set -euo pipefail
symbols=$(nm --defined-only --extern-only "$1" 2>/dev/null | awk 'NF == 3 { print $3 }')
if [ -z "$symbols" ]; then
    echo "$1: no symbols were found" >&2
    exit 1
fi
others=$(printf '%s\n' "$symbols" | grep -v -E '^(st_|ST_)' | sort -u || true)
if [ -n "$others" ]; then
    printf '%s: external, but does not start with st_\n' $others >&2
    exit 1
fi
