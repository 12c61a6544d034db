"""What a trial sequential analysis holds: the looks, their boundaries, and the conclusions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from evidence.results import Result, columns_of, frame_of

if TYPE_CHECKING:
    import pandas as pd

#: What a look says, in words.
CONCLUSIONS: Final = {
    "benefit": "Z crossed the boundary for benefit",
    "harm": "Z crossed the boundary for harm",
    "futility": "Z is inside the futility region: the anticipated effect is unlikely",
    "required-size-reached": "the required information was reached, and no boundary was crossed",
    "none": "the required information was not reached, and no boundary was crossed",
}
#: Why this is no main analysis.
CAUTION: Final = (
    "Sensitivity analysis only: it is no ground for a main conclusion. The looks were not planned, "
    "and nobody was bound to stop at a boundary. The required information rests on an anticipated "
    "effect that somebody chose and on heterogeneity that few studies estimate badly; another "
    "choice can move every boundary. The boundaries presume a Z with independent normal "
    "increments, which a random-effects mean whose tau2 is estimated anew at each look has only "
    "roughly. Bias in the studies is not looked at. The Cochrane Handbook (chapter 22) discourages "
    "sequential methods for updated meta-analyses in most circumstances."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SequentialLook:
    """The meta-analysis after the studies of one date were added, on the scale of the effects.

    Attributes
    ----------
    studies : tuple of str
        Studies that were added at this look.
    order : str
        Their date, year or place.
    k : int
        Studies so far.
    information, fraction : float
        Information so far, and its share of the required information.
    estimate, se : float
        Summary and the standard error behind its test.
    test : str
        One of ``SUMMARY_TESTS`` of room pairwise.
    z : float
        Standard normal value with the sign and the two-sided p-value of the test.
    boundary : float or None
        Boundary of |z|; None if nothing finite crosses, and ``boundary_code`` says why.
    boundary_code : str
        spending, infinite, no-step, or conventional (after the required information was reached,
        the critical value of a single test).
    futility : float or None
        Boundary of |z| below which the anticipated effect is given up; None if there is none,
        and ``futility_code`` says why.
    futility_code : str
        spending, infinite, no-step, below-zero, spent or not-asked.
    alpha_spent : float
        Two-sided type I error spent so far.
    ci_low, ci_high : float
        Interval at coverage 1 - alpha, as if this were the only look.
    adjusted_low, adjusted_high : float or None
        Repeated interval: the boundary takes the place of the critical value; None without one.
    conclusion : str
        benefit, harm, futility, required-size-reached or none, at this look by itself.
    """

    studies: tuple[str, ...]
    order: str
    k: int
    information: float
    fraction: float
    estimate: float
    se: float
    test: str
    z: float
    boundary: float | None
    boundary_code: str
    futility: float | None
    futility_code: str
    alpha_spent: float
    ci_low: float
    ci_high: float
    adjusted_low: float | None
    adjusted_high: float | None
    conclusion: str

    @property
    def crossed(self) -> bool:
        """Whether Z crossed a boundary that keeps the type I error over all looks."""
        return self.boundary_code == "spending" and self.conclusion in ("benefit", "harm")


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialSequential(Result):
    """Trial sequential analysis of a meta-analysis; a sensitivity analysis.

    Attributes
    ----------
    looks : tuple of SequentialLook
        The cumulative meta-analysis.
    required, required_unadjusted : float
        Required information with and without the adjustment for heterogeneity.
    information : str
        What it is counted in: variance, participants or events.
    delta : float
        Anticipated effect on the scale of the effects.
    alpha, power : float
        Two-sided type I error, and 1 minus the type II error.
    heterogeneity : float
        Share of the variance between studies that the required information was adjusted for.
    heterogeneity_source : str
        diversity, i2, none or given.
    diversity, i2_q : float
        D2, and I2 from Q, of all studies; 0 for one study.
    tau2 : float
        Between-study variance of all studies; 0 for one study.
    benefit : str
        Sign of the effects that favours the treatment: below or above 0.
    stopped_at : int or None
        First look (from 0) with a conclusion; a trial would have ended there.
    stopped_for : str
        Its conclusion, or none.
    crossed_at : int or None
        First look (from 0) that crossed a boundary for benefit or harm within the type I error,
        also after a look inside the futility region, which binds nobody.
    conclusion : str
        Conclusion at the last look.
    estimate : float
        Summary of all studies.
    adjusted_low, adjusted_high : float or None
        Its repeated interval, None if no boundary is finite.
    method, policy : str
        Estimator of tau2 and policy of the meta-analyses.
    measure : str or None
        Effect measure.
    definitions : mapping of str to str
        What each choice means.
    decisions : tuple of str
        What was done to the data, and what is special about these.
    caution : str
        Why this is a sensitivity analysis.
    """

    looks: tuple[SequentialLook, ...]
    required: float
    required_unadjusted: float
    information: str
    delta: float
    alpha: float
    power: float
    heterogeneity: float
    heterogeneity_source: str
    diversity: float
    i2_q: float
    tau2: float
    benefit: str
    stopped_at: int | None
    stopped_for: str
    crossed_at: int | None
    conclusion: str
    estimate: float
    adjusted_low: float | None
    adjusted_high: float | None
    method: str
    policy: str
    measure: str | None
    definitions: Mapping[str, str]
    decisions: tuple[str, ...]
    caution: str = CAUTION

    def to_frame(self) -> pd.DataFrame:
        """One row for each look; a boundary that is not there is missing (NA), with its code."""
        frame = frame_of(self.looks, columns_of(SequentialLook), {"studies": "; "})
        gaps = ["boundary", "futility", "adjusted_low", "adjusted_high"]
        frame[gaps] = frame[gaps].astype("Float64")
        return frame

    def __str__(self) -> str:
        """Short printed summary."""
        last = self.looks[-1]
        level = f"{100 * (1 - self.alpha):g}%"
        if self.adjusted_low is None:
            interval = f"the {level} interval has no finite bounds"
        else:
            interval = (
                f"adjusted {level} interval {self.adjusted_low:.4g} to {self.adjusted_high:.4g}"
            )
        lines = [
            f"Trial sequential analysis of {last.k} studies in {len(self.looks)} looks "
            "(sensitivity analysis)",
            f"  required information {self.required:.4g} ({self.information}), reached "
            f"{100 * last.fraction:.1f}%",
            f"  estimate {self.estimate:.4g}, {interval}",
            f"  last look: {CONCLUSIONS[self.conclusion]}",
        ]
        if self.stopped_at is not None:
            first = self.looks[self.stopped_at]
            lines.append(
                f"  first conclusion after {first.k} studies ({first.order}): "
                f"{CONCLUSIONS[self.stopped_for]}"
            )
        if self.crossed_at is not None and self.crossed_at != self.stopped_at:
            crossing = self.looks[self.crossed_at]
            lines.append(
                f"  boundary crossed after {crossing.k} studies ({crossing.order}): "
                f"{CONCLUSIONS[crossing.conclusion]}"
            )
        return "\n".join([*lines, *self.decisions, self.caution])
