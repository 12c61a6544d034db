"""One check of one number: what was got, what R printed, and how close the two must be.

Tolerances are those of the README that comes with the golden files, each with its cause.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple


class Tolerance(NamedTuple):
    """Equal when ``|got - expected| <= max(absolute, relative * |expected|)``."""

    absolute: float
    relative: float


#: Closed formulas in both programs: only the order of the sums and the quantiles differ.
CLOSED_FORM = Tolerance(1e-12, 1e-10)
#: R stops its search for tau2 at about this distance; everything that tau2 enters inherits it.
ITERATIVE = Tolerance(1e-9, 1e-7)
#: tau2 itself; values such as 1e-16 in the files mean 0.
TAU2 = Tolerance(1e-8, 1e-7)
#: A p-value far in the tail multiplies the error of its statistic.
P_VALUE = Tolerance(1e-300, 1e-6)
#: Log likelihood and information criteria are sums whose size is that of the sample.
LOG_LIKELIHOOD = Tolerance(1e-7, 0.0)
#: Quadrature of a likelihood: estimates and the maximum.
QUADRATURE = Tolerance(1e-6, 1e-6)
#: Quadrature of a likelihood: curvature, hence standard errors and variances.
QUADRATURE_CURVATURE = Tolerance(1e-6, 1e-5)
#: metafor's GLMM goes through lme4's optimiser and a finite-difference Hessian.
LME4 = Tolerance(1e-300, 1e-3)
#: Variance components of multivariate models, from a general optimiser.
VARIANCE_COMPONENT = Tolerance(1e-8, 1e-6)
#: Counts, sides and flags.
EXACT = Tolerance(0.0, 0.0)


#: Below this a standard error of R is 0 in rounding.
NO_WIDTH_AT_MOST = 1e-12
NO_WIDTH = "R prints an interval without width, where the effects are equal; ours refuses it"


class NotSupported(Exception):
    """The package does not offer what the case expects; the message says what."""


Value = float | int | bool | str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A quantity of a case.

    ``excuse`` says why the expected number is wrong, where that is known; such a check is shown
    and never counts as passed.
    """

    quantity: str
    got: Value
    expected: Value
    tolerance: Tolerance
    excuse: str = ""

    @property
    def passed(self) -> bool:
        """Whether both are the same within the tolerance; null equals null and NaN only."""
        if _absent(self.expected) or _absent(self.got):
            return _absent(self.expected) and _absent(self.got)
        if isinstance(self.expected, str | bool) or isinstance(self.got, str | bool):
            return type(self.expected) is type(self.got) and self.expected == self.got
        allowed = max(self.tolerance.absolute, self.tolerance.relative * abs(self.expected))
        return abs(self.got - self.expected) <= allowed

    @property
    def relative_error(self) -> float:
        """Distance relative to the expected number; 0 where both are within tolerance of 0."""
        if not _number(self.got) or not _number(self.expected) or self.got == self.expected:
            return 0.0
        if max(abs(self.got), abs(self.expected)) <= self.tolerance.absolute:
            return 0.0
        scale = max(abs(self.expected), self.tolerance.absolute)
        return abs(self.got - self.expected) / scale if scale else math.inf


def check(
    quantity: str, got: object, expected: object, tolerance: Tolerance, excuse: str = ""
) -> list[Check]:
    """Checks of a number, or of each element of an array (lists of lists, numpy arrays)."""
    expected, got = _plain(expected), _plain(got)
    if isinstance(expected, list) and isinstance(got, list):
        if len(expected) != len(got):
            quantity, got, expected = f"length of {quantity}", len(got), len(expected)
            return [Check(quantity=quantity, got=got, expected=expected, tolerance=EXACT)]
        return [
            one
            for i, (g, e) in enumerate(zip(got, expected, strict=True), start=1)
            for one in check(f"{quantity}[{i}]", g, e, tolerance, excuse)
        ]
    if isinstance(expected, list) or isinstance(got, list):
        got, expected = _shape(got), _shape(expected)
        quantity = f"shape of {quantity}"
    return [
        Check(quantity=quantity, got=got, expected=expected, tolerance=tolerance, excuse=excuse)
    ]


def refused(quantity: str, expected_se: float | None, refusal: Exception) -> list[Check]:
    """Check of an interval that is refused; any but one without width is an error."""
    if expected_se is not None and expected_se > NO_WIDTH_AT_MOST:
        raise refusal
    return check(quantity, None, expected_se, EXACT, NO_WIDTH)


def require_offered(expected: Sequence[str], offered: Sequence[str]) -> None:
    """Raise NotSupported when a case expects a quantity that is not offered."""
    unknown = sorted(set(expected) - set(offered))
    if unknown:
        raise NotSupported(f"no {', '.join(unknown)}")


def complete(inputs: dict, needed: Sequence[str] = ("yi", "vi")) -> dict:
    """Inputs without the studies that lack a number of ``needed``, as R leaves them out."""
    columns = [inputs[name] for name in needed]
    kept = [i for i, row in enumerate(zip(*columns, strict=True)) if None not in row]
    k = len(columns[0])
    if len(kept) == k:
        return inputs
    return {
        name: [value[i] for i in kept] if isinstance(value, list) and len(value) == k else value
        for name, value in inputs.items()
    }


def _plain(value: object) -> object:
    if hasattr(value, "tolist"):
        return value.tolist()
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def _shape(value: object) -> str:
    return f"list of {len(value)}" if isinstance(value, list) else "one value"


def _absent(value: object) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and not _absent(value)
