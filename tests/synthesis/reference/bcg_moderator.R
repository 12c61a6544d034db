# Writes bcg_moderator.json: every estimator of tau2 with one moderator, and the same at other
# levels and tests without it. Run from this folder: Rscript bcg_moderator.R
suppressPackageStartupMessages({library(metafor); library(jsonlite)})

dat <- escalc(measure = "RR", ai = tpos, bi = tneg, ci = cpos, di = cneg, data = dat.bcg)
tight <- list(threshold = 1e-15, tol = 1e-12, maxiter = 10000, tau2.max = 1e4)
search <- list(tol = 1e-14, maxiter = 10000, tau2.max = 1e4)

with_moderator <- lapply(
  setNames(nm = c("DL", "HE", "HS", "SJ", "ML", "REML", "EB", "PM")),
  function(method) {
    fit <- rma(yi, vi, mods = ~ ablat, data = dat, method = method, control = tight)
    bounds <- confint(fit, control = search)$random["tau^2", c("ci.lb", "ci.ub")]
    list(tau2 = fit$tau2, se_tau2 = fit$se.tau2, I2 = fit$I2, QE = fit$QE, QEp = fit$QEp,
         ll = as.numeric(logLik(fit)), tau2_ci = unname(bounds))
  }
)
out <- list(
  call = "rma(yi, vi, mods = ~ ablat, data = dat, method = method)",
  data = "escalc(measure = 'RR', ...) of metadat::dat.bcg",
  versions = list(R = as.character(getRversion()),
                  metafor = as.character(packageVersion("metafor"))),
  yi = as.numeric(dat$yi), vi = as.numeric(dat$vi), ablat = dat$ablat,
  with_moderator = with_moderator
)
write_json(out, "bcg_moderator.json", digits = NA, auto_unbox = TRUE, pretty = TRUE)
