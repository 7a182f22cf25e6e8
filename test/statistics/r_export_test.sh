#!/usr/bin/env bash
# R on the tables that `stroma run` writes: the same differences, intervals and p values. Skipped (77)
# without R and its packages.
set -euo pipefail
source "$ST_SOURCE_DIR/test/statistics/need_r.sh"
"$STROMA" run "$folder/export.yaml" -o "$work/out" -q
Rscript - "$work/out/tables" <<'R'
suppressPackageStartupMessages({
    library(nlme)
    library(survival)
    library(emmeans)
})
folder <- commandArgs(trailingOnly = TRUE)[1]
read <- function(name) read.csv(file.path(folder, paste0(name, ".csv")))
checked <- 0
same <- function(what, found, wanted, tolerance) {
    if (length(found) != 1 || is.na(found) || abs(found - wanted) > tolerance * max(1, abs(wanted))) {
        stop(what, ": stroma has ", format(found, digits = 15), ", R ", format(wanted, digits = 15))
    }
    checked <<- checked + 1
}
readings <- read("readings")
long <- subset(readings, at_month > 0)
first <- subset(readings, at_month == 0)
long$baseline <- first$measured[match(paste(long$arm, long$person), paste(first$arm, first$person))]
long$change <- long$measured - long$baseline
long$arm <- factor(long$arm, c("ha", "msc-1e7"))
contrasts <- read("contrasts")
analyses <- read("analyses")
months <- sort(unique(long$at_month))
row <- function(table, month, name) table[abs(table$at_month - month) < 1e-6 & table$method == name, ]

for (month in months) {
    d <- subset(long, at_month == month & !is.na(change))
    fit <- lm(change ~ arm + baseline, d)
    a <- row(contrasts, month, "ancova")
    same("ancova", a$difference, coef(fit)[2], 1e-8)
    same("ancova lo", a$lo, confint(fit)[2, 1], 1e-8)
    same("ancova hi", a$hi, confint(fit)[2, 2], 1e-8)
    same("ancova p", a$p, summary(fit)$coefficients[2, 4], 1e-8)
    w <- t.test(d$change[d$arm == "msc-1e7"], d$change[d$arm == "ha"])
    a <- row(analyses, month, "welch")
    same("welch", a$estimate, diff(rev(w$estimate)), 1e-8)
    same("welch lo", a$lo, w$conf.int[1], 1e-8)
    same("welch p", a$p, w$p.value, 1e-8)
    hit <- d$change <= -17.5
    table <- table(d$arm, hit)
    a <- row(analyses, month, "responders, odds ratio")
    same("odds ratio", a$estimate, table[2, 2] * table[1, 1] / (table[2, 1] * table[1, 2]), 1e-8)
}

long$visit <- factor(long$at_month)
long$who <- factor(paste(long$arm, long$person))
long$centred <- long$baseline - mean(first$measured)
fit <- gls(change ~ 0 + visit:arm + visit:centred,
    data = long, na.action = na.omit,
    correlation = corSymm(form = ~ as.integer(visit) | who), weights = varIdent(form = ~ 1 | visit),
    control = glsControl(maxIter = 500, msMaxIter = 500, tolerance = 1e-14, msTol = 1e-15)
)
pairs <- suppressMessages(as.data.frame(contrast(emmeans(fit, ~ arm | visit, mode = "df.error"),
    "trt.vs.ctrl", ref = 1, adjust = "none")))
for (i in seq_along(months)) {
    # gls stops before its likelihood is at its top.
    same("mmrm", row(analyses, months[i], "mmrm")$estimate, pairs$estimate[i], 1e-4)
}

people <- read("people")
later <- read("later")
last <- max(readings$at_month) * 365.25 / 12
key <- paste(people$arm, people$person)
rescue <- later$at_day[match(key, paste(later$arm, later$person))]
left <- ifelse(is.na(people$left_day), last, people$left_day)
curve <- read("survival")
time <- data.frame(arm = people$arm == "msc-1e7", day = pmin(rescue, left, na.rm = TRUE),
    event = !is.na(rescue) & rescue <= left)
km <- survfit(Surv(day, event) ~ 1, subset(time, arm))
a <- subset(curve, arm == "msc-1e7" & event == "rescue")
s <- summary(km, times = a$at_day, extend = TRUE)$surv
for (i in seq_len(nrow(a))) same("curve of rescue", a$share[i], s[i], 1e-8)
cox <- coxph(Surv(day, event) ~ arm, time)
a <- subset(analyses, method == "rescue, hazard ratio")
same("hazard ratio", a$estimate, exp(coef(cox)), 1e-6)
same("log-rank p", a$p, pchisq(survdiff(Surv(day, event) ~ arm, time)$chisq, 1, lower.tail = FALSE), 1e-8)
cat(checked, "numbers of the tables agree with R\n")
R
