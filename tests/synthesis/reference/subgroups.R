# Writes subgroups.json: the BCG trials by method of allocation, each group on its own and with a
# common tau2. Run from this folder: Rscript subgroups.R
suppressPackageStartupMessages({library(metafor); library(jsonlite)})

dat <- escalc(measure = "RR", ai = tpos, bi = tneg, ci = cpos, di = cneg, data = dat.bcg)
tight <- list(threshold = 1e-15, tol = 1e-12, maxiter = 10000, tau2.max = 1e4)
groups <- sort(unique(dat$alloc))

separate <- lapply(setNames(nm = groups), function(group) {
  fit <- rma(yi, vi, data = dat, subset = alloc == group, control = tight)
  list(estimate = c(fit$beta), se = fit$se, tau2 = fit$tau2, QE = fit$QE, I2 = fit$I2)
})
b <- sapply(separate, function(one) one$estimate)
s <- sapply(separate, function(one) one$se)
between <- rma(b, s^2, method = "EE")$QE
common <- lapply(setNames(nm = c("z", "knha")), function(test) {
  own <- rma(yi, vi, mods = ~ alloc - 1, data = dat, test = test, control = tight)
  with_intercept <- rma(yi, vi, mods = ~ alloc, data = dat, test = test, control = tight)
  list(beta = c(own$beta), se = own$se, tau2 = own$tau2, QM = with_intercept$QM,
       QMp = with_intercept$QMp, R2 = with_intercept$R2)
})
out <- list(
  call = "rma(yi, vi, subset = alloc == group); rma(yi, vi, mods = ~ alloc - 1, test = test)",
  data = "escalc(measure = 'RR', ...) of metadat::dat.bcg",
  versions = list(R = as.character(getRversion()),
                  metafor = as.character(packageVersion("metafor"))),
  yi = as.numeric(dat$yi), vi = as.numeric(dat$vi), alloc = dat$alloc,
  separate = separate, between = between, common = common
)
write_json(out, "subgroups.json", digits = NA, auto_unbox = TRUE, pretty = TRUE)
