#!/usr/bin/env bash
# Each numbered example: its README's command gives the numbers of its expected.csv.
set -euo pipefail
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
count=0
failures=0

# Rows of expected.csv (day, column, value, tolerance) against the table that the command wrote.
compare() { # expected actual
    awk -F, '
        FNR == 1 { sub(/\r$/, "") }
        NR == FNR { if (FNR > 1) { day[++n] = $1; name[n] = $2; value[n] = $3; near[n] = $4 } next }
        FNR == 1 { for (i = 1; i <= NF; i++) column[$i] = i; next }
        { sub(/\r$/, "")
          for (k = 1; k <= n; k++) {
              d = $1 - day[k]; if (d < 0) d = -d
              if (d <= 1e-9 * (1 + day[k]) && (name[k] in column)) {
                  seen[k] = 1
                  e = $(column[name[k]]) - value[k]; if (e < 0) e = -e
                  if (!(e <= near[k])) {
                      printf "day %s, %s: found %s, expected %s +- %s\n", day[k], name[k],
                          $(column[name[k]]), value[k], near[k]
                      bad++
                  }
              }
          } }
        END { for (k = 1; k <= n; k++) if (!seen[k]) { print "no row for day " day[k] ", " name[k]; bad++ }
              if (n == 0) { print "nothing is expected"; bad++ }
              exit bad > 0 }' "$1" "$2"
}

for folder in "$ST_SOURCE_DIR"/examples/0*/; do
    count=$((count + 1))
    read -r -a words < <(sed -n 's/^\$ stroma //p' "$folder/README.md")
    if ! (cd "$folder" && "$STROMA" "${words[@]}" -o "$scratch/table.csv") ||
        ! compare "$folder/expected.csv" "$scratch/table.csv"; then
        echo "$(basename "$folder"): not as expected"
        failures=$((failures + 1))
    fi
done
# The comparison itself must be able to fail.
printf 'day,column,value,tolerance\n0,x,2,0.5\n' >"$scratch/expected.csv"
printf 'time [day],x\r\n0,1\r\n' >"$scratch/table.csv"
! compare "$scratch/expected.csv" "$scratch/table.csv" >/dev/null || failures=$((failures + 1))
echo "$count examples, $failures failures"
[ "$count" -ge 6 ] && [ "$failures" -eq 0 ]
