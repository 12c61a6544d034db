"""Best linear unbiased predictions (BLUPs) of the true effects of the studies."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from evidence.arrays import FloatArray
from evidence.double_precision import studies_in_double_precision
from evidence.errors import NotEstimable
from evidence.results import ResultOfColumns
from evidence.synthesis.inputs.studies import StudyInput, check_studies
from evidence.synthesis.numerics.distributions import check_level, critical_value
from evidence.synthesis.pairwise.fit_settings import takes_fit
from evidence.synthesis.pairwise.summary_tests import SUMMARY_TESTS
from evidence.synthesis.regression.deletions import fit_model


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StudyPredictions(ResultOfColumns):
    """True effects of the k studies, predicted; arrays of shape (k,) on the scale of the effects.

    Attributes
    ----------
    prediction, se : ndarray
        Prediction and its standard error.
    low, high : ndarray
        Interval.
    level : float
        Its coverage.
    shrinkage : ndarray
        Weight of the study's own effect, ``tau2 / (tau2 + vi)``; the rest is the fitted value's.
    labels : tuple of str, length k
        Studies.
    method, test : str
        Estimator of tau2, and test of the coefficients.
    """

    prediction: FloatArray
    se: FloatArray
    low: FloatArray
    high: FloatArray
    level: float
    shrinkage: FloatArray
    labels: tuple[str, ...]
    method: str
    test: str

    COLUMNS = ("prediction", "se", "low", "high", "shrinkage")
    INDEX = "labels"


@takes_fit("method", "test", "level", "design")
@studies_in_double_precision("Predicting the effects of the studies")
def predict_studies(
    yi: StudyInput,
    vi: npt.ArrayLike | None = None,
    *,
    design: npt.ArrayLike | None = None,
    method: str = "REML",
    test: str = "z",
    level: float = 0.95,
    labels: Iterable[str] | None = None,
) -> StudyPredictions:
    """Best linear unbiased prediction of each study's true effect.

    Parameters
    ----------
    yi : array_like, shape (k,), EffectSizes, or PooledEffect
        Effects; ratios on the log scale.
    vi : array_like, shape (k,), or None
        Sampling variances; None if ``yi`` holds them.
    design : array_like, shape (k, p), optional
        Moderators including the constant; a plain summary if left out.
    method : str
        Estimator of tau2.
    test : str
        One of ``SUMMARY_TESTS`` of room pairwise.
    level : float
        Coverage of the intervals.
    labels : iterable of str, optional
        Names of the studies.

    Raises
    ------
    TooFewStudies
        If there are not more studies than coefficients.
    EmptySelection, BadInput, UnknownName
        If the data or a choice cannot be right.
    NotEstimable
        If the design is not of full rank, numbers leave double precision, or an interval has no
        width (Knapp-Hartung with equal effects).

    References
    ----------
    Raudenbush & Bryk (1985), J Educ Stat 10:75-98. Morris (1983), J Am Stat Assoc 78:47-55.
    metafor: ``blup(res)``.
    """
    level = check_level(level)
    studies = check_studies(yi, vi, labels)
    model = fit_model(studies, design, method, test, spare=1)
    share = model.tau2 / (model.tau2 + studies.vi)
    prediction = share * studies.yi + (1.0 - share) * model.fitted
    se = np.sqrt(share * studies.vi + (1.0 - share) ** 2 * model.fitted_variance)
    if not np.all(se > 0.0):
        raise NotEstimable(
            f"The intervals of {studies.yi.size} studies by test={model.test!r} have no width, "
            "because nothing varies. Use test='z' or test='adhoc'."
        )
    df = SUMMARY_TESTS[model.test].df(studies.yi.size - model.design.shape[1])
    half = critical_value(level, df) * se
    arrays = {
        "prediction": prediction,
        "se": se,
        "low": prediction - half,
        "high": prediction + half,
        "shrinkage": share,
    }
    for array in arrays.values():
        array.setflags(write=False)
    return StudyPredictions(
        **arrays, level=level, labels=studies.labels, method=model.method, test=model.test
    )
