"""The synthesis layer beside PyMARE and metafor, on the same numbers and the same machine."""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import numpy as np
import pandas as pd

from benchmarks.lines import Line, Sizes, median_seconds
from benchmarks.metafor import Metafor, Timed, time_metafor
from benchmarks.own_process import measure
from evidence import (
    certify,
    leave_one_out,
    multiverse,
    permutation_test,
    pool,
    pool_glmm,
    pool_stack,
)

_GOSH = """
import sys, time
import numpy as np
from evidence.synthesis.sensitivity.subset_summaries import gosh
rng = np.random.default_rng(20)
k = int(sys.argv[1])
vi = np.exp(rng.uniform(-4.0, -1.0, k))
yi = rng.normal(0.2, np.sqrt(vi + 0.05))
gosh(yi[:6], vi[:6])
start = time.perf_counter()
gosh(yi, vi, method="REML")
seconds = time.perf_counter() - start
"""


def _effects(k: int, d: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Effects and variances of d meta-analyses of k studies with heterogeneity, (k, d)."""
    rng = np.random.default_rng(seed)
    vi = np.exp(rng.uniform(-4.0, -1.0, (k, d)))
    return rng.normal(0.2, np.sqrt(vi + 0.05)), vi


def _counts(k: int) -> pd.DataFrame:
    """Events of two arms of k trials."""
    rng = np.random.default_rng(4)
    sizes = rng.integers(50, 200, (2, k))
    ai, ci = rng.binomial(sizes, rng.uniform([[0.05], [0.1]], [[0.2], [0.3]], (2, k)))
    return pd.DataFrame({"ai": ai, "n1i": sizes[0], "ci": ci, "n2i": sizes[1]})


def measure_synthesis(sizes: Sizes) -> Iterator[Line]:
    """Yield a line for each piece of work."""
    one, large = _effects(20, 1, 1), _effects(50, 1, 2)
    stack, counts = _effects(10, sizes.stack, 3), _counts(20)
    tables = {
        "one": pd.DataFrame({"yi": one[0][:, 0], "vi": one[1][:, 0]}),
        "large": pd.DataFrame({"yi": large[0][:, 0], "vi": large[1][:, 0]}),
        "many": _long(*stack, sizes.loop),
        "counts": counts,
    }
    metafor = time_metafor(tables, sizes)
    yield _one_fit(tables["one"], metafor, sizes)
    yield from _stack(*stack, metafor, sizes)
    yield _gosh(sizes)
    yield _multiverse(sizes)
    yield _leave_one_out(tables["large"], metafor, sizes)
    yield _permutations(tables["one"], metafor, sizes)
    for model in ("UM.FS", "UM.RS"):
        yield _glmm(counts, model, metafor, sizes)


def _long(yi: np.ndarray, vi: np.ndarray, d: int) -> pd.DataFrame:
    """The first d meta-analyses, one row for each study."""
    ids = np.repeat(np.arange(d), yi.shape[0])
    return pd.DataFrame({"id": ids, "yi": yi[:, :d].T.ravel(), "vi": vi[:, :d].T.ravel()})


def _beside(metafor: Metafor, name: str, value: float) -> dict[str, object]:
    """Metafor's time, and how far its result is from ours."""
    timed: Timed | None = metafor.timed.get(name)
    if timed is None:
        return {"theirs": None, "other": metafor.words}
    gap = "" if np.isnan(timed.value) else f"; gap {abs(timed.value - value):.0e}"
    return {"theirs": timed.seconds, "other": metafor.words + gap}


def _one_fit(data: pd.DataFrame, metafor: Metafor, sizes: Sizes) -> Line:
    yi, vi = data["yi"].to_numpy(), data["vi"].to_numpy()

    def work() -> float:
        return pool(yi, vi, policy="metafor").estimate

    ours = median_seconds(work, sizes.runs, 20)
    name = "REML, prediction and Q-profile intervals, k=20"
    fit = pool(yi, vi, policy="metafor")
    certified = median_seconds(lambda: certify(fit), sizes.runs, 20)
    note = f"(its certificate takes {1000 * certified:.1f} ms more)"
    return Line(name=name, ours=ours, times=5, note=note, **_beside(metafor, "one", work()))


def _stack(yi: np.ndarray, vi: np.ndarray, metafor: Metafor, sizes: Sizes) -> Iterator[Line]:
    name = f"{sizes.stack:,} REML fits, k=10"
    found = pool_stack(yi, vi)
    # one thread, as the others have
    ours = median_seconds(lambda: pool_stack(yi, vi, workers=1), sizes.runs)
    version, tau2, theirs = _pymare(yi, vi, sizes)
    gap = float(np.abs(tau2 - found.tau2).max())
    other = f"PyMARE {version}; gap of tau2 {gap:.0e}"
    yield Line(name=name, ours=ours, theirs=theirs, other=other, times=10)
    beside = _beside(metafor, "loop", float(found.estimate[: sizes.loop].mean()))
    if beside["theirs"] is not None:
        beside["theirs"] = metafor.timed["loop"].seconds * sizes.stack / sizes.loop
    note = f"(extrapolated from {sizes.loop} fits)" if metafor.timed else ""
    yield Line(name=name, ours=ours, times=3000, note=note, **beside)


def _pymare(yi: np.ndarray, vi: np.ndarray, sizes: Sizes) -> tuple[str, np.ndarray, float]:
    """Version, tau2 and time of PyMARE's own stacked fit: all columns in one search."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        import pymare
        from pymare.estimators import VarianceBasedLikelihoodEstimator
    constant = np.ones((yi.shape[0], 1))
    options = {"method": "REML", "weight_scheme": "individual", "small_sample_correction": "wald"}

    def work() -> VarianceBasedLikelihoodEstimator:
        return VarianceBasedLikelihoodEstimator(**options).fit(y=yi, v=vi, X=constant)

    seconds = median_seconds(work, sizes.runs)
    return pymare.__version__, np.ravel(work().params_["tau2"]), seconds


def _gosh(sizes: Sizes) -> Line:
    measured = measure(_GOSH, sizes.gosh)
    return Line(
        name=f"GOSH, {2**sizes.gosh - 1:,} subsets of k={sizes.gosh}, REML",
        ours=measured.seconds,
        seconds=2.0,
        mebibytes=1024,
        peak=measured.peak,
        note="numpy",
    )


def _multiverse(sizes: Sizes) -> Line:
    rng = np.random.default_rng(1)
    n = rng.integers(50, 400, sizes.multiverse)
    table = {"ai": rng.binomial(n, 0.02), "n1i": n, "ci": rng.binomial(n, 0.04), "n2i": n}
    worlds = multiverse(**table, all_from=9).k.size
    ours = median_seconds(lambda: multiverse(**table, all_from=9), sizes.runs)
    return Line(name=f"multiverse, {worlds:,} worlds", ours=ours, seconds=1.0)


def _leave_one_out(data: pd.DataFrame, metafor: Metafor, sizes: Sizes) -> Line:
    yi, vi = data["yi"].to_numpy(), data["vi"].to_numpy()

    def work() -> float:
        return float(leave_one_out(yi, vi, policy="metafor").estimate.mean())

    ours = median_seconds(work, sizes.runs, 10)
    beside = _beside(metafor, "leave1out", work())
    return Line(name="leave-one-out, k=50", ours=ours, times=20, **beside)


def _permutations(data: pd.DataFrame, metafor: Metafor, sizes: Sizes) -> Line:
    fit = pool(data["yi"], data["vi"], policy="metafor")

    def work() -> object:
        rng = np.random.default_rng(1)
        return permutation_test(fit, draws=sizes.permutations, rng=rng)

    name = f"{sizes.permutations:,} sign permutations of a mean, k=20"
    beside = _beside(metafor, "permutest", np.nan)
    return Line(name=name, ours=median_seconds(work, sizes.runs, 5), times=50, **beside)


def _glmm(counts: pd.DataFrame, model: str, metafor: Metafor, sizes: Sizes) -> Line:
    def work() -> float:
        return pool_glmm(**counts.to_dict("series"), measure="OR", model=model).estimate

    ours = median_seconds(work, sizes.runs, 2)
    note = "(quadrature: ours to convergence)"
    beside = _beside(metafor, model, work())
    return Line(name=f"GLMM {model}, k=20", ours=ours, times=10, note=note, **beside)
