"""Weight functions of selection models: how likely a p-value is to be seen.

Each gives the normalising constant as a sum over parts of the p-value's range: intervals with one
weight each for the step function, nodes of a quadrature for the beta function. A part has a
probability that depends on the mean and variance of the effect, and a weight that depends on the
parameters delta.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Protocol

import numpy as np
from scipy import special

from evidence.arrays import FloatArray
from evidence.errors import BadInput, NotEstimable
from evidence.input_checks import real_number

#: Derivatives with respect to the mean that the Hessian needs; two of them make one of tau2.
ORDERS = 5
_NODES = 160


@dataclass(frozen=True, slots=True, eq=False)
class Weighting:
    """Weights of J parts and of k observed p-values, with derivatives in the q parameters.

    Attributes
    ----------
    value, gradient, hessian : ndarray, shapes (J,), (q, J), (q, q, J)
        Weights of the parts.
    observed, observed_gradient, observed_hessian : float and ndarray, shapes (q,), (q, q)
        Sum of the logarithms of the weights of the observed p-values.
    """

    value: FloatArray
    gradient: FloatArray
    hessian: FloatArray
    observed: float
    observed_gradient: FloatArray
    observed_hessian: FloatArray


class WeightFunction(Protocol):
    """What the likelihood of a selection model needs to know of the weights."""

    @property
    def parameters(self) -> int:
        """Number q of parameters delta, all positive and 1 without selection."""
        ...

    def weights(self, delta: FloatArray) -> Weighting:
        """Weights at some parameters."""
        ...

    def parts(self, mean: float, variances: FloatArray, sei: FloatArray) -> FloatArray:
        """Probability of each part and its derivatives in the mean, shape (5, k, J)."""
        ...


def hermite(x: FloatArray, orders: int) -> FloatArray:
    """Hermite polynomials ``He_0 ... He_(orders - 1)``, shape (orders, ...)."""
    found = np.ones((orders, *x.shape))
    if orders > 1:
        found[1] = x
    for n in range(2, orders):
        found[n] = x * found[n - 1] - (n - 1) * found[n - 2]
    return found


class StepFunction:
    """Weights that are constant within intervals of the p-value; the first has weight 1.

    Parameters
    ----------
    p_values : ndarray, shape (k,)
        Observed p-values.
    steps : ndarray, shape (q,)
        Ends of the intervals, rising, the last one (1) left out.
    two_sided : bool
        Whether the p-values are two-sided.
    """

    def __init__(self, p_values: FloatArray, steps: FloatArray, *, two_sided: bool) -> None:
        self.steps, self._two_sided = steps, two_sided
        interval = np.searchsorted(steps, p_values, side="left")
        #: Number of observed p-values in each interval, shape (q + 1,).
        self.counts = np.bincount(interval, minlength=steps.size + 1)

    @property
    def parameters(self) -> int:
        """Number of weights that are estimated."""
        return self.steps.size

    def weights(self, delta: FloatArray) -> Weighting:
        """Weights of the intervals."""
        q = delta.size
        counts = self.counts[1:]
        return Weighting(
            value=np.concatenate([[1.0], delta]),
            gradient=np.eye(q, q + 1, k=1),
            hessian=np.zeros((q, q, q + 1)),
            observed=float(counts @ np.log(delta)),
            observed_gradient=counts / delta,
            observed_hessian=np.diag(-counts / delta**2),
        )

    def parts(self, mean: float, variances: FloatArray, sei: FloatArray) -> FloatArray:
        """Probability of each interval and its derivatives in the mean, shape (5, k, q + 1)."""
        if not self._two_sided:
            return self._above(mean, variances, sei, -special.ndtri(self.steps))
        cut = -special.ndtri(self.steps / 2.0)
        upper = self._above(mean, variances, sei, cut)
        mirrored = self._above(-mean, variances, sei, cut)
        alternating = (-1.0) ** np.arange(ORDERS)
        both = upper + alternating[:, None, None] * mirrored
        both[0, :, -1] -= 1.0  # the last interval is what lies between both cuts
        return both

    @staticmethod
    def _above(mean: float, variances: FloatArray, sei: FloatArray, cut: FloatArray) -> FloatArray:
        """Probabilities of effects above the first cut, between cuts, and below the last."""
        root = np.sqrt(variances)[:, None]
        x = (sei[:, None] * cut - mean) / root
        tail = np.empty((ORDERS, *x.shape))
        tail[0] = special.ndtr(-x)
        density = np.exp(-0.5 * x**2) / np.sqrt(2.0 * np.pi)
        for n, polynomial in enumerate(hermite(x, ORDERS - 1)):
            tail[n + 1] = polynomial * density / root ** (n + 1)
        whole = np.zeros((ORDERS, x.shape[0], 1))
        whole[0] = 1.0
        return np.diff(np.concatenate([0.0 * whole, tail, whole], axis=2), axis=2)


class BetaFunction:
    """Weights ``p^(a - 1) (1 - p)^(b - 1)``, with p kept away from 0 and 1.

    Parameters
    ----------
    p_values : ndarray, shape (k,)
        Observed one-sided p-values.
    smallest : float
        P-values are clipped to between this and 1 minus this.
    """

    def __init__(self, p_values: FloatArray, smallest: float) -> None:
        clipped = np.clip(p_values, smallest, 1.0 - smallest)
        self._observed = np.array([np.log(clipped).sum(), np.log1p(-clipped).sum()])
        nodes, weights = np.polynomial.legendre.leggauss(_NODES)
        self._reach = -float(special.ndtri(smallest))
        self._z, self._widths = self._reach * nodes, self._reach * weights
        inside = special.log_ndtr(np.stack([-self._z, self._z]))
        ends = np.log([[smallest, 1.0 - smallest], [1.0 - smallest, smallest]])
        #: log p and log(1 - p) of the nodes and of both tails, shape (2, J).
        self._logs = np.concatenate([inside, ends], axis=1)

    @property
    def parameters(self) -> int:
        """Both exponents."""
        return 2

    def weights(self, delta: FloatArray) -> Weighting:
        """Weights of the nodes and of both tails."""
        value = np.exp((delta - 1.0) @ self._logs)
        return Weighting(
            value=value,
            gradient=self._logs * value,
            hessian=self._logs[:, None] * self._logs * value,
            observed=float((delta - 1.0) @ self._observed),
            observed_gradient=self._observed,
            observed_hessian=np.zeros((2, 2)),
        )

    def parts(self, mean: float, variances: FloatArray, sei: FloatArray) -> FloatArray:
        """Probability of each part and its derivatives in the mean, shape (5, k, J)."""
        root = np.sqrt(variances)[:, None]
        x = (sei[:, None] * self._z - mean) / root
        density = np.exp(-0.5 * x**2) / np.sqrt(2.0 * np.pi)
        widths = sei[:, None] * self._widths / root
        inside = hermite(x, ORDERS) * (density * widths)
        inside /= root ** np.arange(ORDERS)[:, None, None]
        cuts = np.array([self._reach, -self._reach])
        outer = StepFunction._above(mean, variances, sei, cuts)
        return np.concatenate([inside, outer[..., [0, 2]]], axis=2)


def _no_steps(steps: Sequence[float], alternative: str, smallest_p: float) -> FloatArray:
    """Check what beta weights need."""
    if alternative == "two-sided":
        raise BadInput("Beta weights of two-sided p-values. Use alternative='greater'.")
    if not 1e-12 <= real_number(smallest_p) < 0.5:
        raise BadInput(f"smallest_p={smallest_p!r:.80} was given. Give one such as 1e-5.")
    return np.empty(0)


def _rising_steps(steps: Sequence[float], alternative: str, smallest_p: float) -> FloatArray:
    """Ends of the intervals of a step function."""
    try:
        ends = np.array(sorted({real_number(step) for step in steps} - {1.0}))
    except TypeError:
        ends = np.empty(0)
    if ends.size == 0 or not np.all((ends > 0.0) & (ends < 1.0)):
        raise BadInput(
            f"A step function with steps {steps!r:.80} was asked for. Give p-values between 0 and "
            "1, such as (0.025,) or (0.025, 0.5)."
        )
    return ends


def _step_function(
    p_values: FloatArray, ends: FloatArray, alternative: str, smallest_p: float
) -> WeightFunction:
    function = StepFunction(p_values, ends, two_sided=alternative == "two-sided")
    edges = [0.0, *ends.tolist(), 1.0]
    empty = [
        f"{edges[i]:g} to {edges[i + 1]:g}" for i in np.flatnonzero(function.counts == 0).tolist()
    ]
    if empty:
        raise NotEstimable(
            f"No study has a p-value in {', '.join(empty)} (alternative {alternative}), so the "
            "weight there is not determined. Choose other steps."
        )
    return function


def _beta_function(
    p_values: FloatArray, ends: FloatArray, alternative: str, smallest_p: float
) -> WeightFunction:
    return BetaFunction(p_values, smallest_p)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Weights:
    """A family of weight functions.

    Attributes
    ----------
    words : str
        What it is.
    parameters : callable
        Number of its parameters, from the ends of its intervals.
    ends : callable
        Ends of its intervals, none for a smooth function, from the steps that were given, the
        alternative and the smallest p-value, all checked.
    function : callable
        Weight function of the observed p-values, from these, the ends, the alternative and the
        smallest p-value.
    """

    words: str
    parameters: Callable[[FloatArray], int]
    ends: Callable[[Sequence[float], str, float], FloatArray]
    function: Callable[[FloatArray, FloatArray, str, float], WeightFunction]


#: Every family of weight functions by name.
WEIGHTS: Final[Mapping[str, _Weights]] = MappingProxyType(
    {
        "step": _Weights(
            words="constant within intervals of the p-value (Hedges; Vevea & Hedges)",
            parameters=lambda ends: ends.size,
            ends=_rising_steps,
            function=_step_function,
        ),
        "beta": _Weights(
            words="beta function of the p-value (Citkowicz & Vevea)",
            parameters=lambda ends: 2,
            ends=_no_steps,
            function=_beta_function,
        ),
    }
)
