# Writes estimators.json: estimators of tau2 that the golden files do not hold, wherever metafor takes
# one as method=. Run from this folder: Rscript estimators.R
suppressPackageStartupMessages({library(metafor); library(jsonlite)})

methods <- c("HSk", "PMM")
# metafor's search of the root stops at steps of 1e-4 unless told
tight <- list(tol = 1e-15, threshold = 1e-15, maxiter = 100000, tau2.max = 1e7)

bcg <- escalc(measure = "RR", ai = tpos, bi = tneg, ci = cpos, di = cneg, data = dat.bcg)
stay <- escalc(measure = "MD", m1i = m1i, sd1i = sd1i, n1i = n1i, m2i = m2i, sd2i = sd2i,
               n2i = n2i, data = dat.normand1999)
datasets <- list(
  bcg = list(data = bcg, call = "escalc(measure = 'RR', ...) of metadat::dat.bcg",
             moderators = c("ablat", "year")),
  hackshaw = list(data = dat.hackshaw1998, call = "metadat::dat.hackshaw1998",
                  moderators = "year"),
  normand = list(data = stay, call = "escalc(measure = 'MD', ...) of metadat::dat.normand1999",
                 moderators = "n1i")
)
numbers <- function(x) as.numeric(x)
series <- function(found) list(estimate = numbers(found$estimate), se = numbers(found$se),
                               tau2 = numbers(found$tau2), I2 = numbers(found$I2),
                               H2 = numbers(found$H2))
diagnostics <- function(found) {
  inf <- influence(found)$inf
  list(rstudent = numbers(inf$rstudent), dffits = numbers(inf$dffits),
       cook_distance = numbers(inf$cook.d), cov_ratio = numbers(inf$cov.r),
       tau2_deleted = numbers(inf$tau2.del), hat = numbers(inf$hat))
}
heterogeneity <- function(found) list(tau2 = numbers(found$tau2), se_tau2 = found$se.tau2,
                                      I2 = found$I2, H2 = found$H2)
# trimfill hands no control on: with as many studies as it trims, the last fits again
refill <- function(data, method, filled) {
  order <- order(if (filled$side == "right") -data$yi else data$yi)
  yi <- data$yi[order]
  vi <- data$vi[order]
  trimmed <- seq_along(yi) > length(yi) - filled$k0
  centre <- numbers(rma(yi[!trimmed], vi[!trimmed], method = method, control = tight)$beta)
  rma(c(yi, 2 * centre - yi[trimmed]), c(vi, vi[trimmed]), method = method, control = tight)
}
plain <- function(data, method) {
  z <- rma(yi, vi, data = data, method = method, control = tight)
  knha <- rma(yi, vi, data = data, method = method, test = "knha", control = tight)
  predicted <- predict(z)
  profile <- confint(z, control = tight)$random
  filled <- trimfill(z)
  refilled <- refill(data, method, filled)
  out <- c(heterogeneity(z), list(
    estimate = numbers(z$beta), se = z$se, ci = c(z$ci.lb, z$ci.ub), se_knha = knha$se,
    prediction = c(predicted$pi.lb, predicted$pi.ub), tau2_ci = numbers(profile["tau^2", 2:3]),
    leave_one_out = series(leave1out(z)), cumulative = series(cumul(z)),
    influence = diagnostics(z),
    trim_and_fill = list(k0 = filled$k0, estimate = numbers(refilled$beta),
                         tau2 = refilled$tau2)))
  # 512 patterns of signs; more studies take minutes
  if (nrow(data) < 10) out$permutation_p <- permutest(z, exact = TRUE, progbar = FALSE)$pval
  out
}
moderated <- function(data, method, names) {
  found <- rma(yi, vi, mods = as.matrix(data[names]), data = data, method = method,
               control = tight)
  c(heterogeneity(found), list(estimate = numbers(found$beta), se = found$se, R2 = found$R2,
                               influence = diagnostics(found)))
}
one <- function(set) {
  data <- set$data
  list(call = set$call, yi = numbers(data$yi), vi = numbers(data$vi),
       moderators = lapply(setNames(nm = set$moderators), function(name) data[[name]]),
       plain = lapply(setNames(nm = methods), function(method) plain(data, method)),
       moderated = lapply(setNames(nm = methods),
                          function(method) moderated(data, method, set$moderators)))
}
out <- list(
  versions = list(R = as.character(getRversion()),
                  metafor = as.character(packageVersion("metafor"))),
  datasets = lapply(datasets, one)
)
invisible(suppressWarnings(file.remove("Rplots.pdf")))
write_json(out, "estimators.json", digits = NA, auto_unbox = TRUE, pretty = TRUE)
