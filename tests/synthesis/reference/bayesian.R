# Writes bayesian.json: posteriors of normal-normal models for made-up data, by sums over a fine
# grid of log tau and R's own root finder; no package, no sampling.
# Run from this folder: Rscript bayesian.R
suppressPackageStartupMessages(library(jsonlite))

data <- list(
  few = list(y = c(0.10, 0.50, -0.20, 0.90, 0.30), v = c(0.04, 0.05, 0.02, 0.10, 0.03)),
  pair = list(y = c(-0.4, 0.3), v = c(0.09, 0.16)),
  alike = list(y = c(0.21, 0.19, 0.20, 0.22, 0.18, 0.20), v = c(0.05, 0.02, 0.08, 0.03, 0.04, 0.06)),
  apart = list(y = c(-12, 3, 8, 25, 4, -7, 15), v = c(16, 4, 9, 25, 1, 36, 4)),
  outlier = list(y = c(0.1, 0.2, 0.15, 3.0), v = c(0.01, 0.02, 0.01, 0.3)))
half_t <- function(tau, scale, df) 2 * dt(tau / scale, df) / scale
priors <- list(
  half_normal = function(tau, s) 2 * dnorm(tau, 0, s),
  half_cauchy = function(tau, s) half_t(tau, s, 1),
  half_t4 = function(tau, s) half_t(tau, s, 4),
  # tau2 is log-normal with mean log(s^2) and sd 1.4 of its log
  log_normal = function(tau, s) dlnorm(tau, log(s), 0.7))
scales <- list(few = 0.5, pair = 0.5, alike = 0.3, apart = 10, outlier = 1)
mus <- list(flat = NULL, normal = c(0.2, 0.7))
level <- 0.95; step <- 0.02

shortest <- function(q) {
  b <- seq(0.0005, 0.0495, length.out = 12)
  w <- sapply(b, function(x) q(x + level) - q(x)); i <- which.min(w)
  best <- optimize(function(x) q(x + level) - q(x),
                   c(if (i == 1) 0 else b[i - 1], if (i == 12) 0.05 - 1e-9 else b[i + 1]), tol = 1e-10)
  b <- if (q(level) - q(0) <= best$objective) 0 else best$minimum
  c(q(b), q(b + level))
}
mixture <- function(m, s, w) {
  below <- function(x) sum(w * pnorm((x - m) / s))
  middle <- sum(w * m); reach <- 1
  q <- function(p) {
    if (p <= 0) return(-Inf)
    if (p >= 1) return(Inf)
    uniroot(function(x) below(x) - p, middle + c(-50, 50) * max(1, abs(middle)), tol = 1e-14,
            extendInt = "upX", maxiter = 10000)$root
  }
  list(mean = middle, sd = sqrt(sum(w * (s^2 + (m - middle)^2))), median = q(0.5),
       ci = c(q(0.025), q(0.975)), shortest = shortest(q), above = 1 - below(0.25))
}
solve_one <- function(d, prior, scale, mu) {
  u <- seq(-40, 30, by = step) + log(scale); tau <- exp(u); k <- length(d$y)
  V <- outer(tau^2, d$v, "+"); W <- 1 / V
  p0 <- if (is.null(mu)) 0 else mu[2]^-2; m0 <- if (is.null(mu)) 0 else mu[1]
  prec <- rowSums(W) + p0; m <- (c(W %*% d$y) + p0 * m0) / prec; var <- 1 / prec
  ll <- rowSums(dnorm(matrix(d$y, length(tau), k, byrow = TRUE), m, sqrt(V), log = TRUE)) +
    0.5 * log(2 * pi * var)
  if (!is.null(mu)) ll <- ll + dnorm(m, m0, mu[2], log = TRUE)
  density <- exp(ll) * prior(tau, scale) * tau
  total <- sum(density) * step; w <- density * step / total
  # the distribution of tau by R's adaptive integration of the same density
  one <- function(t) sapply(t, function(t) {
    W <- 1 / (d$v + t^2); prec <- sum(W) + p0; m <- (sum(W * d$y) + p0 * m0) / prec
    l <- sum(dnorm(d$y, m, sqrt(d$v + t^2), log = TRUE)) + 0.5 * log(2 * pi / prec)
    if (!is.null(mu)) l <- l + dnorm(m, m0, mu[2], log = TRUE)
    exp(l) * prior(t, scale) / total
  })
  cuts <- scale * c(0, 10^seq(-3, 3, by = 0.25))
  parts <- c(0, cumsum(mapply(function(a, b) integrate(one, a, b, rel.tol = 1e-13,
                              abs.tol = 0, subdivisions = 1000)$value, head(cuts, -1), cuts[-1])))
  below <- function(t) {
    i <- findInterval(t, cuts)
    parts[i] + if (t > cuts[i]) integrate(one, cuts[i], t, rel.tol = 1e-13, abs.tol = 0)$value else 0
  }
  q <- function(p) {
    if (p <= 0) return(0)
    if (p >= 1) return(Inf)
    i <- findInterval(p, parts)
    uniroot(function(t) below(t) - p, c(cuts[i], cuts[i + 1] * (1 - 1e-15)), tol = 1e-15)$root
  }
  tau_mean <- sum(w * tau)
  B <- tau^2 * W
  list(log_marginal = log(total), mean = mixture(m, sqrt(var), w),
       predictive = mixture(m, sqrt(var + tau^2), w),
       tau = list(mean = tau_mean, sd = sqrt(sum(w * (tau - tau_mean)^2)), median = q(0.5),
                  ci = c(q(0.025), q(0.975)), shortest = shortest(q), above = 1 - below(0.25)),
       shrunken = lapply(seq_len(k), function(i) mixture(m + B[, i] * (d$y[i] - m),
         sqrt(B[, i] * d$v[i] + (1 - B[, i])^2 * var), w)))
}

cases <- list()
for (name in names(data)) for (prior in names(priors)) for (mu in names(mus)) {
  if (mu == "normal" && name %in% c("alike", "apart")) next
  found <- solve_one(data[[name]], priors[[prior]], scales[[name]], mus[[mu]])
  cases <- c(cases, list(c(list(data = name, prior = prior, mu = mu), found)))
}
out <- list(
  call = "sums over log tau in steps of 0.02; integrate() and uniroot() for tau",
  about = "made-up data; `above` is the probability above 0.25; moments may be infinite",
  versions = list(R = as.character(getRversion())),
  data = data, scales = scales, level = level, cases = cases)
write_json(out, "bayesian.json", digits = NA, auto_unbox = TRUE)
