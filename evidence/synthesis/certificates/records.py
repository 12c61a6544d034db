"""What a certificate holds: witnesses, their values and gaps, and the verdict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from evidence.results import Result

if TYPE_CHECKING:
    import pandas as pd

#: Gaps below this are the order of sums in double precision, differ from machine to machine, and
#: stand as 0 in a certificate.
ROUNDING: Final = 1e-12
AGREES, DIVERGES, DISAGREES = "agrees", "known divergence", "disagrees"
QUANTITIES: Final = ("tau2", "estimate", "se", "q")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tolerance:
    """Largest relative gap that counts as agreement, and why it is not 0."""

    gap: float
    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceCase:
    """Values of metafor that are pinned for one data set.

    Attributes
    ----------
    yi, vi : tuple of float
        Effects and sampling variances.
    method, test : str
        Estimator of tau2, and test of the summary, by our names.
    pinned : mapping of str to float
        Any of tau2, estimate, se, q.
    """

    yi: tuple[float, ...]
    vi: tuple[float, ...]
    method: str
    test: str
    pinned: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """What one engine computes, and how far it is from the certified result.

    Attributes
    ----------
    engine : str
        Library, version and call.
    tau2, estimate, se, q : float or None
        Its values; None for what it does not give.
    quantity : str
        The one with the largest gap.
    gap : float
        Largest relative gap, to two digits; 0 below ``ROUNDING``.
    gap_text : str
        The gap in signs, such as "1.7e-07" or "< 1e-12".
    tolerance : float
        Largest gap that counts as agreement.
    tolerance_text : str
        The tolerance in signs.
    cause : str
        Why the tolerance is not 0.
    verdict : str
        agrees, known divergence, or disagrees.
    divergence : str
        What the known divergence is; empty otherwise.
    """

    engine: str
    tau2: float | None
    estimate: float | None
    se: float | None
    q: float | None
    quantity: str
    gap: float
    gap_text: str
    tolerance: float
    tolerance_text: str
    cause: str
    verdict: str
    divergence: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class QuantityGap:
    """Largest gap of one quantity over all witnesses that do not diverge for a known reason.

    Attributes
    ----------
    quantity : str
        tau2, estimate, se or q.
    value : float
        The certified value.
    gap : float
        Largest relative gap, to two digits; 0 below ``ROUNDING``.
    witnesses : int
        How many engines computed it.
    """

    quantity: str
    value: float
    gap: float
    witnesses: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate(Result):
    """Who agrees with a pooled result.

    Gaps are relative to what matters for the quantity: of tau2 to tau2 plus the typical sampling
    variance, of the estimate to itself or its standard error if that is larger, of the standard
    error to the larger of itself and the Wald one, of Q to the larger of Q and its degrees of
    freedom.

    Attributes
    ----------
    method, test : str
        Estimator of tau2, and test of the summary.
    k : int
        Number of studies.
    tau2, estimate, se, q : float or None
        The certified values; tau2 and q are None for one study.
    witnesses : tuple of Witness
        The engines that were asked and answered.
    quantities : tuple of QuantityGap
        The largest gap of each quantity.
    silent : tuple of str
        Engines that do not have the method or gave no finite answer, in sentences.
    agreed : bool
        No witness disagrees.
    verdict : str
        All of it in a sentence.
    """

    method: str
    test: str
    k: int
    tau2: float | None
    estimate: float
    se: float
    q: float | None
    witnesses: tuple[Witness, ...]
    quantities: tuple[QuantityGap, ...]
    silent: tuple[str, ...]
    agreed: bool
    verdict: str

    def to_frame(self) -> pd.DataFrame:
        """One row for each witness, after one for the certified result."""
        import pandas as pd

        names = ("engine", *QUANTITIES, "gap", "quantity", "tolerance", "verdict", "divergence")
        own = {name: getattr(self, name) for name in QUANTITIES} | {"engine": "certified result"}
        rows = [own, *({name: getattr(one, name) for name in names} for one in self.witnesses)]
        return pd.DataFrame(rows, columns=list(names))

    def __str__(self) -> str:
        """Short printed summary."""
        lines = [
            f"  {one.engine}: {one.verdict}, largest gap {one.gap_text} ({one.quantity}), "
            f"tolerance {one.tolerance_text}"
            for one in self.witnesses
        ]
        diverging = [f"  {one.divergence}" for one in self.witnesses if one.divergence]
        return "\n".join([self.verdict, *lines, *diverging, *(f"  {s}" for s in self.silent)])
