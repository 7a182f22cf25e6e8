# The stiff 48-state problem with R's deSolve (lsoda), one person at a time, compiled right-hand side and
# Jacobian. Run stroma_population_bench first: it leaves stiff48.so and stiff48.csv in WORK_DIR.
#
#     Rscript desolve.R WORK_DIR [REPEATS]      CSV lines as those of stroma_population_bench, processor time
suppressMessages(library(deSolve))
arguments <- commandArgs(trailingOnly = TRUE)
dir <- arguments[1]
repeats <- if (length(arguments) > 1) as.integer(arguments[2]) else 3L
numbers <- function(line) as.numeric(strsplit(line, ",")[[1]])
lines <- readLines(file.path(dir, "stiff48.csv"))
head <- numbers(lines[1])
n <- head[1]; person <- head[2]; samples <- head[3]
scale <- numbers(lines[2])
day <- numbers(lines[3])
people <- (length(lines) - 3) %/% (1 + samples)
rows <- t(vapply(lines[3 + seq_len(people)], numbers, numeric(person + n)))
reference <- t(vapply(lines[3 + people + seq_len(people * samples)], numbers, numeric(n)))
dyn.load(file.path(dir, "stiff48.so"))
doses <- c(1, 181, 361, 541) # the model's events: add `dose`, its first parameter, to its first state

solve_one <- function(i, rtol) {
  p <- rows[i, seq_len(person)]
  y <- rows[i, person + seq_len(n)]
  out <- matrix(0, samples, n)
  begin <- 0
  for (end in c(doses, max(day))) {
    at <- day[day > begin & day <= end]
    times <- unique(c(begin, at, end))
    path <- lsoda(y, times, "bench_derivs", p, rtol = rtol, atol = 0.01 * rtol * scale,
                  jacfunc = "bench_jac", jactype = "fullusr", dllname = "stiff48", initfunc = "bench_init",
                  maxsteps = 100000)
    if (length(at) > 0) out[match(at, day), ] <- path[match(at, times), -1]
    y <- path[nrow(path), -1]
    if (end %in% doses) y[1] <- y[1] + p[1]
    begin <- end
  }
  out
}

for (rtol in c(1e-4, 1e-6)) {
  seconds <- numeric(repeats)
  for (k in seq_len(repeats)) {
    begin <- sum(proc.time()[1:2])
    results <- lapply(seq_len(people), solve_one, rtol = rtol)
    seconds[k] <- sum(proc.time()[1:2]) - begin
  }
  found <- do.call(rbind, results)
  size <- abs(reference) + 1e-3 * rep(scale, each = nrow(reference))
  worst <- tapply(apply(abs(found - reference) / size, 1, max), rep(seq_len(people), each = samples), max)
  cat(sprintf("stiff48,deSolve lsoda,%s,%g,%.3e,%.3e,1,%d,%.5f,%.5f,%.1f,%.1f,\n", if (rtol > 1e-5) "1e-4" else "1e-6",
              rtol, max(worst), median(worst), people, median(seconds), min(seconds),
              people / median(seconds), people / min(seconds)))
}
