"""Small-study effects: whether smaller studies show other effects than larger ones.

Tests from effects and sampling variances: Egger's regression in its many variants, Begg's rank
correlation, and the modification for standardised mean differences. Tests that need the counts of
the arms are in ``small_study_counts``.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from evidence.arrays import FloatArray
from evidence.double_precision import studies_in_double_precision
from evidence.errors import BadInput, NotEstimable, known_name
from evidence.input_checks import InputCheck, real_number
from evidence.synthesis.heterogeneity.estimators import estimator_name
from evidence.synthesis.heterogeneity.tau2_estimates import estimate_tau2
from evidence.synthesis.inputs.studies import Studies, StudyInput, check_studies
from evidence.synthesis.numerics.distributions import check_level
from evidence.synthesis.numerics.kendall import RankTest, kendall_test
from evidence.synthesis.numerics.weighted_least_squares import fit_weighted
from evidence.synthesis.pairwise.fit_settings import takes_fit
from evidence.synthesis.pairwise.summary_tests import summary_test_name
from evidence.synthesis.publication_bias.funnel_regression import (
    FEWEST_STUDIES,
    FunnelRegressionTest,
    Scatter,
    line_design,
    regress,
    require_studies,
)

#: Predictors of a regression test, in words. The first four vanish with growing precision.
PREDICTORS = {
    "sei": "standard error",
    "vi": "sampling variance",
    "ninv": "1 / sample size",
    "sqrtninv": "1 / root of the sample size",
    "ni": "sample size",
    "sqrtni": "root of the sample size",
}
_WITHOUT_LIMIT = ("ni", "sqrtni")


@takes_fit("method", "test", "level")
@studies_in_double_precision("A regression test of the funnel")
def regression_test(
    yi: StudyInput,
    vi: npt.ArrayLike | None = None,
    *,
    predictor: str = "sei",
    model: str = "lm",
    ni: npt.ArrayLike | None = None,
    method: str = "REML",
    test: str = "z",
    tau2: float | None = None,
    level: float = 0.95,
    min_studies: int = FEWEST_STUDIES,
    labels: Iterable[str] | None = None,
) -> FunnelRegressionTest:
    """Egger's regression test and its relatives: effects on a measure of precision.

    Model lm with predictor sei is the test of Egger et al., and with predictor ni that of
    Macaskill et al.; model rma with predictor sei is that of Thompson & Sharp.

    Parameters
    ----------
    yi : array_like, shape (k,), EffectSizes, or PooledEffect
        Effects; ratios on the log scale.
    vi : array_like, shape (k,), or None
        Sampling variances; None if ``yi`` holds them.
    predictor : str
        sei, vi, ni, ninv, sqrtni or sqrtninv.
    model : str
        "lm", multiplicative dispersion and t with k - 2 df; "rma", additive tau2.
    ni : array_like, shape (k,), optional
        Sample sizes, for the predictors that need them.
    method, test : str
        Of model rma: estimator of tau2, and one of ``SUMMARY_TESTS`` of room pairwise.
    tau2 : float, optional
        Of model rma: a known between-study variance in place of the estimate.
    level : float
        Coverage of the interval of the limit estimate.
    min_studies : int
        Fewest studies that are tested; 10 are advised, 3 the least possible.
    labels : iterable of str, optional
        Names of the studies.

    Raises
    ------
    TooFewStudies
        If there are fewer than ``min_studies``.
    BadInput, UnknownName, EmptySelection
        If the data or a choice cannot be right.
    NotEstimable
        If all studies have the same predictor, or lie on a line.

    References
    ----------
    Egger et al. (1997), BMJ 315:629-634. Sterne & Egger (2005), in Publication Bias in
    Meta-Analysis, 99-110. Macaskill, Walter & Irwig (2001), Stat Med 20:641-654.
    Thompson & Sharp (1999), Stat Med 18:2693-2708, method 3a. Moreno et al. (2009), BMC Med Res
    Methodol 9:2 (limit estimate). metafor: ``regtest(res, model=, predictor=)``.
    """
    known_name("predictor of a regression test", predictor, PREDICTORS)
    known_name("model of a regression test", model, ("lm", "rma"))
    method, test = estimator_name(method), summary_test_name(test)
    level = check_level(level)
    studies = check_studies(yi, vi, labels)
    asked = f"A regression test on {predictor}"
    cautions = require_studies(asked, studies.yi.size, min_studies)
    x = _predictor(studies, predictor, ni)
    scatter = Scatter(model="lm")
    if model == "rma":
        known = None if tau2 is None else _known_tau2(tau2)
        scatter = _additive(studies, line_design(asked, x, predictor), method, test, known)
    return regress(
        asked,
        studies.yi,
        x,
        1.0 / (studies.vi + (scatter.tau2 or 0.0)),
        predictor=predictor,
        scatter=scatter,
        has_limit=predictor not in _WITHOUT_LIMIT,
        level=level,
        decisions=(*studies.decisions, *cautions),
    )


def _known_tau2(tau2: float) -> float:
    if not 0.0 <= real_number(tau2) < float("inf"):
        raise BadInput(f"tau2={tau2!r:.80} was given. Give a number of 0 or more, or leave it out.")
    return float(tau2)


def _additive(
    studies: Studies, design: FloatArray, method: str, test: str, known: float | None
) -> Scatter:
    if known is None:
        known = estimate_tau2(studies.yi, studies.vi, method, design=design).tau2
    return Scatter(model="rma", method=method, test=test, tau2=known)


def _predictor(studies: Studies, predictor: str, ni: npt.ArrayLike | None) -> FloatArray:
    if predictor in ("sei", "vi"):
        return np.sqrt(studies.vi) if predictor == "sei" else studies.vi
    if ni is None:
        raise BadInput(f"The predictor {predictor} needs ni, the sample sizes of the studies.")
    size = sizes("A regression test", studies, ni=ni)["ni"]
    root = size if predictor in ("ni", "ninv") else np.sqrt(size)
    return root if predictor in _WITHOUT_LIMIT else 1.0 / root


def sizes(asked: str, studies: Studies, **given: npt.ArrayLike) -> dict[str, FloatArray]:
    """Sizes of the studies, each above 0 and one for each study.

    Parameters
    ----------
    asked : str
        The test, as the start of the refusal.
    studies : Studies
        The studies.
    **given : array_like, shape (k,)
        Sizes by name.

    Raises
    ------
    BadInput
        If a size is missing or not above 0, or their number is wrong.
    """
    check = InputCheck(asked, studies.labels)
    arrays = dict(zip(given, check.numbers(**given), strict=True))
    for name, array in arrays.items():
        if array.shape != studies.yi.shape:
            check.problems.append(f"{name} has shape {array.shape} for {studies.yi.size} studies")
        check.where(array <= 0.0, f"{name} is {{}}; it is above 0", array)
    check.refuse("Give one size for each study.")
    return arrays


@takes_fit("level")
@studies_in_double_precision("Pustejovsky's test")
def pustejovsky_test(
    yi: StudyInput,
    vi: npt.ArrayLike | None = None,
    *,
    n1i: npt.ArrayLike,
    n2i: npt.ArrayLike,
    level: float = 0.95,
    min_studies: int = FEWEST_STUDIES,
    labels: Iterable[str] | None = None,
) -> FunnelRegressionTest:
    """Regression test for standardised mean differences, whose variance depends on the effect.

    The predictor is the part of the standard error that does not, ``sqrt(1/n1 + 1/n2)``.

    Parameters
    ----------
    yi : array_like, shape (k,), EffectSizes, or PooledEffect
        Standardised mean differences.
    vi : array_like, shape (k,), or None
        Sampling variances; None if ``yi`` holds them.
    n1i, n2i : array_like, shape (k,)
        Participants of both arms.
    level, min_studies, labels
        As for ``regression_test``.

    Raises
    ------
    TooFewStudies, BadInput, EmptySelection, NotEstimable
        As for ``regression_test``.

    References
    ----------
    Pustejovsky & Rodgers (2019), Res Synth Methods 10:57-71.
    meta: ``metabias(metacont(...), method.bias = "Pustejovsky")``.
    """
    studies, level = check_studies(yi, vi, labels), check_level(level)
    asked = "Pustejovsky's test"
    cautions = require_studies(asked, studies.yi.size, min_studies)
    n = sizes(asked, studies, n1i=n1i, n2i=n2i)
    return regress(
        asked,
        studies.yi,
        np.sqrt(1.0 / n["n1i"] + 1.0 / n["n2i"]),
        1.0 / studies.vi,
        predictor="sqrt(1/n1 + 1/n2)",
        scatter=Scatter(model="lm"),
        has_limit=True,
        level=level,
        decisions=(*studies.decisions, *cautions),
    )


@studies_in_double_precision("Begg's rank test")
def rank_test(
    yi: StudyInput,
    vi: npt.ArrayLike | None = None,
    *,
    exact: bool | None = None,
    min_studies: int = FEWEST_STUDIES,
    labels: Iterable[str] | None = None,
) -> RankTest:
    """Begg's test: Kendall correlation of standardised deviations with sampling variances.

    Parameters
    ----------
    yi : array_like, shape (k,), EffectSizes, or PooledEffect
        Effects; ratios on the log scale.
    vi : array_like, shape (k,), or None
        Sampling variances; None if ``yi`` holds them.
    exact : bool, optional
        Exact p-value instead of the normal one; if left out, exact where there are no ties.
    min_studies : int
        Fewest studies that are tested; 10 are advised, 3 the least possible.
    labels : iterable of str, optional
        Names of the studies.

    Raises
    ------
    TooFewStudies
        If there are fewer than ``min_studies``.
    BadInput, EmptySelection
        If the data cannot be right.
    NotEstimable
        If all variances or all deviations are equal, or an exact p-value is asked with ties.

    References
    ----------
    Begg & Mazumdar (1994), Biometrics 50:1088-1101.
    metafor: ``ranktest(res)`` (exact). meta: ``metabias(m, method.bias = "Begg")`` (normal).
    """
    studies = check_studies(yi, vi, labels)
    cautions = require_studies("Begg's rank test", studies.yi.size, min_studies)
    fit = fit_weighted(studies.yi, 1.0 / studies.vi, None)
    spread = studies.vi * fit.remainder
    if not np.all(spread > 0.0):
        raise NotEstimable(
            "Begg's rank test was asked of studies of which one outweighs all others, so that its "
            "deviation has no variance. Check the sampling variances."
        )
    deviation = fit.residuals / np.sqrt(spread)
    # equal studies are tied to the last bit, wherever they stand in the sums
    _, first, equal = np.unique(
        np.column_stack([studies.yi, studies.vi]), axis=0, return_index=True, return_inverse=True
    )
    deviation = deviation[first][equal.ravel()]
    notes = (*studies.decisions, *cautions)
    return kendall_test("Begg's rank test", deviation, studies.vi, exact=exact, decisions=notes)
