# What R computes from the data in this folder. Without an argument it prints the table that the C
# tests compare with (expected.csv); test/statistics/oracle_test.sh compares both.
suppressPackageStartupMessages({
    library(nlme)
    library(survival)
    library(emmeans)
})
args <- commandArgs(trailingOnly = TRUE)
folder <- args[1]
out <- function(name, ...) cat(paste(c(name, sprintf("%.15g", c(...))), collapse = ","), "\n", sep = "")

# --- repeated measures ----------------------------------------------------------------------
long <- read.csv(file.path(folder, "repeated.csv"))
long$arm <- factor(long$arm)
long$visit <- factor(long$visit)
long$person <- factor(long$person)
long$centred <- long$baseline - mean(long$baseline[long$visit == levels(long$visit)[1]])
fit <- gls(change ~ 0 + visit:arm + visit:centred,
    data = long, na.action = na.omit, method = "REML",
    correlation = corSymm(form = ~ as.integer(visit) | person),
    weights = varIdent(form = ~ 1 | visit),
    control = glsControl(maxIter = 500, msMaxIter = 500, tolerance = 1e-14, msTol = 1e-15)
)
out("gls_loglik", as.numeric(logLik(fit)))
sds <- fit$sigma * c(1, coef(fit$modelStruct$varStruct, unconstrained = FALSE))
correlation <- corMatrix(fit$modelStruct$corStruct)
full <- correlation[[which(sapply(correlation, nrow) == nlevels(long$visit))[1]]]
# Estimates and standard errors by emmeans. gls stops when a step gains less than about 1e-8 of the
# likelihood, so three of Newton's steps follow, with the covariance of all readings as one dense
# matrix; the same matrices give Satterthwaite's degrees of freedom.
means <- emmeans(fit, ~ arm | visit, mode = "df.error")
pairs <- as.data.frame(contrast(means, "trt.vs.ctrl", ref = 1, adjust = "none"))
seen <- subset(long, !is.na(change))
x <- model.matrix(~ 0 + visit:arm + visit:centred, seen)
y <- seen$change
size <- nlevels(long$visit)
visit <- as.integer(seen$visit)
same <- outer(as.character(seen$person), as.character(seen$person), "==")
covariance <- function(theta) {
    s <- matrix(0, size, size)
    s[lower.tri(s, TRUE)] <- theta
    s + t(s) - diag(diag(s))
}
sigma <- full * outer(sds, sds)
theta <- sigma[lower.tri(sigma, TRUE)]
q <- length(theta)
derivative <- lapply(seq_len(q), function(j) same * covariance(as.numeric(seq_len(q) == j))[visit, visit])
look <- function(theta) {
    w <- solve(same * covariance(theta)[visit, visit])
    c <- solve(t(x) %*% w %*% x)
    p <- w - w %*% x %*% c %*% t(x) %*% w
    py <- p %*% y
    pd <- lapply(derivative, function(d) p %*% d)
    score <- sapply(seq_len(q), function(j) -0.5 * sum(diag(pd[[j]])) +
        0.5 * sum(py * (derivative[[j]] %*% py)))
    information <- outer(seq_len(q), seq_len(q), Vectorize(function(j, k)
        -0.5 * sum(pd[[j]] * t(pd[[k]])) + sum((derivative[[j]] %*% py) * (pd[[k]] %*% py))))
    loglik <- -0.5 * (-as.numeric(determinant(w)$modulus) - as.numeric(determinant(c)$modulus) +
        sum(y * py) + (length(y) - ncol(x)) * log(2 * pi))
    list(w = w, c = c, beta = c %*% t(x) %*% w %*% y, score = score, information = information,
        loglik = loglik)
}
for (pass in 1:3) {
    now <- look(theta)
    theta <- theta + solve(now$information, now$score)
}
now <- look(theta)
out("mmrm_loglik", now$loglik)
for (v in seq_len(size)) out(paste0("mmrm_covariance_", v), covariance(theta)[v, ])
columns <- sub("visit([0-9]+):arm", "\\1 ", colnames(x))
for (i in seq_len(nrow(pairs))) {
    arm <- substr(as.character(pairs$contrast[i]), 1, 1)
    weight <- (columns == paste(pairs$visit[i], arm)) - (columns == paste(pairs$visit[i], "A"))
    estimate <- sum(weight * now$beta)
    variance <- as.numeric(weight %*% now$c %*% weight)
    lever <- now$w %*% x %*% now$c %*% weight
    slope <- sapply(derivative, function(d) sum(lever * (d %*% lever)))
    df <- 2 * variance^2 / as.numeric(slope %*% solve(now$information, slope))
    half <- qt(0.975, df) * sqrt(variance)
    out(paste0("gls_", arm, "_", pairs$visit[i]), pairs$estimate[i], pairs$SE[i])
    out(paste0("mmrm_", arm, "_", pairs$visit[i]), estimate, sqrt(variance), df, estimate - half,
        estimate + half, 2 * pt(-abs(estimate / sqrt(variance)), df))
}

