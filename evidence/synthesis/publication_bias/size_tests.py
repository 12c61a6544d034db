"""Small-study effects against the sizes of the studies: tests that use totals of the arms.

With events, the standard error depends on the effect itself, so Egger's test rejects too often.
These tests regress the effects on sizes, which do not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

import numpy as np
import numpy.typing as npt

from evidence.arrays import FloatArray
from evidence.double_precision import studies_in_double_precision
from evidence.errors import known_name
from evidence.input_checks import InputCheck
from evidence.synthesis.inputs.studies import (
    HoldsStudies,
    Studies,
    StudyInput,
    check_studies,
    has_effects,
)
from evidence.synthesis.numerics.distributions import check_level
from evidence.synthesis.pairwise.fit_settings import takes_fit
from evidence.synthesis.publication_bias.funnel_regression import (
    FEWEST_STUDIES,
    FunnelRegressionTest,
    Scatter,
    regress,
    require_studies,
)
from evidence.synthesis.publication_bias.regression_tests import sizes


@takes_fit("level")
@studies_in_double_precision("Peters' test")
def peters_test(
    yi: StudyInput,
    *,
    events: npt.ArrayLike,
    ni: npt.ArrayLike,
    level: float = 0.95,
    min_studies: int = FEWEST_STUDIES,
    labels: Sequence[str] | None = None,
) -> FunnelRegressionTest:
    """Peters' test: log odds ratios on 1 / sample size, weighted by ``events others / n``.

    Parameters
    ----------
    yi : array_like, shape (k,), EffectSizes, or PooledEffect
        Log odds ratios (or log risk ratios).
    events, ni : array_like, shape (k,)
        Events and participants of both arms together, for each study that has an effect.
    level, min_studies, labels
        As for ``regression_test``.

    Raises
    ------
    TooFewStudies, BadInput, EmptySelection, NotEstimable
        As for ``regression_test``.

    References
    ----------
    Peters et al. (2006), JAMA 295:676-680.
    meta: ``metabias(metabin(...), method.bias = "Peters")``.
    """
    asked, studies, level = "Peters' test", _effects(yi, labels), check_level(level)
    cautions = require_studies(asked, studies.yi.size, min_studies)
    size = sizes(asked, studies, events=events, ni=ni)
    others = size["ni"] - size["events"]
    check = InputCheck(asked, studies.labels)
    check.where(others <= 0.0, "everyone has the event, so the study has no weight")
    check.refuse("Leave out the study.")
    weights = size["events"] * others / size["ni"]
    x = {"1 / sample size": 1.0 / size["ni"]}
    return _line_test(asked, studies, x, weights, level, cautions)


@takes_fit("level")
@studies_in_double_precision("Deeks' test")
def deeks_test(
    yi: StudyInput,
    *,
    n1i: npt.ArrayLike,
    n2i: npt.ArrayLike,
    level: float = 0.95,
    min_studies: int = FEWEST_STUDIES,
    labels: Sequence[str] | None = None,
) -> FunnelRegressionTest:
    """Deeks' test for diagnostic odds ratios: on 1 / root of the effective sample size.

    Parameters
    ----------
    yi : array_like, shape (k,), EffectSizes, or PooledEffect
        Log diagnostic odds ratios.
    n1i, n2i : array_like, shape (k,)
        Participants with and without the disease, for each study that has an effect.
    level, min_studies, labels
        As for ``regression_test``.

    Raises
    ------
    TooFewStudies, BadInput, EmptySelection, NotEstimable
        As for ``regression_test``.

    References
    ----------
    Deeks, Macaskill & Irwig (2005), J Clin Epidemiol 58:882-893.
    meta: ``metabias(metabin(...), method.bias = "Deeks")``.
    """
    asked, studies, level = "Deeks' test", _effects(yi, labels), check_level(level)
    cautions = require_studies(asked, studies.yi.size, min_studies)
    n = sizes(asked, studies, n1i=n1i, n2i=n2i)
    effective = 4.0 * n["n1i"] * n["n2i"] / (n["n1i"] + n["n2i"])
    x = {"1 / root of the effective sample size": effective**-0.5}
    return _line_test(asked, studies, x, effective, level, cautions)


@takes_fit("level")
@studies_in_double_precision("Debray's test")
def debray_test(
    yi: StudyInput,
    vi: npt.ArrayLike | None = None,
    *,
    d1i: npt.ArrayLike,
    d2i: npt.ArrayLike,
    variance: str = "inverse",
    level: float = 0.95,
    min_studies: int = FEWEST_STUDIES,
    labels: Sequence[str] | None = None,
) -> FunnelRegressionTest:
    """Debray's test for survival: log hazard ratios on 1 / total number of events.

    Parameters
    ----------
    yi : array_like, shape (k,), EffectSizes, or PooledEffect
        Log hazard ratios.
    vi : array_like, shape (k,), or None
        Sampling variances; None if ``yi`` holds them.
    d1i, d2i : array_like, shape (k,)
        Events of both arms.
    variance : str
        "inverse", weights 1 / vi (D-FIV); "approximate", weights from the events (D-FAV).
    level, min_studies, labels
        As for ``regression_test``.

    Raises
    ------
    TooFewStudies, BadInput, EmptySelection, NotEstimable, UnknownName
        As for ``regression_test``.

    References
    ----------
    Debray, Moons & Riley (2018), Res Synth Methods 9:41-50.
    metamisc: ``fat(b, b.se, d.total=, d1=, d2=, method = "D-FIV")`` and "D-FAV".
    """
    known_name("variance of Debray's test", variance, ("inverse", "approximate"))
    asked, studies, level = "Debray's test", check_studies(yi, vi, labels), check_level(level)
    cautions = require_studies(asked, studies.yi.size, min_studies)
    d = sizes(asked, studies, d1i=d1i, d2i=d2i)
    total = d["d1i"] + d["d2i"]
    weights = 1.0 / studies.vi if variance == "inverse" else d["d1i"] * d["d2i"] / total
    return _line_test(asked, studies, {"1 / events": 1.0 / total}, weights, level, cautions)


def _line_test(
    asked: str,
    studies: Studies,
    x: Mapping[str, FloatArray],
    weights: FloatArray,
    level: float,
    cautions: Sequence[str],
) -> FunnelRegressionTest:
    """Weighted line of the effects on one predictor, which ``x`` has by its name."""
    ((predictor, values),) = x.items()
    return regress(
        asked,
        studies.yi,
        values,
        weights,
        predictor=predictor,
        scatter=Scatter(model="lm"),
        has_limit=True,
        level=level,
        decisions=(*studies.decisions, *cautions),
    )


def _effects(yi: StudyInput, labels: Sequence[str] | None) -> Studies:
    """Studies of which only the effects matter."""
    if isinstance(yi, HoldsStudies) or has_effects(yi):
        return check_studies(yi, None, labels)
    check = InputCheck("A test of the funnel")
    effects = check.array("yi", cast(npt.ArrayLike, yi))
    check.refuse()
    return check_studies(effects, np.ones_like(effects), labels)
