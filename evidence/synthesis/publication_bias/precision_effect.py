"""PET-PEESE: the effect that a line, or a parabola, through the funnel leaves for no error."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy.typing as npt

from evidence.double_precision import studies_in_double_precision
from evidence.errors import BadInput
from evidence.input_checks import real_number
from evidence.results import Result
from evidence.synthesis.inputs.studies import StudyInput, check_studies
from evidence.synthesis.numerics.distributions import critical_value, two_sided_p
from evidence.synthesis.pairwise.fit_settings import takes_fit
from evidence.synthesis.publication_bias.funnel_regression import (
    FEWEST_STUDIES,
    FunnelRegressionTest,
)
from evidence.synthesis.publication_bias.regression_tests import regression_test

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True, kw_only=True)
class PooledPetPeese(Result):
    """Effect at infinite precision; a sensitivity analysis, not a correction.

    Attributes
    ----------
    estimate, se, ci_low, ci_high, level : float
        Intercept of the regression that was chosen, with its interval.
    p_value : float
        Two-sided, against no effect.
    chosen : str
        "PET", effects on standard errors, or "PEESE", effects on sampling variances.
    pet, peese : FunnelRegressionTest
        Both regressions.
    pet_p : float
        Two-sided p-value of the intercept of PET, which decides.
    alpha : float
        PEESE is chosen when it is below this.
    decisions : tuple of str
        Why, in sentences.
    """

    estimate: float
    se: float
    ci_low: float
    ci_high: float
    level: float
    p_value: float
    chosen: str
    pet: FunnelRegressionTest
    peese: FunnelRegressionTest
    pet_p: float
    alpha: float
    decisions: tuple[str, ...]

    def to_frame(self) -> pd.DataFrame:
        """Two rows, PET and PEESE, with the one that was chosen marked."""
        import pandas as pd

        both = pd.concat([self.pet.to_frame(), self.peese.to_frame()], ignore_index=True)
        names = pd.Series(["PET", "PEESE"])
        return both.assign(name=names, chosen=names == self.chosen).set_index("name")


@takes_fit("level")
@studies_in_double_precision("PET-PEESE")
def pet_peese(
    yi: StudyInput,
    vi: npt.ArrayLike | None = None,
    *,
    alpha: float = 0.10,
    level: float = 0.95,
    min_studies: int = FEWEST_STUDIES,
    labels: Iterable[str] | None = None,
) -> PooledPetPeese:
    """Conditional estimator of the effect without small-study bias.

    Parameters
    ----------
    yi : array_like, shape (k,), EffectSizes, or PooledEffect
        Effects; ratios on the log scale.
    vi : array_like, shape (k,), or None
        Sampling variances; None if ``yi`` holds them.
    alpha : float
        PEESE is used when the two-sided p-value of PET's intercept is below this, otherwise PET.
    level : float
        Coverage of the intervals.
    min_studies : int
        Fewest studies; 10 are advised, 3 the least possible.
    labels : iterable of str, optional
        Names of the studies.

    Raises
    ------
    TooFewStudies, BadInput, EmptySelection, NotEstimable
        As for ``regression_test``.

    References
    ----------
    Stanley & Doucouliagos (2014), Res Synth Methods 5:60-78.
    metafor: ``regtest(res, model="lm")`` and ``regtest(res, model="lm", predictor="vi")``.
    """
    if not 0.0 < real_number(alpha) < 1.0:
        raise BadInput(f"PET-PEESE at alpha {alpha!r:.80} was asked for. Give one such as 0.10.")
    studies = check_studies(yi, vi, labels)
    pet, peese = (
        regression_test(
            studies.yi,
            studies.vi,
            predictor=predictor,
            model="lm",
            level=level,
            min_studies=min_studies,
            labels=studies.labels,
        )
        for predictor in ("sei", "vi")
    )
    pet_p = two_sided_p(pet.intercept / pet.intercept_se, pet.df)
    use_peese = pet_p < alpha
    line, name = (peese, "PEESE") if use_peese else (pet, "PET")
    half = critical_value(line.level, line.df) * line.intercept_se
    relation = "below" if use_peese else "not below"
    reason = (
        f"{name} was chosen: the p-value of PET's intercept, {pet_p:.3g}, is {relation} {alpha:g}."
    )
    return PooledPetPeese(
        estimate=line.intercept,
        se=line.intercept_se,
        ci_low=line.intercept - half,
        ci_high=line.intercept + half,
        level=line.level,
        p_value=two_sided_p(line.intercept / line.intercept_se, line.df),
        chosen=name,
        pet=pet,
        peese=peese,
        pet_p=pet_p,
        alpha=alpha,
        decisions=(*studies.decisions, *pet.decisions, reason),
    )