# --- analysis of covariance at the last visit -----------------------------------------------
last <- subset(long, visit == levels(long$visit)[nlevels(long$visit)] & arm %in% c("A", "B"))
ancova <- summary(lm(change ~ arm + baseline, data = last))$coefficients["armB", ]
limits <- confint(lm(change ~ arm + baseline, data = last))["armB", ]
out("ancova_B", ancova[1], ancova[2], limits, ancova[4])

# --- shares ---------------------------------------------------------------------------------
out("risk_56/70_48/80", {
    newcombe <- function(x1, n1, x2, n2) {
        a <- prop.test(x1, n1, correct = FALSE)$conf.int
        b <- prop.test(x2, n2, correct = FALSE)$conf.int
        p <- x1 / n1
        q <- x2 / n2
        c(p - q, p - q - sqrt((p - a[1])^2 + (b[2] - q)^2), p - q + sqrt((a[2] - p)^2 + (q - b[1])^2))
    }
    newcombe(56, 70, 48, 80)
})
responder <- data.frame(hit = c(rep(1, 56), rep(0, 14), rep(1, 48), rep(0, 32)),
    arm = c(rep(1, 70), rep(0, 80)))
logit <- summary(glm(hit ~ arm, binomial, responder, epsilon = 1e-14))$coefficients["arm", ]
out("odds_56/70_48/80", exp(logit[1]), exp(logit[1] - qnorm(0.975) * logit[2]),
    exp(logit[1] + qnorm(0.975) * logit[2]), logit[4])

# --- time to event --------------------------------------------------------------------------
time <- read.csv(file.path(folder, "survival.csv"))
curve <- summary(survfit(Surv(day, event) ~ arm, time, conf.type = "log-log"), times = c(100, 300))
for (i in seq_along(curve$time)) {
    out(paste0("km_", curve$strata[i], "_", curve$time[i]), curve$surv[i], curve$lower[i],
        curve$upper[i], curve$n.risk[i])
}
rank <- survdiff(Surv(day, event) ~ arm, time)
out("logrank", rank$chisq, pchisq(rank$chisq, 1, lower.tail = FALSE))
cox <- coxph(Surv(day, event) ~ arm, time, ties = "efron",
    control = coxph.control(eps = 1e-13, toler.chol = 1e-14, iter.max = 100))
s <- summary(cox)$coefficients
out("cox", s[1], s[3], s[5])
single <- coxph(Surv(day, event) ~ score, time, ties = "efron",
    control = coxph.control(eps = 1e-13, toler.chol = 1e-14, iter.max = 100))
s <- summary(single)$coefficients
out("cox_score", s[1], s[3], s[5])

# --- many arms ------------------------------------------------------------------------------
p <- c(0.011, 0.02, 0.02, 0.032, 0.21)
out("holm", p.adjust(p, "holm"))
out("hochberg", p.adjust(p, "hochberg"))
