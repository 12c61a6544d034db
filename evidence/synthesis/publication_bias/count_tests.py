"""Small-study effects in 2x2 tables: tests that use all four counts of the studies.

With events, the standard error depends on the effect itself, so Egger's test rejects too often.
These tests take a measure of precision that does not.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from evidence.arrays import BoolArray, FloatArray
from evidence.double_precision import studies_in_double_precision
from evidence.effects.zero_cells import ZeroCellRule
from evidence.errors import NotEstimable, known_name
from evidence.input_checks import InputCheck, study_names
from evidence.synthesis.numerics.distributions import check_level
from evidence.synthesis.numerics.hypergeometric import NoncentralHypergeometric
from evidence.synthesis.numerics.kendall import RankTest, kendall_test
from evidence.synthesis.publication_bias.funnel_regression import (
    FEWEST_STUDIES,
    FunnelRegressionTest,
    Scatter,
    regress,
    require_studies,
)

Table = tuple[FloatArray, FloatArray, FloatArray, FloatArray]


@studies_in_double_precision("Harbord's test")
def harbord_test(
    ai: npt.ArrayLike,
    n1i: npt.ArrayLike,
    ci: npt.ArrayLike,
    n2i: npt.ArrayLike,
    *,
    measure: str = "OR",
    equal_arms: bool = False,
    level: float = 0.95,
    min_studies: int = FEWEST_STUDIES,
    labels: Sequence[str] | None = None,
) -> FunnelRegressionTest:
    """Harbord's test: regression of score over information on the root of the information.

    Studies without events, or with nothing but events, in both arms are left out.

    Parameters
    ----------
    ai, n1i, ci, n2i : array_like, shape (k,)
        Events and participants of both arms.
    measure : str
        OR or RR.
    equal_arms : bool
        Of RR: take ``n1 n2 / N`` in the information for ``N / 4``, as R's meta does.
    level, min_studies, labels
        As for ``regression_test``.

    Raises
    ------
    TooFewStudies, BadInput, NotEstimable, UnknownName
        As for ``regression_test``.

    References
    ----------
    Harbord, Egger & Sterne (2006), Stat Med 25:3443-3457 (OR).
    Harbord, Harris & Sterne (2009), Stata J 9:197-210 (RR).
    meta: ``metabias(metabin(...), method.bias = "Harbord")``.
    """
    known_name("measure of Harbord's test", measure, ("OR", "RR"))
    level = check_level(level)
    (a, n1, c, n2), notes = _tables("Harbord's test", (ai, n1i, ci, n2i), labels, min_studies)
    total, events = n1 + n2, a + c
    others = total - events
    if measure == "OR":
        score = a - events * n1 / total
        information = n1 * n2 * events * others / (total**2 * (total - 1))
    else:
        score = (a * total - events * n1) / others
        information = (total / 4 if equal_arms else n1 * n2 / total) * events / others
    return regress(
        "Harbord's test",
        score / information,
        information**-0.5,
        information,
        predictor="1 / root of the information",
        scatter=Scatter(model="lm"),
        has_limit=True,
        level=level,
        decisions=notes,
    )


@studies_in_double_precision("Schwarzer's test")
def schwarzer_test(
    ai: npt.ArrayLike,
    n1i: npt.ArrayLike,
    ci: npt.ArrayLike,
    n2i: npt.ArrayLike,
    *,
    add: float = 0.5,
    exact: bool | None = None,
    min_studies: int = FEWEST_STUDIES,
    labels: Sequence[str] | None = None,
) -> RankTest:
    """Schwarzer's test: rank correlation of standardised cell counts with their precision.

    Mean and variance of the events of arm 1 are those of the noncentral hypergeometric
    distribution at the Mantel-Haenszel odds ratio. Studies without events, or with nothing but
    events, in both arms are left out.

    Parameters
    ----------
    ai, n1i, ci, n2i : array_like, shape (k,)
        Events and participants of both arms.
    add : float
        Added to the cells of tables with an empty one, for the Mantel-Haenszel odds ratio.
    exact, min_studies, labels
        As for ``rank_test``.

    Raises
    ------
    TooFewStudies, BadInput, NotEstimable
        As for ``rank_test``.

    References
    ----------
    Schwarzer, Antes & Schumacher (2007), Stat Med 26:721-733.
    meta: ``metabias(metabin(...), method.bias = "Schwarzer")`` (exact=False).
    """
    name = "Schwarzer's test"
    rule = ZeroCellRule(add=add, to="only0")
    (a, n1, c, n2), notes = _tables(name, (ai, n1i, ci, n2i), labels, min_studies)
    cells = np.array([a, n1 - a, c, n2 - c])
    cells = cells + add * rule.corrected(list(cells), np.zeros(a.size, dtype=bool))
    total = cells.sum(axis=0)
    concordant, discordant = (
        np.sum(cells[0] * cells[3] / total),
        np.sum(cells[1] * cells[2] / total),
    )
    if concordant <= 0.0 or discordant <= 0.0:
        raise NotEstimable(
            f"{name} needs a Mantel-Haenszel odds ratio, and one arm has no event in any study. "
            "Use add=0.5."
        )
    log_odds_ratio = np.full(a.size, np.log(concordant / discordant))
    _, mean, variance = NoncentralHypergeometric(n1, n2, a + c).cumulants(log_odds_ratio)
    deviation = (a - mean) / np.sqrt(variance)
    return kendall_test(name, deviation, 1.0 / variance, exact=exact, decisions=notes)


def _tables(
    asked: str,
    given: tuple[npt.ArrayLike, npt.ArrayLike, npt.ArrayLike, npt.ArrayLike],
    labels: Sequence[str] | None,
    min_studies: int,
) -> tuple[Table, tuple[str, ...]]:
    """Tables that say something about a ratio, and notes on those that do not."""
    names = None if labels is None else study_names(labels)
    check = InputCheck(asked, names or ())
    arrays = check.numbers(**dict(zip(("ai", "n1i", "ci", "n2i"), given, strict=True)))
    a, n1, c, n2 = (np.array(array, ndmin=1) for array in arrays)
    if len({array.shape for array in (a, n1, c, n2)}) > 1 or a.ndim != 1:
        check.problems.append("ai, n1i, ci and n2i differ in length")
    if names is not None and len(names) != len(a):
        check.problems.append(f"there are {len(names)} labels for {len(a)} studies")
    if check.problems:
        check.refuse("Give one number, and one label, for each study.")
    for events, participants, arm in ((a, n1, 1), (c, n2, 2)):
        check.where(participants <= 0.0, f"n{arm}i is {{}}; it is above 0", participants)
        check.where(events < 0.0, f"events of arm {arm} are {{}}", events)
        check.where(events > participants, f"arm {arm} has more events than participants")
    check.where(
        (a % 1 != 0) | (c % 1 != 0) | (n1 % 1 != 0) | (n2 % 1 != 0), "a count is not a whole number"
    )
    check.refuse("Correct the numbers at their source.")
    kept = (a + c > 0) & (a + c < n1 + n2)
    notes = _left_out(kept, names)
    cautions = require_studies(asked, int(kept.sum()), min_studies)
    return (a[kept], n1[kept], c[kept], n2[kept]), (*notes, *cautions)


def _left_out(kept: BoolArray, labels: Sequence[str] | None) -> tuple[str, ...]:
    names = labels or [f"study {i + 1}" for i in range(kept.size)]
    return tuple(
        f"{name} was left out: no event, or nothing but events, in both arms."
        for name, keep in zip(names, kept, strict=True)
        if not keep
    )
