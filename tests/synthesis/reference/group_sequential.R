# Writes group_sequential.json: boundaries by error spending from rpact, and probabilities of
# crossing them from mvtnorm (an independent engine). Run from this folder:
# Rscript group_sequential.R
suppressPackageStartupMessages({library(rpact); library(mvtnorm); library(jsonlite)})

times <- list(
  fifths = (1:5) / 5,
  halves = c(0.5, 1),
  uneven = c(0.17, 0.31, 0.36, 0.74, 1),
  late = c(0.2, 0.24, 0.5, 0.95, 1)
)
design <- function(t, spending, ...) {
  suppressWarnings(getDesignGroupSequential(
    kMax = length(t), informationRates = t, typeOfDesign = spending, tolerance = 1e-10, ...
  ))
}
alpha <- list()
for (name in names(times)) for (spending in c("asOF", "asP")) for (sides in 1:2) {
  found <- design(times[[name]], spending, alpha = 0.025 * sides, sided = sides)
  alpha[[length(alpha) + 1]] <- list(
    times = times[[name]], spending = spending, sides = sides, alpha = 0.025 * sides,
    z = found$criticalValues
  )
}
futility <- lapply(list(c(0.3, 0.6, 0.8, 1), c(0.25, 0.5, 1), c(0.4, 0.45, 0.7, 0.9, 1)), function(t) {
  found <- design(
    t, "asOF", alpha = 0.05, beta = 0.1, sided = 2, typeBetaSpending = "bsOF",
    bindingFutility = FALSE, betaAdjustment = FALSE
  )
  list(
    times = t, alpha = 0.05, beta = 0.1, z = found$criticalValues, futility = found$futilityBounds,
    drift = sqrt(getDesignCharacteristics(found)$shift)
  )
})
# probability of not crossing +-c by look k, from the multivariate normal distribution
crossing <- lapply(list(0, 1.3, 2.8), function(drift) {
  t <- c(0.2, 0.45, 0.8, 1)
  bounds <- c(4, 2.9, 2.3, 2)
  going <- sapply(seq_along(t), function(k) {
    i <- seq_len(k)
    corr <- outer(t[i], t[i], function(a, b) sqrt(pmin(a, b) / pmax(a, b)))
    if (k == 1) return(diff(pnorm(c(-1, 1) * bounds[1], drift * sqrt(t[1]))))
    pmvnorm(
      -bounds[i], bounds[i], mean = drift * sqrt(t[i]), corr = corr,
      algorithm = Miwa(steps = 4096)
    )[1]
  })
  list(times = t, bounds = bounds, drift = drift, going = going)
})
# participants by the formula of one trial with two arms of one size
participants <- lapply(list(c(0.1, 0.2), c(0.05, 0.25), c(0.3, -0.1)), function(case) {
  control <- case[1]
  treated <- control * (1 - case[2])
  mean <- (control + treated) / 2
  list(
    control = control, reduction = case[2],
    n = 4 * (qnorm(0.975) + qnorm(0.9))^2 * mean * (1 - mean) / (control - treated)^2
  )
})
out <- list(
  call = "getDesignGroupSequential(...), pmvnorm(..., Miwa(4096))",
  data = "made up",
  versions = list(
    R = as.character(getRversion()), rpact = as.character(packageVersion("rpact")),
    mvtnorm = as.character(packageVersion("mvtnorm"))
  ),
  alpha = alpha, futility = futility, crossing = crossing, participants = participants
)
write_json(out, "group_sequential.json", digits = NA, auto_unbox = TRUE, pretty = TRUE)
