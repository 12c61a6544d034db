# Writes permutation.json: exact permutation tests and intervals of metafor for made-up data.
# Run from this folder: Rscript permutation.R
suppressPackageStartupMessages({library(metafor); library(jsonlite)})

yi <- c(0.10, 0.50, -0.20, 0.90, 0.30, 0.05, 0.70)
vi <- c(0.04, 0.05, 0.02, 0.10, 0.03, 0.50, 0.01)
dose <- c(1, 2, 3, 4, 5, 1.5, 2.5)
group <- c(0, 1, 0, 1, 1, 0, 1)
tight <- list(threshold = 1e-14, maxiter = 10000, tol = 1e-13)
run <- function(rows, mods, method, test, level, permci) {
  y <- yi[rows]; v <- vi[rows]; X <- data.frame(dose = dose, group = group)[rows, ]
  fit <- if (is.null(mods)) rma(y, v, method = method, test = test, level = level, control = tight)
         else rma(y, v, mods = as.formula(paste("~", paste(mods, collapse = "+"))), data = X,
                  method = method, test = test, level = level, control = tight)
  p <- permutest(fit, exact = TRUE, permci = permci, progbar = FALSE,
                 control = list(tol = 1e-11, maxiter = 500))
  list(rows = rows - 1, mods = if (is.null(mods)) list() else as.list(mods), method = method,
       test = test, level = level / 100, pval = as.list(p$pval), QM = fit$QM, QMp = p$QMp,
       zval = as.list(as.numeric(fit$zval)), patterns = p$exact.iter,
       interval = permci, low = as.list(as.numeric(p$ci.lb)), high = as.list(as.numeric(p$ci.ub)))
}
cases <- list(
  run(1:7, NULL, "REML", "z", 95, TRUE), run(1:7, NULL, "DL", "knha", 95, TRUE),
  run(1:6, NULL, "PM", "t", 90, TRUE), run(1:7, NULL, "EE", "z", 90, TRUE),
  run(1:5, "dose", "REML", "z", 93, TRUE), run(1:7, "group", "DL", "knha", 90, TRUE),
  run(1:6, "dose", "REML", "knha", 95, FALSE), run(1:6, "dose", "DL", "z", 95, FALSE),
  run(1:5, c("dose", "group"), "REML", "z", 95, FALSE),
  run(1:6, c("dose", "group"), "ML", "knha", 95, FALSE),
  run(1:7, "group", "HE", "t", 95, FALSE), run(1:7, "group", "SJ", "adhoc", 95, FALSE),
  run(1:7, "group", "HS", "z", 95, FALSE), run(1:7, "group", "PM", "z", 95, FALSE),
  run(1:7, "group", "EE", "z", 95, FALSE))
out <- list(
  call = "permutest(rma(yi, vi, mods = , method = , test = ), exact = TRUE, permci = )",
  data = "made up; rows are counted from 0",
  versions = list(R = as.character(getRversion()),
                  metafor = as.character(packageVersion("metafor"))),
  yi = yi, vi = vi, dose = dose, group = group, cases = cases)
write_json(out, "permutation.json", digits = NA, auto_unbox = TRUE, pretty = TRUE)
