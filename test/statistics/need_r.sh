# Ends the test that reads this as skipped (77) without R and its packages. Its `folder` is this one,
# its `work` a folder of its own that goes with it.
folder=$ST_SOURCE_DIR/test/statistics
if ! command -v Rscript >/dev/null 2>&1 ||
    ! Rscript -e 'for (p in c("nlme", "survival", "emmeans")) if (!requireNamespace(p, quietly = TRUE)) quit(status = 1)' >/dev/null 2>&1; then
    echo "skipped: no R with nlme, survival and emmeans (Debian: r-base-core r-cran-nlme r-cran-survival r-cran-emmeans)"
    exit 77
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
