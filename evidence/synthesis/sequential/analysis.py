"""Trial sequential analysis: the cumulative meta-analysis against boundaries for repeated looks.

A sensitivity analysis; ``CAUTION`` says why.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from evidence.arrays import FloatArray
from evidence.double_precision import studies_in_double_precision
from evidence.errors import BadInput, EmptySelection, UnknownName, known_name
from evidence.input_checks import InputCheck, study_names
from evidence.synthesis.heterogeneity.measures import i2_from_q
from evidence.synthesis.inputs.studies import Studies, StudyInput, check_studies
from evidence.synthesis.inputs.study_order import order_studies
from evidence.synthesis.pairwise.fit_settings import takes_fit
from evidence.synthesis.pairwise.policies import Plan, make_plan
from evidence.synthesis.pairwise.pooling import pool
from evidence.synthesis.sequential.information import (
    ADJUSTMENTS,
    INFORMATION,
    AnticipatedEffect,
    anticipated_difference,
    check_share,
    diversity,
    required_drift,
    required_information,
)
from evidence.synthesis.sequential.looks import build_looks
from evidence.synthesis.sequential.records import SequentialLook, TrialSequential
from evidence.synthesis.sequential.spending import (
    SPENDING,
    Boundaries,
    efficacy_boundaries,
    futility_boundaries,
)
from evidence.synthesis.sequential.words import BENEFIT, definitions_of, remarks_on
from evidence.synthesis.stacks.series import PooledSeries, pool_sets

#: Measures that share the scale of another one.
_SAME_SCALE: Final = {"PETO": "OR"}


@takes_fit("method", "test", "policy")
@studies_in_double_precision("A trial sequential analysis")
def trial_sequential(
    yi: StudyInput,
    vi: npt.ArrayLike | None = None,
    *,
    order: npt.ArrayLike,
    anticipated: AnticipatedEffect | float | None = None,
    low_bias: Iterable[str] | None = None,
    alpha: float = 0.05,
    power: float = 0.8,
    heterogeneity: str | float = "diversity",
    information: str = "variance",
    sizes: npt.ArrayLike | None = None,
    ties: str = "together",
    spending: str = "obrien-fleming",
    futility: str | None = "obrien-fleming",
    benefit: str = "below",
    method: str | None = None,
    test: str | None = None,
    policy: str = "cochrane-2025",
    labels: Iterable[str] | None = None,
) -> TrialSequential:
    """Cumulative meta-analysis with boundaries for repeated looks; for sensitivity only.

    Parameters
    ----------
    yi : array_like, shape (k,), EffectSizes, or PooledEffect
        Effects; ratios on the log scale.
    vi : array_like, shape (k,), or None
        Sampling variances; None if ``yi`` holds them.
    order : array_like, shape (k,)
        Year or date of each study that has an effect size.
    anticipated : AnticipatedEffect or float
        What the meta-analysis shall be able to detect: ``anticipated_risk_reduction()``,
        ``anticipated_difference()``, or a number on the scale of the effects.
    low_bias : iterable of str, optional
        In place of ``anticipated``: studies at low risk of bias, whose summary is anticipated.
    alpha, power : float
        Two-sided type I error, and 1 minus the type II error.
    heterogeneity : str or float
        Share of the variance between studies that the required information is adjusted for:
        diversity (D2), i2 (from Q), none, or a number from 0 to below 1.
    information : str
        variance (the sum of 1 / vi), participants or events.
    sizes : array_like, shape (k,), optional
        Participants or events of both arms, if information is counted in them.
    ties : str
        Studies of the same date: together (one look) or as-given (one after the other).
    spending, futility : str
        Spending functions of the type I and type II error, of ``SPENDING``; no futility
        region if None.
    benefit : str
        Which sign of the effects favours the treatment: below or above 0.
    method, test, policy
        As for ``pool``; the policy chooses the test of each look anew.
    labels : iterable of str, optional
        Names of the studies.

    Raises
    ------
    EmptySelection, NotEstimable
        As for ``pool``.
    BadInput
        If numbers cannot be right, or the anticipated effect is missing, 0, or given twice.
    UnknownName
        If a name is not known.

    References
    ----------
    Wetterslev et al. (2008), J Clin Epidemiol 61:64-75. Wetterslev, Jakobsen & Gluud (2017), BMC
    Med Res Methodol 17:39. The boundaries: rpact, ``getDesignGroupSequential(typeOfDesign="asOF")``
    with the looks' fractions; the estimates: metafor, ``cumul(rma(yi, vi))``.
    """
    asked = _Asked(
        alpha=alpha,
        power=power,
        information=information,
        ties=ties,
        spending=spending,
        futility=futility,
        benefit=benefit,
    )
    drift = required_drift(alpha, power)
    plan, studies = make_plan(policy, method=method, test=test), check_studies(yi, vi, labels)
    looks = order_studies(order, studies.labels, ties)
    effect = _anticipated(anticipated, low_bias, studies, plan)
    position = [members[-1] for members in looks.added]
    series = pool_sets(
        studies, looks.present, plan, 1.0 - alpha, kind="cumulative", position=position
    )
    adjustment = _heterogeneity(heterogeneity, studies, series)
    required = asked.required(effect, adjustment.share)
    gained = _information(information, sizes, studies) @ looks.present
    efficacy, region = asked.boundaries(gained / required, drift)
    rows = build_looks(studies.labels, looks, series, gained, efficacy, region, alpha, benefit)
    remarks = remarks_on(rows, looks, low_bias, adjustment.source)
    return _result(asked, plan, studies, effect, series, adjustment, required, rows, remarks)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """The choices of an analysis; those with names are known."""

    alpha: float
    power: float
    information: str
    ties: str
    spending: str
    futility: str | None
    benefit: str

    def __post_init__(self) -> None:
        known_name("kind of information", self.information, INFORMATION)
        known_name("direction of benefit", self.benefit, BENEFIT)
        if self.futility is not None:
            known_name("spending function", self.futility, SPENDING)

    def required(self, effect: AnticipatedEffect, share: float) -> float:
        """Information that detects the effect, adjusted for a share between the studies."""
        return required_information(
            effect,
            alpha=self.alpha,
            power=self.power,
            information=self.information,
            heterogeneity=share,
        )

    def boundaries(
        self, fractions: FloatArray, drift: float
    ) -> tuple[Boundaries, Boundaries | None]:
        """Boundaries of efficacy and of futility at fractions of the required information."""
        efficacy = efficacy_boundaries(fractions.tolist(), alpha=self.alpha, spending=self.spending)
        if self.futility is None:
            return efficacy, None
        return efficacy, futility_boundaries(
            efficacy, beta=1.0 - self.power, drift=drift, spending=self.futility
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Adjustment:
    """Share of the variance to adjust for, where it comes from, and the shares of the studies."""

    share: float
    source: str
    diversity: float
    i2: float


def _result(
    asked: _Asked,
    plan: Plan,
    studies: Studies,
    effect: AnticipatedEffect,
    series: PooledSeries,
    adjustment: _Adjustment,
    required: float,
    rows: tuple[SequentialLook, ...],
    remarks: Sequence[str],
) -> TrialSequential:
    first = next((i for i, row in enumerate(rows) if row.conclusion != "none"), None)
    last = rows[-1]
    return TrialSequential(
        looks=rows,
        required=required,
        required_unadjusted=asked.required(effect, 0.0),
        information=asked.information,
        delta=effect.delta,
        alpha=asked.alpha,
        power=asked.power,
        heterogeneity=adjustment.share,
        heterogeneity_source=adjustment.source,
        diversity=adjustment.diversity,
        i2_q=adjustment.i2,
        tau2=float(series.tau2[-1]),
        benefit=asked.benefit,
        stopped_at=first,
        stopped_for="none" if first is None else rows[first].conclusion,
        crossed_at=next((i for i, row in enumerate(rows) if row.crossed), None),
        conclusion=last.conclusion,
        estimate=last.estimate,
        adjusted_low=last.adjusted_low,
        adjusted_high=last.adjusted_high,
        method=plan.method,
        policy=plan.policy.name,
        measure=studies.measure,
        definitions=definitions_of(
            effect,
            plan,
            series.tests,
            adjustment.source,
            asked.information,
            asked.ties,
            asked.spending,
            asked.futility,
            asked.benefit,
        ),
        decisions=(*studies.decisions, *plan.sentences, *remarks),
    )


def _anticipated(
    anticipated: AnticipatedEffect | float | None,
    low_bias: Iterable[str] | None,
    studies: Studies,
    plan: Plan,
) -> AnticipatedEffect:
    """The effect to detect, given or from the studies at low risk of bias."""
    if (anticipated is None) == (low_bias is None):
        raise BadInput(
            "A trial sequential analysis needs one anticipated effect. Give anticipated= (such as "
            "anticipated_risk_reduction(0.2, control_risk=0.1)) or low_bias= (labels), not both."
        )
    if isinstance(anticipated, AnticipatedEffect):
        scales = anticipated.measure, _SAME_SCALE.get(studies.measure or "", studies.measure)
        if None not in scales and scales[0] != scales[1]:
            raise BadInput(
                f"The anticipated effect is on the scale of {scales[0]} ({anticipated.words}), and "
                f"the effects are {studies.measure}. Anticipate an effect on their scale."
            )
        return anticipated
    if anticipated is not None:
        return anticipated_difference(anticipated)
    chosen = tuple(dict.fromkeys(study_names(low_bias)))
    for name in chosen:
        if name not in studies.labels:
            raise UnknownName("study at low risk of bias", name, studies.labels)
    if not chosen:
        raise EmptySelection("The studies at low risk of bias were to be pooled; none was named.")
    kept = [studies.labels.index(name) for name in chosen]
    found = pool(studies.yi[kept], studies.vi[kept], method=plan.method, test="z")
    words = f"summary of {len(kept)} studies at low risk of bias, {found.estimate:.4g}"
    return AnticipatedEffect(delta=found.estimate, words=words)


def _heterogeneity(asked: str | float, studies: Studies, series: PooledSeries) -> _Adjustment:
    """What the required information is adjusted for."""
    k, tau2, q = int(series.k[-1]), float(series.tau2[-1]), float(series.q[-1])
    shares = {
        "diversity": diversity(studies.vi, tau2),
        "i2": i2_from_q(q, k - 1) if k > 1 else 0.0,
    }
    if isinstance(asked, str):
        known_name("adjustment for heterogeneity", asked, ADJUSTMENTS)
        return _Adjustment(share={**shares, "none": 0.0}[asked], source=asked, **shares)
    return _Adjustment(share=check_share(asked), source="given", **shares)


def _information(information: str, sizes: npt.ArrayLike | None, studies: Studies) -> FloatArray:
    """Information of each study, shape (k,)."""
    if (information == "variance") != (sizes is None):
        raise BadInput(
            f"Information is counted in {information}, and sizes were "
            f"{'not ' if sizes is None else ''}given. Give sizes= with participants or events."
        )
    if sizes is None:
        return np.asarray(1.0 / studies.vi)
    check = InputCheck(f"Counting information in {information}", studies.labels)
    (counts,) = check.numbers(sizes=sizes)
    if counts.shape != studies.yi.shape:
        check.problems.append(f"sizes has {counts.size} values for {studies.yi.size} studies")
    else:
        check.where(counts <= 0.0, "sizes is {}; a study counts with more than 0", counts)
    check.refuse()
    return counts
