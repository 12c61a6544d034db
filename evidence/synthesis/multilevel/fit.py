"""Multilevel and multivariate synthesis: effects that share studies, samples or control groups."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, cast

import numpy as np
import numpy.typing as npt

from evidence.arrays import FloatArray, read_only
from evidence.errors import NotEstimable, known_name
from evidence.synthesis.inputs.correlated_studies import check_covariances, used_rows
from evidence.synthesis.inputs.design_matrix import Design, build_design
from evidence.synthesis.inputs.grouping import RandomStructure, random_terms
from evidence.synthesis.inputs.random_effects import RandomTerm
from evidence.synthesis.inputs.studies import Studies, StudyInput
from evidence.synthesis.multilevel.mixed_model import MixedModel
from evidence.synthesis.multilevel.records import PooledMultilevel, RandomEffect
from evidence.synthesis.numerics.distributions import check_level, chi_squared_p
from evidence.synthesis.numerics.generalised_least_squares import GeneralFit, fit_general
from evidence.synthesis.pairwise.likelihood_statistics import FitStatistics
from evidence.synthesis.pairwise.summary_tests import SUMMARY_TESTS, UNSCALED_TESTS
from evidence.synthesis.regression.coefficients import coefficient_table, wald_test
from evidence.synthesis.regression.model_comparison import information_criteria

if TYPE_CHECKING:
    from evidence.synthesis.inputs.design_columns import Moderators

#: A standard deviation below this share of the spread of the effects is 0.
_ZERO = 1e-6
_METHODS = ("ML", "REML")


def pool_multilevel(
    yi: StudyInput,
    vi: npt.ArrayLike | None = None,
    random: Mapping[str, npt.ArrayLike] | None = None,
    *,
    structures: Sequence[RandomStructure] = (),
    moderators: Moderators | None = None,
    method: str = "REML",
    test: str = "z",
    intercept: bool = True,
    interactions: Sequence[tuple[str, str]] = (),
    level: float = 0.95,
    labels: Iterable[str] | None = None,
) -> PooledMultilevel:
    """Summary of effects that are not independent.

    Parameters
    ----------
    yi : array_like, shape (k,), or EffectSizes
        Effects; ratios on the log scale.
    vi : array_like, shape (k,) or (k, k), or None
        Sampling variances, or their covariance matrix (``sampling_covariance`` builds it); None if
        ``yi`` is an EffectSizes.
    random : mapping of str to array_like, shape (k,), or None
        Groups that share a random effect. ``nested({"study": ..., "effect": ...})`` gives a
        three-level model; groups that are not nested are crossed.
    structures : sequence of RandomStructure
        Random effects of outcomes within studies, with their covariance matrix (UN, CS, DIAG, ID).
    moderators : mapping, DataFrame, array_like or None
        As for ``meta_regression``.
    method : str
        REML or ML.
    test : str
        z, or t with k - p degrees of freedom.
    intercept, interactions
        As for ``meta_regression``.
    level : float
        Coverage of all intervals.
    labels : iterable of str, optional
        Names of the effects.

    Returns
    -------
    PooledMultilevel
        ``profile_interval`` gives intervals of its variances, ``robust`` cluster-robust errors,
        ``predict_effects`` effects at chosen moderators.

    Raises
    ------
    BadInput
        If numbers, labels or lengths do not fit, or the covariance matrix is not positive definite.
    NotEstimable
        If the data do not determine a variance component.

    References
    ----------
    Konstantopoulos (2011), Res Synth Methods 2:61-76. Berkey et al. (1998), Stat Med 17:2537-2550.
    metafor: ``rma.mv(yi, V, mods=, random = list(~ 1 | study/effect, ~ outcome | study))``.

    Examples
    --------
    >>> from evidence.synthesis.inputs import nested
    >>> groups = nested({"study": [1, 1, 2, 2, 3], "effect": [1, 2, 3, 4, 5]})
    >>> fit = pool_multilevel([0.1, 0.3, 0.5, 0.6, 0.2], [0.03, 0.03, 0.05, 0.04, 0.02], groups)
    >>> [effect.name for effect in fit.random_effects]
    ['study', 'study/effect']
    """
    method, test = (
        _choice("method", str(method).upper(), _METHODS),
        _choice("test", test, UNSCALED_TESTS),
    )
    level = check_level(level)
    studies, v = check_covariances(yi, vi, labels)
    rows, kept = used_rows(yi, studies.yi.size)
    design = build_design(
        moderators,
        rows,
        intercept=intercept,
        interactions=interactions,
        labels=studies.labels,
        kept=kept,
    )
    terms = random_terms(random, structures, rows, kept)
    try:
        with np.errstate(over="raise", divide="raise", invalid="raise", under="ignore"):
            return _fit(studies, v, design, terms, method, test, level)
    except (ArithmeticError, np.linalg.LinAlgError) as failure:
        raise NotEstimable(
            f"A multilevel model of {studies.yi.size} effects left the range of double precision: "
            f"effects up to {np.abs(studies.yi).max():.3g}, variances {studies.vi.min():.3g} to "
            f"{studies.vi.max():.3g}. Check the variances, or give the effects in another unit."
        ) from failure


def _choice(kind: str, name: str, known: Sequence[str]) -> str:
    known_name(f"{kind} of a multilevel model", name, known)
    return name


def _fit(
    studies: Studies,
    v: FloatArray,
    design: Design,
    terms: tuple[RandomTerm, ...],
    method: str,
    test: str,
    level: float,
) -> PooledMultilevel:
    """Maximise the likelihood, and put the record together."""
    restricted = method == "REML"
    model = MixedModel(studies.yi, v, design.matrix, terms, restricted=restricted)
    parameters = np.empty(0)
    if terms:
        model.check_identified()
        parameters = _snapped(model, model.maximise().parameters)
    marginal = v + (model.marginal(parameters) - model.v) * model.scale**2
    fit, sampling = (fit_general(studies.yi, m, design.matrix) for m in (marginal, v))
    residual_df = studies.yi.size - design.matrix.shape[1]
    test_df = SUMMARY_TESTS[test].df(residual_df)
    table = coefficient_table(design.names, fit.coefficients, fit.vcov, test_df, level)
    effects = _random_effects(model, parameters, residual_df / float(np.trace(sampling.projection)))
    for array in (marginal, v, parameters):
        read_only(array)
    return PooledMultilevel(
        coefficients=table,
        moderator_test=wald_test(table, design.tested, test_df) if design.tested else None,
        random_effects=effects,
        q=sampling.rss,
        q_df=residual_df,
        q_p=chi_squared_p(sampling.rss, residual_df),
        i2=_total(effects),
        fit=_fit_statistics(fit, sampling, design.matrix, len(model.names), restricted=restricted),
        residual_df=residual_df,
        design=design,
        yi=studies.yi,
        vi=v,
        marginal=marginal,
        labels=studies.labels,
        measure=studies.measure,
        method=method,
        test=test,
        level=level,
        terms=terms,
        parameters=parameters,
        scale=model.scale,
        decisions=(*studies.decisions, *_decisions(effects)),
    )


def _snapped(model: MixedModel, parameters: FloatArray) -> FloatArray:
    """Parameters with standard deviations of rounding size set to 0."""
    parts = []
    for term, own in zip(model.terms, model.split(parameters), strict=True):
        plain = term.kind in ("ID", "DIAG")
        parts.append(np.where(np.abs(own) < _ZERO, 0.0, np.abs(own)) if plain else own)
    return np.concatenate(parts)


def _beyond_rounding(covariance: FloatArray) -> FloatArray:
    """Covariance matrix in scaled units, without the levels whose variance is rounding."""
    held = np.diagonal(covariance) >= _ZERO**2
    return np.where(held[:, None] & held, covariance, 0.0)


def _random_effects(
    model: MixedModel, parameters: FloatArray, typical: float
) -> tuple[RandomEffect, ...]:
    """Variance components in units of the effects, with I2 if all are random intercepts."""
    parts = model.split(parameters)
    pairs = zip(model.terms, parts, strict=True)
    found = [_beyond_rounding(term.covariance(own)) for term, own in pairs]
    covariances = [matrix * model.scale**2 for matrix in found]
    plain = all(term.kind == "ID" for term in model.terms)
    total = typical + float(sum(matrix[0, 0] for matrix in covariances))
    for matrix in covariances:
        read_only(matrix)
    return tuple(
        RandomEffect(
            name=term.name,
            kind=term.kind,
            levels=term.levels,
            groups=term.groups,
            covariance=matrix,
            i2=float(matrix[0, 0]) / total if plain else None,
        )
        for term, matrix in zip(model.terms, covariances, strict=True)
    )


def _total(effects: Sequence[RandomEffect]) -> float | None:
    shares = [effect.i2 for effect in effects]
    return None if None in shares else math.fsum(cast("list[float]", shares))


def _fit_statistics(
    fit: GeneralFit, sampling: GeneralFit, design: FloatArray, components: int, *, restricted: bool
) -> FitStatistics:
    k, p = design.shape
    size = k - p if restricted else k
    value = size * math.log(2 * math.pi) + fit.log_det + fit.rss
    if restricted:
        triangle = np.linalg.qr(design)[1]
        value += fit.log_det_information - 2 * float(np.sum(np.log(np.abs(np.diagonal(triangle)))))
    return information_criteria(
        -0.5 * value,
        size=size,
        parameters=p + components,
        restricted=restricted,
        saturated=-0.5 * (k * math.log(2 * math.pi) + sampling.log_det),
    )


def _decisions(effects: Sequence[RandomEffect]) -> list[str]:
    """Components at the edge of what is possible."""
    sentences = []
    if not effects:
        sentences.append("There is no random effect: sampling covariances are the whole variance.")
    for effect in effects:
        for level, variance in zip(effect.levels, effect.variances, strict=True):
            if variance == 0.0:
                where = f" ({level})" if level else ""
                sentences.append(f"The variance of {effect.name}{where} is estimated as 0.")
        pairs = np.argwhere(np.triu(np.abs(effect.correlations) > 1.0 - 1e-9, 1))
        sentences += [
            f"{effect.name}: the correlation of {effect.levels[i]} and {effect.levels[j]} is at "
            f"its limit ({effect.correlations[i, j]:.0f})."
            for i, j in pairs
        ]
    return sentences
