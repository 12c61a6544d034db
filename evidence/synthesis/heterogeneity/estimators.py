"""The estimators of tau2, the between-study variance: one table that everything else follows.

An estimator is a record with an equation, and an equation is data: the solutions for one
meta-analysis, for a stack of them and for a stack of meta-regressions are written once for each
kind of equation. One entry here is therefore all that an estimator needs to work wherever a
``method`` is taken; a new kind of equation is reported by mypy where it lacks a solution.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

from evidence.errors import UnknownName

if TYPE_CHECKING:
    from evidence.arrays import FloatArray

#: Number of studies or of degrees of freedom: one, or one for each meta-analysis of a stack.
Size = Any


class FittedWeights(Protocol):
    """What a weighted least squares fit tells an equation; arrays have one entry a fit."""

    @property
    def total(self) -> FloatArray:
        """Sum of the weights."""

    @property
    def trace_p(self) -> FloatArray:
        """Trace of P, the sum of weights times one minus leverage."""


@dataclass(frozen=True, slots=True)
class NoVariance:
    """Tau2 is 0 by assumption."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MomentOfQ:
    """Tau2 is ``(Q - expected) / slope``, or 0: Cochran's Q is set to what it is expected to be.

    Attributes
    ----------
    expected : callable
        What is subtracted from Q, from k and k - p.
    slope : callable
        How Q grows with tau2, from the fit with weights 1/vi, k and k - p.
    """

    expected: Callable[[Size, Size], Size]
    slope: Callable[[FittedWeights, Size, Size], FloatArray]


@dataclass(frozen=True, slots=True)
class MomentOfVariance:
    """Tau2 is the unweighted residual mean square minus what sampling error adds to it, or 0."""


