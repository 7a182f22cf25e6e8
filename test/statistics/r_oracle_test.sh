#!/usr/bin/env bash
# R itself against the digits that the C tests compare with. Skipped (77) without R and its packages.
set -euo pipefail
source "$ST_SOURCE_DIR/test/statistics/need_r.sh"
Rscript "$folder/oracle.R" "$folder" >"$work/now.csv" 2>"$work/stderr" || { cat "$work/stderr"; exit 1; }
Rscript - "$folder/expected.csv" "$work/now.csv" <<'R'
args <- commandArgs(trailingOnly = TRUE)
read <- function(path) strsplit(readLines(path), ",")
stored <- read(args[1])
now <- read(args[2])
stopifnot(length(stored) == length(now))
for (i in seq_along(stored)) {
    stopifnot(stored[[i]][1] == now[[i]][1], length(stored[[i]]) == length(now[[i]]))
    a <- as.numeric(stored[[i]][-1])
    b <- as.numeric(now[[i]][-1])
    # gls stops at its own tolerance, which may differ between builds of R.
    tolerance <- if (startsWith(stored[[i]][1], "gls_")) 1e-4 else 1e-9
    if (any(abs(a - b) > tolerance * pmax(1, abs(a)))) stop("R now finds other digits for ", stored[[i]][1])
}
cat(length(now), "rows of R agree with expected.csv\n")
R
