"""Permutation test of a meta-regression: with no association, moderators could change places."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from evidence.arrays import FloatArray, IntArray, read_only
from evidence.double_precision import studies_in_double_precision
from evidence.errors import BadInput
from evidence.input_checks import require_kind
from evidence.results import Result
from evidence.synthesis.pairwise.summary_tests import SUMMARY_TESTS
from evidence.synthesis.permutation.patterns import study_orders
from evidence.synthesis.permutation.sign_test import TIE
from evidence.synthesis.regression.records import MetaRegression
from evidence.synthesis.stacks.regression import RegressionStack, stacked_tau2

if TYPE_CHECKING:
    import pandas as pd

#: Numbers of one array in a chunk of orders.
_CHUNK: Final = 200_000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PermutationRegressionTest(Result):
    """Two-sided permutation tests of the coefficients of a meta-regression, and of all together.

    Attributes
    ----------
    names : tuple of str, length p
        Coefficients.
    statistic, p_value : ndarray, shape (p,), read-only
        Observed statistics, and the share of orders whose statistic is as far from 0 or farther.
    omnibus_statistic, omnibus_p : float
        The same for the joint test of all coefficients but the intercept (QM).
    exact : bool
        Whether all orders were enumerated.
    patterns : int
        Orders behind the p-values: all different ones, or draws + 1.
    k : int
        Number of studies.
    method, test : str
        Estimator of tau2 and test that were refitted to each order.
    """

    names: tuple[str, ...]
    statistic: FloatArray
    p_value: FloatArray
    omnibus_statistic: float
    omnibus_p: float
    exact: bool
    patterns: int
    k: int
    method: str
    test: str

    def to_frame(self) -> pd.DataFrame:
        """One row for each coefficient, and one for the joint test."""
        import pandas as pd

        columns = {
            "test": [*self.names, "moderators"],
            "statistic": [*self.statistic.tolist(), self.omnibus_statistic],
            "p_value": [*self.p_value.tolist(), self.omnibus_p],
        }
        return pd.DataFrame(columns).assign(patterns=self.patterns, exact=self.exact)


@studies_in_double_precision("A permutation test of a meta-regression")
def permutation_regression_test(
    fit: MetaRegression, *, draws: int | None = None, rng: np.random.Generator | None = None
) -> PermutationRegressionTest:
    """Permutation tests of a meta-regression by giving the studies' moderators to one another.

    The hypothesis is that no moderator is associated with the effects or their precision; tau2 and
    the model are fitted again to every order.

    Parameters
    ----------
    fit : MetaRegression
        Meta-regression with moderators.
    draws : int, optional
        Random orders; all different ones are enumerated if left out, or if there are not more.
    rng : numpy.random.Generator, optional
        Source of the draws; needed when they are drawn.

    Raises
    ------
    BadInput
        If ``fit`` has no moderators, there are more than 400,000 orders without ``draws``,
        ``draws`` is not a whole number from 1, or draws are needed and ``rng`` is no generator.
    NotEstimable
        If the numbers leave the range of double precision.

    References
    ----------
    Higgins & Thompson (2004), Stat Med 23:1663-1682. Phipson & Smyth (2010), Stat Appl Genet Mol
    Biol 9:39 (draws). metafor: ``permutest(res, exact=TRUE)``.
    """
    require_kind(
        "A permutation test of a meta-regression",
        fit,
        MetaRegression,
        "Give the result of meta_regression(), or use permutation_test() for that of pool().",
    )
    orders = StudyOrders(fit, draws, rng)
    statistics, omnibus = orders.statistics(fit.yi)
    sizes = np.abs(statistics)
    far = np.mean(sizes >= sizes[:, :1] - TIE, axis=1)
    observed = np.array(statistics[:, 0])
    for array in (far, observed):
        read_only(array)
    return PermutationRegressionTest(
        names=fit.design.names,
        statistic=observed,
        p_value=far,
        omnibus_statistic=float(omnibus[0]),
        omnibus_p=float(np.mean(omnibus >= omnibus[0] - TIE)),
        exact=orders.exact,
        patterns=omnibus.size,
        k=fit.k,
        method=fit.method,
        test=fit.test,
    )


class StudyOrders:
    """Orders of the studies of a meta-regression, and the statistics that they give.

    Parameters
    ----------
    fit, draws, rng
        As ``permutation_regression_test``.
    """

    def __init__(
        self, fit: MetaRegression, draws: int | None, rng: np.random.Generator | None
    ) -> None:
        if not isinstance(fit, MetaRegression):
            raise BadInput(
                f"A permutation test of moderators was asked for {type(fit).__name__}. Give the "
                "result of meta_regression()."
            )
        if not fit.design.tested:
            raise BadInput(
                "A permutation test of moderators was asked for a model without moderators. Use "
                "permutation_test(pool(...)), which flips signs."
            )
        self.fit = fit
        rows, self.orders, self.exact = study_orders(fit.design.matrix, draws, rng)
        # orthonormal columns lose no digits when the moderators are far from 0
        self.basis, self.triangle = np.linalg.qr(fit.design.matrix[rows])
        self.tested = list(fit.design.tested)

    def statistics(self, yi: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Test statistics of the coefficients, shape (p, d), and of all together, shape (d,).

        Parameters
        ----------
        yi : ndarray, shape (k,)
            Effects, in the order of the studies.
        """
        parts = [self._chunk(yi, orders) for orders in self._chunks()]
        single, joint = zip(*parts, strict=True)
        return np.concatenate(single, axis=1), np.concatenate(joint)

    def _chunks(self) -> Iterator[IntArray]:
        k, d = self.orders.shape
        step = max(1, _CHUNK // k)
        for start in range(0, d, step):
            yield self.orders[:, start : start + step]

    def _chunk(self, yi: FloatArray, orders: IntArray) -> tuple[FloatArray, FloatArray]:
        stack = RegressionStack(yi[orders], self.fit.vi[orders], self.basis)
        fits = stack.at(stacked_tau2(stack, self.fit.method))
        back = np.linalg.inv(self.triangle)
        coefficients = back @ fits.coefficients
        vcov = back @ fits.inverse @ back.T
        factor = self._factor(fits.rss / stack.df)
        size = np.sqrt(np.einsum("dii->id", vcov) * factor)
        single = _divided(coefficients, size)
        tested = coefficients[self.tested]
        inner = np.linalg.inv(vcov[:, self.tested][:, :, self.tested])
        squares = np.einsum("id,dij,jd->d", tested, inner, tested)
        degrees = 1 if SUMMARY_TESTS[self.fit.test].normal else len(self.tested)
        return single, _divided(squares, factor * degrees)

    def _factor(self, knapp_hartung: FloatArray) -> FloatArray:
        """Factor on the Wald covariance matrix of each order."""
        return SUMMARY_TESTS[self.fit.test].factor(knapp_hartung)


def _divided(top: FloatArray, bottom: FloatArray) -> FloatArray:
    """Ratio that is infinite where a perfect fit leaves no width."""
    far = np.copysign(np.inf, top)
    return np.asarray(np.divide(top, bottom, out=far, where=bottom > 0.0))