@dataclass(frozen=True, slots=True)
class OneStep:
    """Tau2 is the raw variance of the effects times the generalised Q there over k - p."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RootOfQ:
    """Tau2 is where the generalised Q, which falls as tau2 grows, equals a target; 0 if below it.

    Attributes
    ----------
    target : callable
        Target from k - p.
    """

    target: Callable[[Size], Size]


@dataclass(frozen=True, slots=True, kw_only=True)
class Likelihood:
    """Tau2 is at the global maximum of the likelihood.

    Attributes
    ----------
    restricted : bool
        The restricted likelihood.
    """

    restricted: bool


Equation = NoVariance | MomentOfQ | MomentOfVariance | OneStep | RootOfQ | Likelihood


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimator:
    """One estimator of tau2.

    Attributes
    ----------
    name : str
        Short name in the literature and in metafor.
    words : str
        Name in words.
    equation : Equation
        What tau2 solves.
    aliases : tuple of str
        Other short names.
    engines : tuple of str
        Which of PyMARE and statsmodels have it, the one to ask first in front.
    rarity : int or None
        Place in the order in which published reviews use the estimators, 0 the most usual; None
        if they are not known to use it. The settings behind a published number, and those that a
        multiverse looks at unless told, are searched among the used ones.
    metafor_control : str
        What makes metafor's search of it converge to the digits that are compared.
    """

    name: str
    words: str
    equation: Equation
    aliases: tuple[str, ...] = ()
    engines: tuple[str, ...] = ()
    rarity: int | None = None
    metafor_control: str = ""

    @property
    def searched(self) -> bool:
        """Whether tau2 is the result of a search, not of a closed form."""
        return isinstance(self.equation, RootOfQ | Likelihood)

    @property
    def maximises_likelihood(self) -> bool:
        """Whether tau2 is at the maximum of a likelihood."""
        return isinstance(self.equation, Likelihood)

    @property
    def restricted(self) -> bool:
        """Whether the likelihood that goes with the estimate is the restricted one."""
        return isinstance(self.equation, Likelihood) and self.equation.restricted


def median_of_chi_squared(df: Size) -> Size:
    """Median of the chi-squared distribution, by degrees of freedom."""
    from scipy import special

    return special.chdtri(df, 0.5)


#: Outside engines, called in ``engines.py``.
PYMARE: Final = "PyMARE"
STATSMODELS: Final = "statsmodels"

_FISHER_SCORING: Final = "threshold = 1e-12, maxiter = 10000"
_ROOT_FINDER: Final = "tol = 1e-12, tau2.max = 1e4"

#: Every estimator by its short name; the first is the default, and lists for users keep the order.
ESTIMATORS: Final = {
    one.name: one
    for one in (
        Estimator(
            name="REML",
            words="restricted maximum likelihood",
            equation=Likelihood(restricted=True),
            engines=(PYMARE,),
            rarity=2,
            metafor_control=_FISHER_SCORING,
        ),
        Estimator(
            name="DL",
            words="DerSimonian-Laird",
            equation=MomentOfQ(expected=lambda k, df: df, slope=lambda fit, k, df: fit.trace_p),
            engines=(PYMARE, STATSMODELS),
            rarity=0,
        ),
        Estimator(
            name="PM",
            words="Paule-Mandel",
            equation=RootOfQ(target=lambda df: df),
            engines=(STATSMODELS,),
            rarity=3,
            metafor_control=_ROOT_FINDER,
        ),
        Estimator(
            name="ML",
            words="maximum likelihood",
            equation=Likelihood(restricted=False),
            engines=(PYMARE,),
            rarity=4,
            metafor_control=_FISHER_SCORING,
        ),
        Estimator(
            name="EB",  # solves the equation of Paule and Mandel, which metafor searches otherwise
            words="empirical Bayes",
            equation=RootOfQ(target=lambda df: df),
            engines=(STATSMODELS,),
            rarity=8,
            metafor_control=_FISHER_SCORING,
        ),
        Estimator(
            name="SJ",
            words="Sidik-Jonkman",
            equation=OneStep(),
            rarity=5,
        ),
        Estimator(
            name="HE",
            words="Hedges",
            equation=MomentOfVariance(),
            rarity=6,
        ),
        Estimator(
            name="HS",
            words="Hunter-Schmidt",
            equation=MomentOfQ(expected=lambda k, df: k, slope=lambda fit, k, df: fit.total),
            rarity=7,
        ),
        Estimator(
            name="HSk",
            words="Hunter-Schmidt with a correction for few studies",
            equation=MomentOfQ(
                expected=lambda k, df: df, slope=lambda fit, k, df: fit.total * (df / k)
            ),
        ),
        Estimator(
            name="PMM",
            words="median-unbiased Paule-Mandel",
            equation=RootOfQ(target=median_of_chi_squared),
            metafor_control=_ROOT_FINDER,
        ),
        Estimator(
            name="CE",
            words="common effect",
            equation=NoVariance(),
            aliases=("FE", "EE"),
            engines=(PYMARE, STATSMODELS),
            rarity=1,
        ),
    )
}
_SPELLINGS: Final = {
    spelling.upper(): one.name
    for one in ESTIMATORS.values()
    for spelling in (one.name, *one.aliases)
}
#: Names of the estimators as a sentence lists them.
ESTIMATOR_NAMES: Final = ", ".join(ESTIMATORS)


def find_estimator(method: str) -> Estimator:
    """Find an estimator by short name or alias.

    Parameters
    ----------
    method : str
        A name of ``ESTIMATORS`` or one of its aliases; case does not matter.

    Raises
    ------
    UnknownName
        If there is no such estimator.
    """
    name = _SPELLINGS.get(str(method).upper())
    if name is None:
        known = [name for one in ESTIMATORS.values() for name in (one.name, *one.aliases)]
        raise UnknownName("estimator of tau2", method, known)
    return ESTIMATORS[name]


def estimator_name(method: str) -> str:
    """Canonical short name of an estimator.

    Parameters
    ----------
    method : str
        A name of ``ESTIMATORS`` or one of its aliases; case does not matter.

    Raises
    ------
    UnknownName
        If there is no such estimator.
    """
    return find_estimator(method).name
