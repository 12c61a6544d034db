"""Generalised linear mixed models: synthesis of events without an effect size for each study.

Studies without events in one arm need no correction. The models for two arms, by their names in
metafor:

- UM.FS: binomial (Poisson) arms, a level of its own for each study, normal effects.
- UM.RS: the same with normal levels, independent of the effects.
- CM.EL: the events of arm 1 given those of both arms, exactly: noncentral hypergeometric for
  tables, binomial for person-time.
- CM.AL: the same with the binomial approximation for rare events.

The arms of UM.FS and UM.RS are coded 1/2 and -1/2 in the random part. For a single arm (PLO,
IRLN) the logits or log rates are normal.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from evidence.effects.zero_cells import ZeroCellRule
from evidence.errors import BadInput, NotEstimable, TooFewStudies, UnknownName
from evidence.synthesis.count_likelihood import CountLikelihood
from evidence.synthesis.distributions import (
    check_level,
    chi_squared_p,
    critical_value,
    two_sided_p,
)
from evidence.synthesis.event_counts import EventCounts, read_counts
from evidence.synthesis.glmm_fit import (
    CountFit,
    check_finite,
    count_likelihood,
    fit_common,
    fit_random,
    fit_random_level,
)
from evidence.synthesis.glmm_result import GlmmResult
from evidence.synthesis.prediction import PredictionInterval, predict_interval

#: Models of each measure, the one that is taken unless another is asked for first.
MODELS: Final = {
    "OR": ("UM.FS", "UM.RS", "CM.EL", "CM.AL"),
    "IRR": ("UM.FS", "UM.RS", "CM.EL"),
    "PLO": (None,),
    "IRLN": (None,),
}
_METHODS: Final = {"ML": "ML", "CE": "CE", "FE": "CE", "EE": "CE"}
_MOST_NODES: Final = 101


def pool_glmm(
    *,
    ai: ArrayLike | None = None,
    bi: ArrayLike | None = None,
    ci: ArrayLike | None = None,
    di: ArrayLike | None = None,
    n1i: ArrayLike | None = None,
    n2i: ArrayLike | None = None,
    x1i: ArrayLike | None = None,
    t1i: ArrayLike | None = None,
    x2i: ArrayLike | None = None,
    t2i: ArrayLike | None = None,
    xi: ArrayLike | None = None,
    mi: ArrayLike | None = None,
    ni: ArrayLike | None = None,
    ti: ArrayLike | None = None,
    measure: str = "OR",
    model: str | None = None,
    method: str = "ML",
    nodes: int | None = None,
    level: float = 0.95,
    test: str = "z",
    labels: Sequence[str] | None = None,
) -> GlmmResult:
    """Mean effect of studies with counted events, by a generalised linear mixed model.

    Parameters
    ----------
    ai, bi, ci, di, n1i, n2i : array_like, shape (k,)
        2x2 tables, for OR: events ``ai``, ``ci`` and either non-events ``bi``, ``di`` or sizes.
    x1i, t1i, x2i, t2i : array_like, shape (k,)
        Events and person-time of two arms, for IRR.
    xi, mi, ni, ti : array_like, shape (k,)
        One arm: events and either non-events or size, for PLO; or person-time, for IRLN.
    measure : str
        OR, IRR, PLO (logit of a proportion) or IRLN (log of a rate).
    model : str, optional
        UM.FS (the default), UM.RS, CM.EL or, for OR, CM.AL; none for a single arm.
    method : str
        ML, or CE (FE, EE) for a common effect.
    nodes : int, optional
        Nodes of adaptive Gauss-Hermite quadrature (of each dimension), 1 for the Laplace
        approximation, as ``nAGQ`` of metafor. Unless given, quadrature to convergence.
    level : float
        Coverage of the intervals.
    test : str
        z (normal), or t with k - 1 degrees of freedom.
    labels : sequence of str, optional
        Names of the studies.

    Returns
    -------
    GlmmResult

    Raises
    ------
    UnknownName
        For a measure, model, method or test that does not exist.
    BadInput
        For missing or superfluous arguments, counts that are not whole, and impossible numbers.
    TooFewStudies
        If fewer than two studies have a contrast.
    NotEstimable
        If the estimate or the variance is infinite.

    References
    ----------
    Stijnen, Hamza & Özdemir (2010), Stat Med 29:3046-3067 (all models). Jackson et al. (2018),
    Stat Med 37:1059-1085 (comparison and coding). metafor: ``rma.glmm(model=, nAGQ=)``.

    Examples
    --------
    >>> pool_glmm(ai=[1, 0, 4], n1i=[40, 35, 90], ci=[3, 2, 9], n2i=[41, 33, 92]).k
    3
    """
    given = {"ai": ai, "bi": bi, "ci": ci, "di": di, "n1i": n1i, "n2i": n2i, "x1i": x1i}
    given |= {"t1i": t1i, "x2i": x2i, "t2i": t2i, "xi": xi, "mi": mi, "ni": ni, "ti": ti}
    level = check_level(level)
    method, test, nodes = _method(method), _test(test), _nodes(nodes)
    counts = read_counts("A mixed model", measure, given, labels, measures=tuple(MODELS))
    model = _model(measure, model)
    two_arms = counts.events.shape[1] == 2
    kept = counts.keep(~counts.without_contrast) if two_arms else counts
    if kept.k < 2:
        raise TooFewStudies(
            f"A mixed model ({measure}) needs at least 2 studies with a contrast and found "
            f"{kept.k} of {counts.k}. Report the study alone, or widen the selection."
        )
    check_finite(kept, model)
    likelihood = count_likelihood(kept, model)
    with np.errstate(under="ignore"):
        fit, q = _fit(likelihood, model, method, nodes)
    left_out = tuple(label for label in counts.labels if label not in set(kept.labels))
    return _assemble(
        kept, fit, q, left_out, model=model, method=method, test=test, nodes=nodes, level=level
    )


def _fit(
    likelihood: CountLikelihood, model: str | None, method: str, nodes: int | None
) -> tuple[CountFit, float | None]:
    """Fit of the model, and the likelihood ratio statistic of a common effect."""
    try:
        if model == "UM.RS":
            return fit_random_level(likelihood, nodes, common_effect=method == "CE"), None
        common = fit_common(likelihood)
        q = max(0.0, 2 * (likelihood.saturated - common.log_likelihood))
        return (common if method == "CE" else fit_random(likelihood, common, nodes)), q
    except (ArithmeticError, np.linalg.LinAlgError) as failure:
        raise NotEstimable(
            f"The model of {likelihood.k} studies left the range of double precision. Check the "
            "counts, or use a common-effect method."
        ) from failure


def _model(measure: str, model: str | None) -> str | None:
    known = MODELS[measure]
    if model is None:
        return known[0]
    if model in known:
        return model
    if known == (None,):
        raise BadInput(
            f"Model {model!r} was asked for {measure}, which has one arm and one model. Leave "
            "model out."
        )
    raise UnknownName(f"mixed model for {measure}", model, [str(name) for name in known])


def _method(method: str) -> str:
    if method not in _METHODS:
        raise UnknownName("method of a mixed model", method, _METHODS)
    return _METHODS[method]


def _test(test: str) -> str:
    if test not in ("z", "t"):
        raise UnknownName("test of a mixed model", test, ("z", "t"))
    return test


def _nodes(nodes: int | None) -> int | None:
    if nodes is None or (isinstance(nodes, int) and 1 <= nodes <= _MOST_NODES):
        return nodes
    raise BadInput(
        f"Quadrature with nodes={nodes!r} was asked for. Give a whole number from 1 (Laplace) to "
        f"{_MOST_NODES}, or None for quadrature to convergence."
    )


def _assemble(
    kept: EventCounts,
    fit: CountFit,
    q: float | None,
    left_out: tuple[str, ...],
    *,
    model: str | None,
    method: str,
    test: str,
    nodes: int | None,
    level: float,
) -> GlmmResult:
    """Build the public record from its parts."""
    df = kept.k - 1 if test == "t" else None
    half = critical_value(level, df) * fit.se
    tau2 = fit.tau**2
    typical = typical_variance(kept)
    prediction, reason = _prediction(fit, method, kept.k, df, level)
    return GlmmResult(
        estimate=fit.theta,
        se=fit.se,
        ci_low=fit.theta - half,
        ci_high=fit.theta + half,
        level=level,
        statistic=fit.theta / fit.se,
        df=df,
        p_value=two_sided_p(fit.theta / fit.se, df),
        tau2=tau2,
        tau=fit.tau,
        se_tau2=None if fit.se_tau is None else 2 * fit.tau * fit.se_tau,
        sigma2=None if fit.sigma is None else fit.sigma**2,
        log_likelihood=fit.log_likelihood,
        q=q,
        q_df=None if q is None else kept.k - 1,
        q_p=None if q is None else chi_squared_p(q, kept.k - 1),
        i2=tau2 / (tau2 + typical),
        h2=(tau2 + typical) / typical,
        prediction=prediction,
        prediction_reason=reason,
        k=kept.k,
        labels=kept.labels,
        left_out=left_out,
        measure=kept.measure,
        model=model,
        method=method,
        test=test,
        quadrature=_quadrature(method, model, nodes),
        steps=fit.steps,
        decisions=_decisions(fit, left_out, method),
    )


def typical_variance(counts: EventCounts) -> float:
    """Sampling variance of a typical study, with 0.5 added where a cell is empty.

    References
    ----------
    Higgins & Thompson (2002), Stat Med 21:1539-1558, eq. 9.
    """
    w = 1 / counts.effect_sizes(ZeroCellRule(add=0.5, to="only0")).vi
    return float((w.size - 1) / (w.sum() - np.sum(w**2) / w.sum()))


def _prediction(
    fit: CountFit, method: str, k: int, df: int | None, level: float
) -> tuple[PredictionInterval | None, str | None]:
    if method == "CE":
        return None, "The common-effect model has no distribution of effects to predict from."
    found = predict_interval(
        fit.theta,
        fit.se,
        fit.tau**2,
        definition="metafor-default",
        residual_df=k - 1,
        test_df=df,
        level=level,
    )
    return found, None


def _quadrature(method: str, model: str | None, nodes: int | None) -> str:
    if method == "CE" and model != "UM.RS":
        return "none"
    if nodes is None:
        return "trapezoidal rule to convergence"
    return "Laplace" if nodes == 1 else f"adaptive Gauss-Hermite with {nodes} nodes"


def _decisions(fit: CountFit, left_out: tuple[str, ...], method: str) -> tuple[str, ...]:
    said = []
    if left_out:
        said.append(
            f"{len(left_out)} studies without a contrast were left out: {', '.join(left_out)}."
        )
    if method == "CE":
        said.append("A common effect was asked for: tau2 is 0 by assumption.")
    elif fit.tau == 0:
        said.append("tau2 is 0, at its boundary: the standard error is that of a common effect.")
    return tuple(said)
