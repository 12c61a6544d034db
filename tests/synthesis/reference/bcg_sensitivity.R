# Writes bcg_sensitivity.json: analyses of single studies and of the funnel that the golden files do
# not cover (other estimators, moderators with Knapp-Hartung, two-sided and one-sided choices).
# Run from this folder: Rscript bcg_sensitivity.R
suppressPackageStartupMessages({library(metafor); library(jsonlite)})

dat <- escalc(measure = "RR", ai = tpos, bi = tneg, ci = cpos, di = cneg, data = dat.bcg)
tight <- list(threshold = 1e-15, tol = 1e-12, maxiter = 10000, tau2.max = 1e4)
fit <- function(...) rma(yi, vi, ..., data = dat, control = tight)

leave_one_out <- lapply(setNames(nm = c("PM", "ML", "HE", "SJ", "HS")), function(method) {
  found <- leave1out(fit(method = method, test = "knha"))
  list(estimate = found$estimate, se = found$se, pval = found$pval, tau2 = found$tau2,
       I2 = found$I2, H2 = found$H2)
})
model <- fit(mods = ~ ablat, method = "PM", test = "knha")
diagnostics <- influence(model)
predicted <- blup(model)
points <- baujat(model)
cut <- function(side) {
  found <- selmodel(fit(method = "ML"), type = "stepfun", steps = 0.05, alternative = side,
                    control = list(optimizer = "optim", optmethod = "BFGS", reltol = 1e-15))
  list(beta = as.numeric(found$beta), se = found$se, tau2 = found$tau2,
       delta = found$delta[2], ll = as.numeric(logLik(found)), LRT = found$LRT)
}
excess <- function(side) {
  found <- tes(fit(method = "REML"), test = "binom", alternative = side, alpha = 0.10)
  list(O = found$O, E = found$E, pval = found$pval)
}
asymmetry <- regtest(fit(method = "PM", test = "adhoc"), predictor = "vi")
out <- list(
  data = "escalc(measure = 'RR', ...) of metadat::dat.bcg",
  versions = list(R = as.character(getRversion()),
                  metafor = as.character(packageVersion("metafor"))),
  yi = as.numeric(dat$yi), vi = as.numeric(dat$vi), ablat = dat$ablat,
  leave_one_out = leave_one_out,
  moderated = list(
    rstudent = diagnostics$inf$rstudent, dffits = diagnostics$inf$dffits,
    cook_distance = diagnostics$inf$cook.d, cov_ratio = diagnostics$inf$cov.r,
    tau2_deleted = diagnostics$inf$tau2.del, q_deleted = diagnostics$inf$QE.del,
    hat = diagnostics$inf$hat, dfbetas = as.matrix(diagnostics$dfbs),
    prediction = predicted$pred, prediction_se = predicted$se,
    low = predicted$pi.lb, high = predicted$pi.ub,
    baujat_x = as.numeric(points$x), baujat_y = as.numeric(points$y)
  ),
  selection = list(two_sided = cut("two.sided"), less = cut("less")),
  excess = list(greater = excess("greater"), less = excess("less")),
  asymmetry = list(stat = asymmetry$zval, pval = asymmetry$pval, limit = asymmetry$est,
                   limit_ci = c(asymmetry$ci.lb, asymmetry$ci.ub), tau2 = asymmetry$fit$tau2)
)
invisible(file.remove("Rplots.pdf"))
write_json(out, "bcg_sensitivity.json", digits = NA, auto_unbox = TRUE, pretty = TRUE)
