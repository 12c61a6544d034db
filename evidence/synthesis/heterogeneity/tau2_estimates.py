"""Estimators of tau2, the between-study variance, by name, solved to machine precision."""

from __future__ import annotations

from dataclasses import dataclass

from evidence.arrays import FloatArray
from evidence.errors import TooFewStudies, UnknownName
from evidence.synthesis.heterogeneity.tau2_solutions import (
    MOMENT_ESTIMATORS,
    TauModel,
    maximum_likelihood,
)

#: Name of each estimator, in words, by its short name in the literature and in metafor.
ESTIMATORS = {
    "CE": "common effect",
    "DL": "DerSimonian-Laird",
    "HE": "Hedges",
    "HS": "Hunter-Schmidt",
    "SJ": "Sidik-Jonkman",
    "ML": "maximum likelihood",
    "REML": "restricted maximum likelihood",
    "EB": "empirical Bayes",
    "PM": "Paule-Mandel",
}
_ALIASES = {"FE": "CE", "EE": "CE"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tau2Estimate:
    """Between-study variance, in squared units of the effects.

    Attributes
    ----------
    tau2 : float
        Estimate, never negative; 0 by assumption for the common effect.
    se : float or None
        Large-sample standard error; None for the common effect.
    method : str
        Short name of the estimator.
    """

    tau2: float
    se: float | None
    method: str


def estimator_name(method: str) -> str:
    """Canonical short name of an estimator.

    Parameters
    ----------
    method : str
        Any of CE (also FE, EE), DL, HE, HS, SJ, ML, REML, EB, PM; case does not matter.

    Raises
    ------
    UnknownName
        If there is no such estimator.
    """
    name = str(method).upper()
    name = _ALIASES.get(name, name)
    if name not in ESTIMATORS:
        raise UnknownName("estimator of tau2", method, [*ESTIMATORS, *_ALIASES])
    return name


def estimate_tau2(
    yi: FloatArray,
    vi: FloatArray,
    method: str = "REML",
    *,
    design: FloatArray | None = None,
) -> Tau2Estimate:
    """Between-study variance by a named estimator, to machine precision.

    Parameters
    ----------
    yi, vi : ndarray, shape (k,)
        Effects and sampling variances, already checked.
    method : str
        CE, DL, HE, HS, SJ, ML, REML, EB or PM.
    design : ndarray, shape (k, p), or None
        Moderators including the constant; None for the intercept alone.

    Raises
    ------
    UnknownName
        If there is no such estimator.
    TooFewStudies
        If there are not more studies than coefficients.

    References
    ----------
    Veroniki et al. (2016), Res Synth Methods 7:55-79 (all estimators).
    Viechtbauer (2005), J Educ Behav Stat 30:261-293 (HS, HE, DL, ML, REML and standard errors).
    Sidik & Jonkman (2005), Appl Stat 54:367-384.
    metafor: ``rma(yi, vi, method=)$tau2`` and ``$se.tau2``.
    """
    name = estimator_name(method)
    if name == "CE":
        return Tau2Estimate(tau2=0.0, se=None, method=name)
    parameters = 1 if design is None else design.shape[1]
    if yi.size <= parameters:
        raise TooFewStudies(
            f"The {ESTIMATORS[name]} estimate of tau2 with {parameters} coefficient(s) needs at "
            f"least {parameters + 1} studies and found {yi.size}. Report the studies alone, or use "
            "fewer moderators."
        )
    model = TauModel(yi, vi, design)
    if name in MOMENT_ESTIMATORS:
        tau2, se = MOMENT_ESTIMATORS[name](model)
    else:
        tau2, se = maximum_likelihood(model, restricted=name == "REML")
    return Tau2Estimate(tau2=tau2, se=se, method=name)
