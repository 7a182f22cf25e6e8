#!/usr/bin/env bash
# No file of the project names a path of the machine it was written on, or a package registry.
set -euo pipefail
cd "$(dirname "$0")/.."

pattern='(^|[^A-Za-z0-9_.$}/-])/(work|root|home|Users|mnt)/[A-Za-z]|[.]{2}/share[d]|[.]librar[y]/|registr[y][.]npm|pyp[i][.]org'
if git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
    list() { git ls-files -z --cached --others --exclude-standard; }
else
    list() { find . -type f -not -path './build/*' -not -path './out/*' -not -path './.git/*' -print0; }
fi
found=$(list | xargs -0 grep -n -I -E -s -- "$pattern" || true)
if [ -n "$found" ]; then
    printf '%s\n' "$found" >&2
    exit 1
fi
