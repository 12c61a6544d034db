"""Maximum of a smooth log likelihood of a few parameters, by a guarded Newton search."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np

from evidence.arrays import BoolArray, FloatArray
from evidence.errors import NotEstimable


class Total(NamedTuple):
    """A log likelihood with gradient (p,) and Hessian (p, p)."""

    value: float
    gradient: FloatArray
    hessian: FloatArray


class Maximum(NamedTuple):
    """Where a log likelihood is largest, and what it is there."""

    point: FloatArray
    total: Total
    steps: int


#: Log likelihood at parameters of shape (p,).
Objective = Callable[[FloatArray], Total]

#: Longest step of a parameter: all are on log or logit scales.
_LONGEST: Final = 1.5
#: Expected gain at which one last Newton step ends the search, and the one that ends it at once.
_CLOSE: Final = 1e-9
_DONE: Final = 1e-22
_MOST_STEPS: Final = 200
#: Length of a step off a saddle point.
_OFF_SADDLE: Final = 0.2
#: Effects and standard deviations on the log or logit scale beyond this have no maximum.
_LARGEST: Final = 50.0


def maximise(
    objective: Objective, start: FloatArray, free: BoolArray, *, rounding: float
) -> Maximum:
    """Search the maximum over the free parameters; the others keep their start.

    Parameters
    ----------
    objective : callable
        Log likelihood with gradient and Hessian.
    start : ndarray, shape (p,)
        Where the search begins.
    free : ndarray of bool, shape (p,)
        Parameters that may move.
    rounding : float
        Error that rounding may leave in the log likelihood: by so much a step may lower it. The
        data decide whether this hides the maximum, before the search.

    Raises
    ------
    NotEstimable
        If the search does not come to an end.
    """
    point, total = start.copy(), objective(start)
    for step_number in range(_MOST_STEPS):
        step, gain = _newton_step(total, free)
        uphill = _way_up(total, free) if gain < _CLOSE else None
        if uphill is not None:
            step, gain = uphill, 0.0
        elif gain < _DONE:
            return Maximum(point, total, step_number)
        size = 1.0
        for _ in range(40):
            following = objective(point + size * step)
            if following.value >= total.value + 1e-4 * size * gain - rounding:
                break
            size /= 2
        point, total = point + size * step, following
        if gain < _CLOSE and uphill is None:
            return Maximum(point, total, step_number + 1)
        if float(np.max(np.abs(point))) > _LARGEST:
            break
    raise NotEstimable(
        f"The likelihood was searched for {step_number + 1} steps and has no maximum in sight: a "
        "parameter grows without bound. Use a common-effect method, or a model with fewer "
        "parameters."
    )


def _way_up(total: Total, free: BoolArray) -> FloatArray | None:
    """Step off a saddle point, such as a standard deviation of 0 that should be larger."""
    if not free.any():
        return None
    values, vectors = np.linalg.eigh(total.hessian[np.ix_(free, free)])
    if values[-1] <= 1e-6 * max(float(np.abs(values).max()), 1.0):
        return None
    step = np.zeros_like(total.gradient)
    step[free] = _OFF_SADDLE * vectors[:, -1]
    return step


def _newton_step(total: Total, free: BoolArray) -> tuple[FloatArray, float]:
    """Newton step with the Hessian made negative definite, and the gain it promises."""
    step = np.zeros_like(total.gradient)
    if not free.any():
        return step, 0.0
    gradient = total.gradient[free]
    values, vectors = np.linalg.eigh(-total.hessian[np.ix_(free, free)])
    sizes = np.abs(values)
    sizes = np.maximum(sizes, 1e-10 * max(float(sizes.max()), 1e-10))
    move = vectors @ ((vectors.T @ gradient) / sizes)
    move *= min(1.0, _LONGEST / max(float(np.max(np.abs(move))), 1e-300))
    step[free] = move
    return step, float(gradient @ move)
