"""The same work in metafor, timed inside R, so that starting R does not count."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from benchmarks.lines import Sizes

_SCRIPT = r"""
given <- commandArgs(trailingOnly = TRUE)
folder <- given[1]; runs <- as.integer(given[2]); permutations <- as.integer(given[3])
if (!suppressWarnings(suppressMessages(require(metafor)))) quit(status = 3)
options(warn = -1)
cat("version", as.character(packageVersion("metafor")), 0, "\n")
data_of <- function(name) read.csv(file.path(folder, paste0(name, ".csv")))
measure <- function(name, value, times, work) {
  work()
  seconds <- replicate(runs, system.time(for (i in seq_len(times)) work())[["elapsed"]])
  cat(name, format(median(seconds) / times, digits = 17), format(value, digits = 17), "\n")
}

one <- data_of("one")
fit <- rma(yi, vi, data = one)
measure("one", coef(fit), 10, function() {
  res <- rma(yi, vi, data = one); predict(res); confint(res)
})

many <- split(data_of("many"), data_of("many")$id)
fits <- function() sapply(many, function(part) coef(rma(part$yi, part$vi)))
measure("loop", mean(fits()), 1, fits)

large <- rma(yi, vi, data = data_of("large"))
measure("leave1out", mean(leave1out(large)$estimate), 1, function() leave1out(large))

runs <- min(runs, 2)
measure("permutest", NA, 1, function() permutest(fit, iter = permutations, progbar = FALSE))

counts <- data_of("counts")
for (model in c("UM.FS", "UM.RS")) {
  work <- function() rma.glmm(measure = "OR", ai = ai, n1i = n1i, ci = ci, n2i = n2i,
                              data = counts, model = model)
  measure(model, coef(work()), 1, work)
}
"""


class Timed(NamedTuple):
    """Median seconds, and a number by which the results can be compared."""

    seconds: float
    value: float


class Metafor(NamedTuple):
    """What metafor needs for each piece of work; empty when it is not there."""

    words: str
    timed: Mapping[str, Timed]


def time_metafor(tables: Mapping[str, pd.DataFrame], sizes: Sizes) -> Metafor:
    """Time metafor on the data of our own measurements.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        one (yi, vi), many (id, yi, vi), large (yi, vi), counts (ai, n1i, ci, n2i).
    sizes : Sizes
        Runs and permutations.
    """
    if shutil.which("Rscript") is None:
        return Metafor("R is not installed", {})
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for table, frame in tables.items():
            frame.to_csv(folder / f"{table}.csv", index=False, float_format="%.17g")
        script = folder / "measure.R"
        script.write_text(_SCRIPT)
        numbers = map(str, (sizes.runs, sizes.permutations))
        command = ["Rscript", "--vanilla", str(script), str(folder), *numbers]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode == 3:
        return Metafor("metafor is not installed", {})
    done.check_returncode()
    (_, version, _), *rows = (line.split() for line in done.stdout.splitlines())
    timed = {name: Timed(float(seconds), _number(value)) for name, seconds, value in rows}
    return Metafor(f"metafor {version}", timed)


def _number(text: str) -> float:
    return float("nan") if text == "NA" else float(text)
