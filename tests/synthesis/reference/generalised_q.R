# Writes generalised_q.json: the generalised Q estimate of tau2 with its interval, for made-up data.
# metafor calls farebrother() of CompQuadForm with a tolerance of 1e-10 for a single term of its
# series, which leaves errors of 1e-5 in a bound; `sharp` are the same bounds at 1e-16.
# Run from this folder: Rscript generalised_q.R
suppressPackageStartupMessages({library(metafor); library(jsonlite); library(CompQuadForm)})

yi <- c(0.10, 0.50, -0.20, 0.90, 0.30, 0.05, 0.70)
vi <- c(0.04, 0.05, 0.02, 0.10, 0.03, 0.50, 0.01)
dose <- c(1, 2, 3, 4, 5, 1, 2.5)
given <- c(1, 3, 2, 5, 1, 0.1, 4)
weights <- list("inverse-variance" = 1 / vi, "inverse-se" = 1 / sqrt(vi), "equal" = rep(1, 7),
                "given" = given)
control <- list(tol = 1e-15, maxiter = 10000, tau2.max = 1e3)

sharp <- function(fit, a, level) {
  X <- fit$X; k <- length(yi); p <- ncol(X)
  P <- diag(a) - diag(a) %*% X %*% solve(t(X) %*% diag(a) %*% X) %*% t(X) %*% diag(a)
  q <- c(t(yi) %*% P %*% yi)
  above <- function(tau2) {
    S <- diag(sqrt(vi + tau2))
    roots <- eigen(S %*% P %*% S, symmetric = TRUE, only.values = TRUE)$values[1:(k - p)]
    farebrother(q, roots, eps = 1e-16, maxit = 1e7)$Qq
  }
  tail <- (1 - level) / 2
  find <- function(target) {
    if (above(0) > target) 0
    else uniroot(function(u) above(exp(u)) - target, c(-20, 7), tol = 1e-14)$root |> exp()
  }
  list(bounds = c(find(tail), find(1 - tail)), p = above(0), q = q)
}

cases <- list()
for (rule in names(weights)) for (moderated in c(FALSE, TRUE)) for (level in c(0.95, 0.8)) {
  a <- weights[[rule]]
  fit <- if (moderated) rma(yi, vi, mods = ~ dose, weights = a, method = "GENQ", level = level)
         else rma(yi, vi, weights = a, method = "GENQ", level = level)
  ci <- confint(fit, control = control)$random
  cases <- c(cases, list(list(
    weights = rule, moderated = moderated, level = level, tau2 = fit$tau2, se_tau2 = fit$se.tau2,
    I2 = fit$I2, H2 = fit$H2, tau2_ci = unname(ci["tau^2", 2:3]), I2_ci = unname(ci["I^2(%)", 2:3]),
    H2_ci = unname(ci["H^2", 2:3]), sharp = sharp(fit, a, level))))
}
forms <- list(
  list(2, c(0.6, 0.3, 0.1)), list(10, c(0.6, 0.3, 0.1)), list(0.01, c(0.6, 0.3, 0.1)),
  list(30, c(5, 4, 3, 2, 1, 0.5, 0.2, 0.1)), list(0.5, c(1, 0.5)), list(0.001, c(1, 0.01)),
  list(8, rep(c(1, 0.4), 6)), list(1, c(0.9, rep(0.02, 12))))
tails <- lapply(forms, function(form) list(
  value = form[[1]], weights = form[[2]],
  upper = farebrother(form[[1]], form[[2]], eps = 1e-16, maxit = 1e7)$Qq))
out <- list(
  call = "rma(yi, vi, weights = , method = 'GENQ'), confint(); farebrother(q, lambda)",
  data = "made up",
  versions = list(R = as.character(getRversion()),
                  metafor = as.character(packageVersion("metafor")),
                  CompQuadForm = as.character(packageVersion("CompQuadForm"))),
  yi = yi, vi = vi, dose = dose, given = given, cases = cases, tails = tails)
write_json(out, "generalised_q.json", digits = NA, auto_unbox = TRUE, pretty = TRUE)
