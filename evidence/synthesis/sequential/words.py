"""The definitions behind a trial sequential analysis, and what is special about its data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from evidence.synthesis.inputs.study_order import TIES, StudyOrder
from evidence.synthesis.pairwise.policies import Plan, describe_method
from evidence.synthesis.pairwise.summary_tests import SUMMARY_TESTS
from evidence.synthesis.sequential.information import ADJUSTMENTS, INFORMATION, AnticipatedEffect
from evidence.synthesis.sequential.records import SequentialLook
from evidence.synthesis.sequential.spending import SPENDING

#: Direction of benefit, in words.
BENEFIT: Final = {
    "below": "effects below 0 favour the treatment",
    "above": "effects above 0 favour the treatment",
}
#: Fewer studies than this estimate heterogeneity so badly that a remark says so.
_FEW: Final = 5


def definitions_of(
    effect: AnticipatedEffect,
    plan: Plan,
    tests: Sequence[str],
    source: str,
    information: str,
    ties: str,
    spending: str,
    futility: str | None,
    benefit: str,
) -> dict[str, str]:
    """What each choice means, by what is chosen.

    Parameters
    ----------
    effect : AnticipatedEffect
        What shall be detected.
    plan : Plan
        Model of the summaries.
    tests : sequence of str
        Their tests.
    source, information, ties, spending, futility, benefit
        Names of the choices.
    """
    used = "; ".join(SUMMARY_TESTS[name].words for name in dict.fromkeys(tests))
    return {
        "anticipated effect": effect.words,
        "model": f"{describe_method(plan.method)}, estimated anew at each look",
        "test": f"{used}; a t value counts as the normal value with its p-value",
        "information": f"{INFORMATION[information]}; what the studies give is not reduced for "
        "heterogeneity, the required information is raised instead",
        "required information": "for one two-sided test, not raised for the repeated looks",
        "heterogeneity": ADJUSTMENTS.get(source, "given share of the variance")
        + (", of all studies together" if source in ("diversity", "i2") else ""),
        "order": TIES[ties],
        "alpha spending": f"{SPENDING[spending].words}, half of alpha on each side",
        "futility": "none"
        if futility is None
        else f"{SPENDING[futility].words} of beta, non-binding, region around Z = 0",
        "after the required information": "critical value of a single test; errors of further "
        "looks are not held",
        "adjusted interval": "the boundary in place of the critical value (repeated interval)",
        "benefit": BENEFIT[benefit],
    }


def remarks_on(
    rows: Sequence[SequentialLook], looks: StudyOrder, low_bias: object, source: str
) -> list[str]:
    """Sentences on what is special about these data.

    Parameters
    ----------
    rows : sequence of SequentialLook
        The looks.
    looks : StudyOrder
        Which studies each adds.
    low_bias : object
        None if the anticipated effect does not come from the studies themselves.
    source : str
        Where the share of heterogeneity comes from.
    """
    remarks = []
    joined = [members for members in looks.added if len(members) > 1]
    if joined:
        remarks.append(f"{len(joined)} looks add several studies, which have the same date.")
    unbounded = sum(row.boundary is None for row in rows)
    if unbounded:
        remarks.append(
            f"{unbounded} of {len(rows)} looks have no finite boundary: too little information, or "
            "too little new information."
        )
    if low_bias is not None:
        remarks.append(
            "The anticipated effect comes from studies of this same meta-analysis, so that it is "
            "not independent of what it is held against."
        )
    if source in ("diversity", "i2") and rows[-1].k < _FEW:
        remarks.append(
            f"Heterogeneity is estimated from {rows[-1].k} studies; the required information can "
            "change much with the next one."
        )
    return remarks
