# Writes dependent_effects.json: two simulated sets of dependent effects (in one the effects vary
# within studies, in the other they do not), with multilevel models, robust tests, robust variance
# estimation and covariance matrices. Run from this folder: Rscript dependent_effects.R
suppressPackageStartupMessages({
  library(metafor); library(clubSandwich); library(robumeta); library(jsonlite)
})

simulate <- function(seed, within) {
  set.seed(seed)
  study <- rep(1:9, sample(1:4, 9, TRUE))
  k <- length(study)
  dat <- data.frame(
    study = study, esid = ave(study, study, FUN = seq_along),
    outcome = sample(c("o1", "o2", "o3"), k, TRUE), group = sample(c("a", "b", "c"), k, TRUE),
    x = round(rnorm(k), 2), time = sample(0:3, k, TRUE), vi = round(rexp(k, 15) + 0.01, 4),
    trt = sample(c("A", "B"), k, TRUE), ctl = sample(c("P", "Q"), k, TRUE),
    n1 = sample(20:60, k, TRUE), n2 = sample(20:60, k, TRUE)
  )
  dat$yi <- round(rnorm(9, 0, 0.4)[study] + rnorm(k, 0, within) + rnorm(k, 0, sqrt(dat$vi)), 4)
  dat
}
# nlminb cannot always reach the sharper tolerance, and then says that it did not converge
sharp_mv <- function(dat, V, ...) {
  for (tolerance in c(1e-13, 1e-12, 1e-11, 1e-10, 1e-9, 1e-8)) {
    control <- list(optimizer = "nlminb", rel.tol = tolerance)
    fit <- suppressWarnings(try(
      do.call(rma.mv, list(yi = dat$yi, V = V, ..., data = dat, control = control)), silent = TRUE
    ))
    if (!inherits(fit, "try-error")) return(fit)
  }
  stop(fit)
}
multilevel <- function(fit) {
  list(beta = c(fit$beta), se = fit$se, ll = c(logLik(fit)), QE = fit$QE, QM = fit$QM)
}
profile <- function(part) unname(unlist(part$random[1, c("ci.lb", "ci.ub")]))
robust_tests <- function(fit, cluster) {
  v <- vcovCR(fit, cluster = cluster, type = "CR2")
  joint <- Wald_test(fit, constraints = constrain_zero(3:4), vcov = v, test = "HTZ")
  single <- coef_test(fit, vcov = v, test = "Satterthwaite")
  cr1 <- robust(fit, cluster = cluster, adjust = TRUE)
  list(se = single$SE, df = single$df_Satt, htz = c(joint$Fstat, joint$df_denom, joint$p_val),
       cr1_se = cr1$se, cr1_QM = cr1$QM)
}
rve <- function(dat, weights, small) {
  fit <- robu(yi ~ x, data = dat, studynum = study, var.eff.size = vi, modelweights = weights,
              rho = 0.5, small = small)
  list(beta = fit$reg_table$b.r, se = fit$reg_table$SE, df = fit$reg_table$dfs,
       tau2 = c(fit$mod_info$tau.sq), omega2 = c(fit$mod_info$omega.sq), I2 = c(fit$mod_info$I.2))
}
results <- function(dat) {
  V <- vcalc(vi, cluster = study, obs = esid, rho = 0.5, data = dat)
  nested <- sharp_mv(dat, V, mods = ~ x + group, random = ~ 1 | study/esid)
  crossed <- sharp_mv(dat, V, random = list(~ 1 | study, ~ 1 | outcome), method = "ML")
  bounds <- confint(nested)
  out <- list(
    data = as.list(dat), V = V,
    nested = c(multilevel(nested), list(sigma2 = nested$sigma2,
               profile = lapply(bounds[1:2], profile), robust = robust_tests(nested, dat$study))),
    crossed = c(multilevel(crossed), list(sigma2 = crossed$sigma2)),
    rve = list(CORR = rve(dat, "CORR", TRUE), HIER = rve(dat, "HIER", TRUE),
               HIER_large = rve(dat, "HIER", FALSE))
  )
  for (struct in c("CS", "DIAG", "UN")) {
    fit <- sharp_mv(dat, V, mods = ~ x, random = ~ outcome | study, struct = struct)
    out[[struct]] <- c(multilevel(fit), list(tau2 = fit$tau2, rho = fit$rho))
    if (struct == "CS") out$CS$profile <- lapply(confint(fit)[1:2], profile)
  }
  out$arms <- vcalc(vi, cluster = study, grp1 = trt, grp2 = ctl, w1 = n1, w2 = n2, obs = esid,
                    rho = 0.6, data = dat)
  out$times <- vcalc(vi, cluster = study, obs = esid, rho = 0.6, time1 = time, phi = 0.8,
                     data = dat)
  out
}
out <- list(
  calls = "see dependent_effects.R",
  versions = list(
    R = as.character(getRversion()), metafor = as.character(packageVersion("metafor")),
    clubSandwich = as.character(packageVersion("clubSandwich")),
    robumeta = as.character(packageVersion("robumeta"))
  ),
  sets = list(results(simulate(9, 0.3)), results(simulate(6, 0)))
)
write_json(out, "dependent_effects.json", digits = NA, auto_unbox = TRUE, pretty = FALSE)
