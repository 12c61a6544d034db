"""Boundaries of a sequence of looks, from the error that each may spend.

A spending function says how much of the type I error (or type II error, for futility) may be spent
until a share of the required information is there. The boundary of each look is the one that
spends the difference to the look before.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType
from typing import Final

import numpy as np
from scipy import optimize, special

from evidence.arrays import FloatArray
from evidence.errors import BadInput, known_name, refuse
from evidence.input_checks import require_kind
from evidence.synthesis.numerics.score_process import ScoreProcess, going_on, start_process


@dataclass(frozen=True, slots=True, kw_only=True)
class SpendingFunction:
    """A spending function.

    Attributes
    ----------
    words : str
        What it is.
    spent : callable
        Error spent at shares of the information of at most 1, from the shares and the error.
    """

    words: str
    spent: Callable[[FloatArray, float], FloatArray]


#: Spending functions by name.
SPENDING: Final[Mapping[str, SpendingFunction]] = MappingProxyType(
    {
        "obrien-fleming": SpendingFunction(
            words="O'Brien-Fleming type of Lan & DeMets, 2 - 2 Phi(z(1 - e/2) / sqrt(t))",
            spent=lambda share, error: np.asarray(
                2.0 * special.ndtr(special.ndtri(error / 2.0) / np.sqrt(share))
            ),
        ),
        "pocock": SpendingFunction(
            words="Pocock type of Lan & DeMets, e ln(1 + (exp(1) - 1) t)",
            spent=lambda share, error: np.asarray(error * np.log1p(math.expm1(1.0) * share)),
        ),
    }
)
#: What stands behind the boundary of a look.
CODES: Final = {
    "spending": "the look spends its part of the error",
    "infinite": "the look may spend less than 1e-15, so that nothing finite crosses; its part "
    "goes to the next look",
    "no-step": "the look adds less than 1e-4 of its information; its part goes to the next look",
    "spent": "the error was spent when the required information was reached at an earlier look",
    "below-zero": "the futility region is still empty; its part goes to the next look",
}
#: Error below which no boundary is set: beyond 7.9 standard deviations nothing is told apart.
_NEGLIGIBLE: Final = 1e-15
#: Smallest step of information, relative to all of it, that a grid is made for.
_SMALLEST_STEP: Final = 1e-4
#: No boundary that spends more than ``_NEGLIGIBLE`` lies above this.
_HIGHEST: Final = 9.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Boundaries:
    """One boundary of |Z| at each look; tuples of one length.

    Attributes
    ----------
    times : tuple of float
        Information at the looks as a share of the required information.
    z : tuple of float or None
        Boundary of |Z|; None where the look has none, and ``codes`` says why.
    codes : tuple of str
        One of ``CODES`` for each look.
    spent : tuple of float
        Error spent up to each look; of a two-sided test, on both sides.
    spending : str
        Spending function.
    """

    times: tuple[float, ...]
    z: tuple[float | None, ...]
    codes: tuple[str, ...]
    spent: tuple[float, ...]
    spending: str


def error_spent(
    times: Sequence[float] | FloatArray, error: float, spending: str = "obrien-fleming"
) -> FloatArray:
    """Error that may be spent until each share of the information; all of it from 1 on.

    Parameters
    ----------
    times : sequence of float
        Shares of the required information, above 0.
    error : float
        Error of one side, between 0 and 1.
    spending : str
        One of ``SPENDING`` of this room.

    Raises
    ------
    UnknownName
        If there is no such spending function.

    References
    ----------
    Lan & DeMets (1983), Biometrika 70:659-663. gsDesign: ``sfLDOF``, ``sfLDPocock``.
    """
    known_name("spending function", spending, SPENDING)
    share = np.minimum(np.asarray(times, dtype=float), 1.0)
    return SPENDING[spending].spent(share, error)


def efficacy_boundaries(
    times: Sequence[float], *, alpha: float = 0.05, sides: int = 2, spending: str = "obrien-fleming"
) -> Boundaries:
    """Boundaries of |Z| (or of Z, one-sided) that keep the type I error over all looks.

    Parameters
    ----------
    times : sequence of float
        Information at the looks as a share of the required one, rising. The first look at 1 or
        beyond spends what is left; the covariance of the looks is that of their information.
    alpha : float
        Type I error, of both sides together if there are two.
    sides : int
        2 (each side spends half) or 1.
    spending : str
        One of ``SPENDING`` of this room.

    Raises
    ------
    BadInput
        If the times do not rise, or ``alpha`` or ``sides`` cannot be right.
    UnknownName
        If there is no such spending function.

    References
    ----------
    Lan & DeMets (1983), Biometrika 70:659-663. Reboussin et al. (2000), Control Clin Trials
    21:190-207. rpact: ``getDesignGroupSequential(typeOfDesign="asOF")``; ldbounds: ``ldBounds``.

    Examples
    --------
    >>> [round(z, 3) for z in efficacy_boundaries([0.5, 1.0]).z]
    [2.963, 1.969]
    """
    looks = _checked(times, alpha, "alpha")
    refuse(
        BadInput,
        f"Boundaries were asked for with sides={sides!r}. Give 1 or 2.",
        [] if sides in (1, 2) else ["sides is 1 or 2"],
    )

    process, used, over = start_process(), 0.0, False
    found: list[tuple[float | None, str, float]] = []
    for i, error in enumerate(error_spent(looks, alpha / sides, spending).tolist()):
        z, code = None, _reason(process.time, looks[i], error - used, over)
        if not code:
            z, code = _outer(process, looks[i], error - used), "spending"
            used, over = error, looks[i] >= 1.0
        if z is not None and i + 1 < len(looks):
            low = -z if sides == 2 else -math.inf
            process = process.advance(looks[i], [(low, z)], _next(looks, i))
        found.append((z, code, used))
    return _boundaries(looks, found, sides, spending)


def futility_boundaries(
    efficacy: Boundaries, *, beta: float, drift: float, spending: str = "obrien-fleming"
) -> Boundaries:
    """Boundaries of |Z| below which the anticipated effect is given up, non-binding and two-sided.

    The efficacy boundaries stay as they are, so that the type I error holds whether or not anybody
    stops for futility. The region opens at the first look at which the anticipated effect gives a
    Z below 0 no more often than the error allows, and never reaches above the efficacy boundary.

    Parameters
    ----------
    efficacy : Boundaries
        Two-sided efficacy boundaries.
    beta : float
        Type II error.
    drift : float
        Mean of Z at the required information under the anticipated effect, above 0.
    spending : str
        One of ``SPENDING`` of this room.

    Raises
    ------
    BadInput
        If ``beta`` is not between 0 and 1 or the drift is not above 0.
    UnknownName
        If there is no such spending function.

    References
    ----------
    rpact: ``getDesignGroupSequential(sided=2, typeBetaSpending="bsOF", bindingFutility=FALSE,
    betaAdjustment=FALSE)``, whose drift is the root of its shift.
    """
    require_kind(
        "Boundaries of futility", efficacy, Boundaries, "Give the result of efficacy_boundaries()."
    )
    looks = _checked(efficacy.times, beta, "beta")
    if not (drift > 0.0 and math.isfinite(drift)):
        raise BadInput(f"Futility was asked for with a drift of {drift}. Give a number above 0.")
    process, used, over, opened = start_process(drift), 0.0, False, False
    found: list[tuple[float | None, str, float]] = []
    for i, error in enumerate(error_spent(looks, beta, spending).tolist()):
        time, outer = looks[i], efficacy.z[i]
        wedge, code = None, _reason(process.time, time, error - used, over)
        if not (code or opened) and process.below(time, 0.0) > error - used:
            code = "below-zero"
        if not code:
            wedge, code = _wedge(process, time, error - used, outer), "spending"
            used += process.between(time, -wedge, wedge)
            opened, over = True, time >= 1.0
        found.append((wedge, code, used))
        if (wedge is not None or outer is not None) and i + 1 < len(looks):
            process = process.advance(time, going_on(outer, wedge), _next(looks, i))
    return _boundaries(looks, found, 1, spending)


def _wedge(process: ScoreProcess, time: float, error: float, outer: float | None) -> float:
    """Half-width of the region that holds ``error`` of the paths, at most the outer boundary."""
    widest = _HIGHEST if outer is None else outer

    def excess(z: float) -> float:
        return process.between(time, -z, z) - error

    if excess(widest) <= 0.0:
        return widest
    return float(optimize.brentq(excess, 0.0, widest, xtol=1e-13, rtol=1e-13))


def _outer(process: ScoreProcess, time: float, error: float) -> float:
    """Boundary above which ``error`` of the paths lie."""

    def excess(z: float) -> float:
        return math.log(max(process.above(time, z), _NEGLIGIBLE**2) / error)

    return float(optimize.brentq(excess, -_HIGHEST, _HIGHEST, xtol=1e-13, rtol=1e-13))


def _reason(before: float, time: float, error: float, spent: bool) -> str:
    """Why a look has no boundary; empty if it has one."""
    if spent:
        return "spent"
    if time - before < _SMALLEST_STEP * time:
        return "no-step"
    return "infinite" if error < _NEGLIGIBLE else ""


def _next(looks: tuple[float, ...], i: int) -> float:
    """Next look that is far enough for a grid; a nearer one has no boundary."""
    enough = looks[i] / (1.0 - _SMALLEST_STEP)
    return max(looks[i + 1], enough)


def _boundaries(
    looks: tuple[float, ...],
    found: Sequence[tuple[float | None, str, float]],
    sides: int,
    spending: str,
) -> Boundaries:
    return Boundaries(
        times=looks,
        z=tuple(z for z, _, _ in found),
        codes=tuple(code for _, code, _ in found),
        spent=tuple(sides * used for _, _, used in found),
        spending=spending,
    )


def _checked(times: Sequence[float], error: float, name: str) -> tuple[float, ...]:
    looks = tuple(float(time) for time in times)
    problems = []
    if not looks:
        problems.append("there is no look")
    elif not all(math.isfinite(time) for time in looks) or looks[0] <= 0.0:
        problems.append(f"the shares of the information are {looks}; each is a number above 0")
    elif any(after < before for before, after in pairwise(looks)):
        problems.append(f"the shares of the information fall: {looks}")
    if not 0.0 < error < 1.0:
        problems.append(f"{name} is {error}; it is a probability such as 0.05")
    refuse(BadInput, "Boundaries of several looks cannot be computed.", problems)
    return looks
