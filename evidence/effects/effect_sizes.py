"""Effect sizes and sampling variances of k studies, from whatever the studies report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import compress
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import ArrayLike

from evidence.arrays import BoolArray, FloatArray, read_only
from evidence.double_precision import in_double_precision, squared
from evidence.effects.arguments import (
    BIAS_CORRECTED,
    find_route,
    find_vtype,
    read_columns,
)
from evidence.effects.conversions import se_from_p
from evidence.effects.measures import GIVEN, MEASURES, PUBLISHED, TABLE, Measure, find_measure
from evidence.effects.published import (
    difference_from_ci,
    log_ratio_from_ci,
    log_ratio_from_p,
)
from evidence.effects.raw_data import (
    HAS_CELLS,
    Options,
    check_columns,
    complete_columns,
    compute,
)
from evidence.effects.zero_cells import ZeroCellRule
from evidence.errors import BadInput
from evidence.input_checks import InputCheck

if TYPE_CHECKING:
    import pandas as pd

_COLUMNS: Final = {"ci_high"}.union(
    name for spec in MEASURES.values() for route in spec.routes for group in route for name in group
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EffectSizes:
    """Effects of k studies with their sampling variances.

    Attributes
    ----------
    yi, vi : array, shape (k,) or (k, d)
        Effects on the scale of analysis (ratios as logarithms) and sampling variances; both NaN
        where a study has no effect size. A contrast is below 0 when arm 1 has less.
    measure : str
        Short name, as in metafor.
    transform : str
        From the natural scale to that of ``yi``: log, identity, logit, arcsine, double-arcsine,
        sqrt or z.
    basis : str
        What the effects were made from.
    labels : tuple of str
        Name of each study.
    zero_cell_rule : str
        What was added to empty cells, and where; ``none`` when nothing was.
    corrected : array of bool, same shape as ``yi``
        Studies that something was added to.
    excluded : tuple of str
        For each study why it has no effect size; empty when it has one.
    vtype : str
        Kind of variance, for measures that have several; else empty.
    bias_corrected : bool
        Whether a small-sample or second-order correction was applied.
    """

    yi: FloatArray
    vi: FloatArray
    measure: str
    transform: str
    basis: str
    labels: tuple[str, ...]
    zero_cell_rule: str
    corrected: BoolArray
    excluded: tuple[str, ...]
    vtype: str = ""
    bias_corrected: bool = False

    def __post_init__(self) -> None:
        for name, kind in (("yi", float), ("vi", float), ("corrected", bool)):
            array = np.array(getattr(self, name), dtype=kind)
            read_only(array)
            object.__setattr__(self, name, array)

    @property
    def k(self) -> int:
        """Number of studies, with those that have no effect size."""
        return len(self.yi)

    @property
    def sei(self) -> FloatArray:
        """Standard errors."""
        return np.asarray(np.sqrt(self.vi))

    @property
    def estimable(self) -> BoolArray:
        """Which studies have an effect size; shape (k,)."""
        return np.array([not reason for reason in self.excluded])

    def keep_estimable(self) -> EffectSizes:
        """Leave out the studies without an effect size."""
        kept = self.estimable
        return replace(
            self,
            yi=self.yi[kept],
            vi=self.vi[kept],
            corrected=self.corrected[kept],
            labels=tuple(compress(self.labels, kept)),
            excluded=tuple(compress(self.excluded, kept)),
        )

    def to_frame(self) -> pd.DataFrame:
        """One row a study: study, measure, yi, vi, sei, corrected, excluded."""
        import pandas as pd

        if self.yi.ndim != 1:
            raise BadInput(
                f"A table of effect sizes needs one data set and was asked of {self.yi.shape[1]}. "
                "Take one column of yi and vi."
            )
        return pd.DataFrame(
            {
                "study": self.labels,
                "measure": self.measure,
                "yi": self.yi,
                "vi": self.vi,
                "sei": self.sei,
                "corrected": self.corrected,
                "excluded": self.excluded,
            }
        )


@in_double_precision("Effect sizes")
def effect_size(
    measure: str,
    *,
    ai: ArrayLike | None = None,
    bi: ArrayLike | None = None,
    ci: ArrayLike | None = None,
    di: ArrayLike | None = None,
    n1i: ArrayLike | None = None,
    n2i: ArrayLike | None = None,
    x1i: ArrayLike | None = None,
    x2i: ArrayLike | None = None,
    t1i: ArrayLike | None = None,
    t2i: ArrayLike | None = None,
    m1i: ArrayLike | None = None,
    m2i: ArrayLike | None = None,
    sd1i: ArrayLike | None = None,
    sd2i: ArrayLike | None = None,
    xi: ArrayLike | None = None,
    mi: ArrayLike | None = None,
    ri: ArrayLike | None = None,
    ti: ArrayLike | None = None,
    sdi: ArrayLike | None = None,
    ni: ArrayLike | None = None,
    yi: ArrayLike | None = None,
    vi: ArrayLike | None = None,
    sei: ArrayLike | None = None,
    estimate: ArrayLike | None = None,
    ci_low: ArrayLike | None = None,
    ci_high: ArrayLike | None = None,
    p_value: ArrayLike | None = None,
    add: float | None = None,
    to: str = "only0",
    drop00: bool = False,
    vtype: str | None = None,
    correct: bool = True,
    level: float = 0.95,
    labels: Sequence[str] | None = None,
) -> EffectSizes:
    """Effects and sampling variances of k studies.

    Arguments have the names of metafor's ``escalc``; arrays are of shape (k,), or (k, d) for d
    data sets, and a number stands for one study.

    Parameters
    ----------
    measure : str
        One of :data:`evidence.effects.MEASURES`.
    ai, bi, ci, di, n1i, n2i
        2x2 tables: events ``ai``, ``ci`` and either non-events ``bi``, ``di`` or sizes.
    x1i, t1i, x2i, t2i
        Events and person-time of two arms.
    m1i, sd1i, n1i, m2i, sd2i, n2i
        Means, standard deviations and sizes of two arms.
    xi, mi, ni, ti
        One arm: events, non-events or size, or person-time.
    mi, sdi, ni
        One arm: mean, standard deviation, size.
    ri, ni
        Correlation and number of pairs.
    estimate, ci_low, ci_high, p_value
        HR, RR, OR, IRR, MD, RD or IRD as printed, on the natural scale, with its interval of
        coverage ``level`` or its exact two-sided p-value.
    yi, vi, sei
        Effects that are on the scale of analysis already, with variances or standard errors.
    add : float, optional
        Added to empty cells. Unless given, 0.5, or 0 for the measures that need no correction
        (AS, PHI, IRSD, PAS, PFT, IRS, IRFT).
    to : {"only0", "all", "if0all", "none"}
        Which studies it is added to.
    drop00 : bool
        Give no effect size to a comparison without events (or non-events) in both arms.
    vtype : str, optional
        Kind of variance; unless given the first of MD (LS, HO), SMD (LS, LS2, UB, AV), SMDH (LS,
        J2), ROM (LS, HO), UCOR (LS, UB).
    correct : bool
        Bias correction of SMD, SMDH, SMD1, and the second-order one of ROM and CVR.
    labels : sequence of str, optional
        Names of the studies.

    Returns
    -------
    EffectSizes

    Raises
    ------
    UnknownName
        For a measure, rule or variance that does not exist.
    BadInput
        For missing or superfluous arguments, and for impossible numbers; all faults together.

    References
    ----------
    metafor 5: ``escalc(measure=, ..., add=, to=, drop00=, vtype=, correct=)``. Before 5.0 metafor
    had ``correct=False`` for ROM and CVR, before 4.6 ``vtype="J2"`` for SMDH.
    """
    # the columns are many and all alike, so they are taken from the arguments by name
    given = {k: v for k, v in locals().items() if k in _COLUMNS and v is not None}
    spec = find_measure(measure)
    route = find_route(spec, tuple(given))
    rule = ZeroCellRule(add=spec.add if add is None else add, to=to, drop00=drop00)
    options = Options(rule=rule, vtype=find_vtype(spec, vtype, correct), correct=correct)
    columns, names = read_columns(measure, given, labels)
    if route is GIVEN:
        return _from_given(spec, columns, names)
    if route is PUBLISHED:
        return _from_published(spec, columns, names, level)
    return _from_raw_data(spec, columns, names, options)


def _from_raw_data(
    spec: Measure, columns: dict[str, FloatArray], labels: tuple[str, ...], options: Options
) -> EffectSizes:
    check = InputCheck(f"Effect sizes ({spec.name}) of {len(labels)} studies", labels)
    check.finite(columns)
    complete = complete_columns(spec.needs is TABLE, columns, check)
    check_columns(columns, check)
    check.refuse()
    computed = compute(spec.name, complete, options)
    return EffectSizes(
        yi=computed.yi,
        vi=computed.vi,
        measure=spec.name,
        transform=spec.transform,
        basis=spec.basis,
        labels=labels,
        zero_cell_rule=options.rule.name if spec.needs in HAS_CELLS else "none",
        corrected=computed.corrected,
        excluded=tuple(computed.reason(row) for row in range(len(labels))),
        vtype=options.vtype,
        bias_corrected=options.correct and spec.name in BIAS_CORRECTED,
    )


def _from_published(
    spec: Measure, columns: dict[str, FloatArray], labels: tuple[str, ...], level: float
) -> EffectSizes:
    ratio, estimate = spec.transform == "log", columns["estimate"]
    if "p_value" in columns:
        p = columns["p_value"]
        y, v = (
            log_ratio_from_p(estimate, p) if ratio else (estimate, squared(se_from_p(estimate, p)))
        )
        return _complete(spec, y, v, "printed estimates with p-values", labels)
    read = log_ratio_from_ci if ratio else difference_from_ci
    printed = read(estimate, columns["ci_low"], columns["ci_high"], level=level, labels=labels)
    basis = f"printed estimates with {100 * level:g}% intervals"
    return _complete(spec, printed.yi, printed.vi, basis, labels)


def _from_given(
    spec: Measure, columns: dict[str, FloatArray], labels: tuple[str, ...]
) -> EffectSizes:
    check = InputCheck(f"Effects ({spec.name}) of {len(labels)} studies", labels)
    check.finite(columns)
    for name in ("vi", "sei"):
        if name in columns:
            check.where(columns[name] <= 0, f"{name} must be above 0, and is {{}}", columns[name])
    if "vi" in columns and "sei" in columns:
        check.problems.append("give vi or sei, not both")
    check.refuse()
    v = columns["vi"] if "vi" in columns else squared(columns["sei"])
    return _complete(spec, columns["yi"], v, "effects and variances as given", labels)


def _complete(
    spec: Measure, y: FloatArray, v: FloatArray, basis: str, labels: tuple[str, ...]
) -> EffectSizes:
    return EffectSizes(
        yi=y,
        vi=v,
        measure=spec.name,
        transform=spec.transform,
        basis=basis,
        labels=labels,
        zero_cell_rule="none",
        corrected=np.zeros(y.shape, dtype=bool),
        excluded=("",) * len(labels),
    )
