"""Priors on tau, the standard deviation of true effects, by name and scale."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from scipy import special

from evidence.arrays import FloatArray
from evidence.errors import BadInput

_LOG_2PI = math.log(2 * math.pi)


@dataclass(frozen=True, slots=True, kw_only=True)
class TauPrior:
    """A proper prior density on tau; make one with ``half_normal`` and its neighbours.

    Attributes
    ----------
    family : str
        "half-normal", "half-t" (df 1 is half-Cauchy) or "log-normal".
    scale : float
        Scale of tau in the unit of the effects; for the log-normal the prior median of tau.
    df : int or None
        Degrees of freedom of the half-t.
    sdlog : float or None
        Standard deviation of log tau (half of the one of log tau2) for the log-normal.
    """

    family: str
    scale: float
    df: int | None = None
    sdlog: float | None = None

    def log_density(self, log_tau: FloatArray) -> FloatArray:
        """Logarithm of the density of tau (not of log tau) at ``exp(log_tau)``."""
        size = log_tau - math.log(self.scale)
        if self.sdlog is not None:
            width = math.log(self.sdlog)
            return -0.5 * (_LOG_2PI + (size / self.sdlog) ** 2) - width - log_tau
        square = np.exp(2 * size)
        if self.df is None:
            return math.log(2 / self.scale) - 0.5 * (_LOG_2PI + square)
        df = self.df
        constant = special.gammaln((df + 1) / 2) - special.gammaln(df / 2)
        top = float(constant) - 0.5 * math.log(math.pi * df) + math.log(2 / self.scale)
        return top - (df + 1) / 2 * np.log1p(square / df)

    def in_unit(self, unit: float) -> TauPrior:
        """The same prior when effects are measured in ``unit``."""
        return replace(self, scale=self.scale / unit)

    def __str__(self) -> str:
        """Family with its parameters."""
        if self.sdlog is not None:
            mean, sd = 2 * math.log(self.scale), 2 * self.sdlog
            return f"log-normal on tau2, mean {mean:.4g} and standard deviation {sd:.4g} of its log"
        df = "" if self.df is None else f" with {self.df} df"
        return f"{self.family}{df} on tau, scale {self.scale:.4g}"


def half_normal(scale: float) -> TauPrior:
    """Half-normal prior: the size of a normal variable with standard deviation ``scale``.

    Parameters
    ----------
    scale : float
        In the unit of the effects, such as 0.5 for a log odds ratio.

    Raises
    ------
    BadInput
        If the scale is no finite number above 0.

    References
    ----------
    Röver et al. (2021), Res Synth Methods 12:448-474.
    """
    return TauPrior(family="half-normal", scale=_positive("scale", scale))


def half_t(scale: float, df: int) -> TauPrior:
    """Half-t prior; heavier tails than the half-normal.

    Parameters
    ----------
    scale : float
        In the unit of the effects.
    df : int
        Degrees of freedom, a whole number from 1.

    Raises
    ------
    BadInput
        If the scale is no finite number above 0, or ``df`` is no whole number from 1.

    References
    ----------
    Gelman (2006), Bayesian Anal 1:515-533.
    """
    if isinstance(df, bool) or not isinstance(df, int) or df < 1:
        raise BadInput(
            f"A half-t prior was asked for with df {df!r}. Give a whole number from 1, or use the "
            "half-normal prior for its limit."
        )
    return TauPrior(family="half-t", scale=_positive("scale", scale), df=df)


def half_cauchy(scale: float) -> TauPrior:
    """Half-Cauchy prior, the half-t with one degree of freedom; ``scale`` is its median.

    Parameters
    ----------
    scale : float
        In the unit of the effects.

    Raises
    ------
    BadInput
        If the scale is no finite number above 0.
    """
    return half_t(scale, 1)


def log_normal(meanlog: float, sdlog: float) -> TauPrior:
    """Log-normal prior on tau2, the form in which empirical priors are published.

    Parameters
    ----------
    meanlog, sdlog : float
        Mean and standard deviation (not variance) of log tau2.

    Raises
    ------
    BadInput
        If they are not finite, or ``sdlog`` is not above 0.

    References
    ----------
    Turner et al. (2015), Stat Med 34:984-998. Rhodes et al. (2015), J Clin Epidemiol 68:52-60
    (whose priors for standardised mean differences are log-t instead).
    """
    if not (isinstance(meanlog, (int, float)) and abs(meanlog) <= 200):
        raise BadInput(
            f"A log-normal prior was asked for with meanlog {meanlog!r}. Give the mean of log "
            "tau2, between -200 and 200."
        )
    width = _positive("sdlog", sdlog) / 2
    return TauPrior(family="log-normal", scale=math.exp(meanlog / 2), sdlog=width)


def _positive(name: str, value: float) -> float:
    """Require a finite number above 0."""
    if not isinstance(value, (int, float)) or not (math.isfinite(value) and value > 0):
        raise BadInput(
            f"A prior on tau was asked for with {name} {value!r}. Give a finite number above 0, in "
            "the unit of the effects."
        )
    return float(value)
