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
from itertools import compress
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from evidence.errors import BadInput, NotEstimable, TooFewStudies, UnknownName, known_name
from evidence.synthesis.inputs.event_counts import EventCounts, read_counts
from evidence.synthesis.numerics.distributions import check_level
from evidence.synthesis.pairwise.summary_tests import UNSCALED_TESTS
from evidence.synthesis.rare_events.count_likelihood import CountLikelihood
from evidence.synthesis.rare_events.glmm_fit import (
    CountFit,
    check_finite,
    check_precision,
    count_likelihood,
    fit_common,
    fit_random,
    fit_random_level,
)
from evidence.synthesis.rare_events.glmm_result import PooledGlmm, summarise_fit

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
) -> PooledGlmm:
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
    PooledGlmm

    Raises
    ------
    UnknownName
        For a measure, model, method or test that does not exist.
    BadInput
        For missing or superfluous arguments, counts that are not whole, and impossible numbers.
    TooFewStudies
        If fewer than two studies have a contrast.
    NotEstimable
        If the estimate or the variance is infinite, or there are too many events for double
        precision.

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
    return glmm_of_counts(counts, model, method=method, nodes=nodes, level=level, test=test)


def glmm_of_counts(
    counts: EventCounts,
    model: str | None,
    *,
    method: str = "ML",
    nodes: int | None = None,
    level: float = 0.95,
    test: str = "z",
) -> PooledGlmm:
    """As ``pool_glmm``, of counts and options that were checked.

    Parameters
    ----------
    counts : EventCounts
        Studies with one or two arms.
    model : str or None
        One of the models of the measure.
    method, nodes, level, test
        As for ``pool_glmm``.
    """
    two_arms = counts.events.shape[1] == 2
    silent = counts.without_contrast & two_arms
    kept = counts.keep(~silent)
    left_out = tuple(compress(counts.labels, silent))
    if kept.k < 2:
        raise TooFewStudies(
            f"A mixed model ({counts.measure}) needs at least 2 studies with a contrast and found "
            f"{kept.k} of {counts.k}. Report the study alone, or widen the selection."
        )
    check_finite(kept, model)
    likelihood = count_likelihood(kept, model)
    check_precision(kept, likelihood)
    with np.errstate(over="raise", divide="raise", invalid="raise", under="ignore"):
        fit, q = _fit(likelihood, model, method, nodes)
    return summarise_fit(
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
    known_name("method of a mixed model", method, _METHODS)
    return _METHODS[method]


def _test(test: str) -> str:
    known_name("test of a mixed model", test, UNSCALED_TESTS)
    return test


def _nodes(nodes: int | None) -> int | None:
    if nodes is None or (isinstance(nodes, int) and 1 <= nodes <= _MOST_NODES):
        return nodes
    raise BadInput(
        f"Quadrature with nodes={nodes!r} was asked for. Give a whole number from 1 (Laplace) to "
        f"{_MOST_NODES}, or None for quadrature to convergence."
    )
