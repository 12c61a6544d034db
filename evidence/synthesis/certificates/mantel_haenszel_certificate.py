"""Certificate of a Mantel-Haenszel estimate: statsmodels, and our own second solution.

The second solution sums exact fractions, so that nothing is rounded before the end, and takes the
variances from the estimating equation of the estimate instead of the sums of Robins, Breslow and
Greenland.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Final, NamedTuple

from evidence.arrays import FloatArray
from evidence.errors import NotEstimable
from evidence.synthesis.certificates.comparison import CLOSED_FORM, Compared
from evidence.synthesis.certificates.records import Witness
from evidence.synthesis.engines import engine_odds_ratio, engine_risk_ratio
from evidence.synthesis.rare_events.mantel_haenszel import PooledMantelHaenszel


class _Stratum(NamedTuple):
    """Events of two arms and their participants or person-time, as exact fractions."""

    a: Fraction
    c: Fraction
    n1: Fraction
    n2: Fraction

    @property
    def total(self) -> Fraction:
        """Participants or person-time of both arms."""
        return self.n1 + self.n2


_Values = tuple[float, float]


def mantel_haenszel_witnesses(
    fit: PooledMantelHaenszel,
) -> tuple[Compared, tuple[Witness, ...], tuple[str, ...]]:
    """What is compared, who answered, and who has no answer.

    Raises
    ------
    NotEstimable
        If there is no estimate with a standard error to certify.
    """
    if fit.estimate is None or fit.se is None:
        raise NotEstimable(
            f"A Mantel-Haenszel {fit.measure} of {fit.k} studies was to be certified, and there is "
            f"none. {fit.reason} Report the studies without a pooled estimate."
        )
    asked = Compared(
        {"tau2": None, "estimate": fit.estimate, "se": fit.se, "q": None},
        {"estimate": max(abs(fit.estimate), fit.se), "se": fit.se},
    )
    engines = tuple(_engines(asked, fit))
    silent = () if engines else (f"PyMARE and statsmodels do not have this {fit.measure}.",)
    estimate, se = _second_solution(fit.measure, fit.events, fit.sizes)
    name = "own code, exact fractions"
    own = asked.witness(name, CLOSED_FORM, {"estimate": estimate, "se": se})
    return asked, (*engines, own), silent


def _engines(asked: Compared, fit: PooledMantelHaenszel) -> Iterator[Witness]:
    """Ask statsmodels for what it has: an odds ratio, and a risk ratio without standard error."""
    if fit.measure == "OR":
        found = engine_odds_ratio(fit.events, fit.sizes)
        if found is not None:
            values = {"estimate": found.estimate, "se": found.se}
            yield asked.witness(found.engine, CLOSED_FORM, values)
    elif fit.measure == "RR":
        ratio = engine_risk_ratio(fit.events, fit.sizes)
        if ratio is not None:
            yield asked.witness(ratio[0], CLOSED_FORM, {"estimate": ratio[1]})


def _second_solution(measure: str, events: FloatArray, sizes: FloatArray) -> tuple[float, float]:
    """Mantel-Haenszel estimate and its standard error, summed in exact fractions.

    Parameters
    ----------
    measure : str
        OR, RR, RD, IRR or IRD.
    events, sizes : ndarray, shape (k, 2)
        Events, and participants or person-time.

    References
    ----------
    Phillips & Holland (1987), Biometrics 43:425-431, for the variance of the log odds ratio.
    Greenland & Robins (1985), Biometrics 41:55-68; Sato et al. (1989), Biometrics 45:1323-1324.
    """
    strata = [
        _Stratum(*map(Fraction, [*arm_events, *arm_sizes]))
        for arm_events, arm_sizes in zip(events.tolist(), sizes.tolist(), strict=True)
    ]
    return _SOLUTIONS[measure](strata)


def _odds_ratio(strata: Sequence[_Stratum]) -> _Values:
    forward = [(s.a * (s.n2 - s.c) / s.total, s) for s in strata]
    backward = [(s.n1 - s.a) * s.c / s.total for s in strata]
    odds = sum(r for r, _ in forward) / sum(backward)
    variance = sum(
        (r + odds * back) * (s.a + s.n2 - s.c + odds * (s.n1 - s.a + s.c)) / s.total
        for (r, s), back in zip(forward, backward, strict=True)
    ) / (2 * sum(r for r, _ in forward) ** 2)
    return math.log(odds), math.sqrt(variance)


def _risk_ratio(strata: Sequence[_Stratum]) -> _Values:
    return _ratio(strata, lambda s: (s.n1 * s.n2 * (s.a + s.c) - s.a * s.c * s.total) / s.total**2)


def _rate_ratio(strata: Sequence[_Stratum]) -> _Values:
    return _ratio(strata, lambda s: s.n1 * s.n2 * (s.a + s.c) / s.total**2)


def _ratio(strata: Sequence[_Stratum], spread: Callable[[_Stratum], Fraction]) -> _Values:
    treated = sum((s.a * s.n2 / s.total for s in strata), Fraction())
    control = sum((s.c * s.n1 / s.total for s in strata), Fraction())
    variance = sum(map(spread, strata), Fraction()) / (treated * control)
    return math.log(treated / control), math.sqrt(variance)


def _risk_difference(strata: Sequence[_Stratum]) -> _Values:
    whole = sum((s.n1 * s.n2 / s.total for s in strata), Fraction())
    difference = sum(((s.a * s.n2 - s.c * s.n1) / s.total for s in strata), Fraction()) / whole
    own = sum(
        (
            difference
            * (s.n1**2 * s.c - s.n2**2 * s.a + s.n1 * s.n2 * (s.n2 - s.n1) / 2)
            / s.total**2
            for s in strata
        ),
        Fraction(),
    )
    crossed = sum(
        ((s.a * (s.n2 - s.c) + s.c * (s.n1 - s.a)) / (2 * s.total) for s in strata), Fraction()
    )
    return float(difference), math.sqrt((own + crossed) / whole**2)


def _rate_difference(strata: Sequence[_Stratum]) -> _Values:
    whole = sum((s.n1 * s.n2 / s.total for s in strata), Fraction())
    difference = sum(((s.a * s.n2 - s.c * s.n1) / s.total for s in strata), Fraction()) / whole
    spread = sum(((s.a * s.n2**2 + s.c * s.n1**2) / s.total**2 for s in strata), Fraction())
    return float(difference), math.sqrt(spread / whole**2)


_SOLUTIONS: Final[Mapping[str, Callable[[Sequence[_Stratum]], _Values]]] = {
    "OR": _odds_ratio,
    "RR": _risk_ratio,
    "RD": _risk_difference,
    "IRR": _rate_ratio,
    "IRD": _rate_difference,
}
