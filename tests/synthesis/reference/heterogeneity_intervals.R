# Writes heterogeneity_intervals.json: intervals of tau2 on all scales, with moderators and without,
# for made-up data. Run from this folder: Rscript heterogeneity_intervals.R
suppressPackageStartupMessages({library(metafor); library(jsonlite)})

yi <- c(0.10, 0.50, -0.20, 0.90, 0.30, 0.05, 0.70)
vi <- c(0.04, 0.05, 0.02, 0.10, 0.03, 0.50, 0.01)
dose <- c(1, 2, 3, 4, 5, 1, 2.5)
tight <- list(threshold = 1e-15, maxiter = 10000)
cases <- list()
for (method in c("REML", "ML")) for (moderated in c(FALSE, TRUE)) for (type in c("QP", "PL")) {
  fit <- if (moderated) rma(yi, vi, mods = ~ dose, method = method, control = tight)
         else rma(yi, vi, method = method, control = tight)
  ci <- confint(fit, type = type, level = 90,
                control = list(tol = 1e-14, maxiter = 10000, tau2.max = 1e3))$random
  cases <- c(cases, list(list(method = method, moderated = moderated, type = type, level = 0.9,
    low = unname(ci[, "ci.lb"]), high = unname(ci[, "ci.ub"]))))
}
out <- list(
  call = "confint(rma(yi, vi, mods = , method = ), type = , level = 90); I2 in percent",
  data = "made up", rows = c("tau2", "tau", "I2", "H2"),
  versions = list(R = as.character(getRversion()),
                  metafor = as.character(packageVersion("metafor"))),
  yi = yi, vi = vi, dose = dose, cases = cases)
write_json(out, "heterogeneity_intervals.json", digits = NA, auto_unbox = TRUE, pretty = TRUE)
