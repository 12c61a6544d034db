"""Where R's search for tau2 fails: it gives up, ends in a lower maximum, or stops on the way.

The cause is found in the numbers: the likelihood at the tau2 of the reference and at ours, by the
formula written out here, and the distance of the two. A difference without such a cause fails.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from evidence.synthesis.heterogeneity import ESTIMATORS
from tests.reference.golden.compare import TAU2, Check

#: Estimators whose tau2 is searched for, and those that need no search by each of their names.
SEARCHED = tuple(one.name for one in ESTIMATORS.values() if one.searched)
WITHOUT_SEARCH = tuple(
    name for one in ESTIMATORS.values() if not one.searched for name in (one.name, *one.aliases)
)
NO_NUMBER = "metafor's search for tau2 did not converge, and has no number"
LOWER = "metafor's search for tau2 ended where the likelihood is lower than at ours"
STOPPED = (
    "metafor's search stopped at a tau2 that differs by less than the tolerance of tau2, and this "
    "number differs in proportion"
)
#: How many times farther, relatively, a number may be than the tau2 it is computed with.
IN_PROPORTION = 100.0
#: Sizes of quantities that can be near 0, where the distance is compared with a size of their own.
SIZES = {"I2": 100.0, "ll": 10.0, "AIC": 10.0, "BIC": 10.0, "AICc": 10.0, "deviance": 10.0}


def cause(
    yi: Sequence[float],
    vi: Sequence[float],
    design: Sequence | None,
    method: str,
    tau2: tuple[float, float | None],
) -> str:
    """Say why the tau2 of the reference is not ours, where it is R's search that went wrong.

    ``tau2`` is ours and that of the reference.
    """
    got, expected = tau2
    if method not in SEARCHED or not np.isfinite(got):
        return ""
    if expected is None:
        return NO_NUMBER
    if abs(got - expected) <= TAU2.absolute:
        return STOPPED if got != expected else ""
    if method not in ("ML", "REML"):
        return ""
    ours, theirs = (
        log_likelihood(yi, vi, design, value, method == "REML") for value in (got, expected)
    )
    return LOWER if ours > theirs + 1e-9 else ""


def log_likelihood(
    yi: Sequence[float], vi: Sequence[float], design: Sequence | None, tau2: float, restricted: bool
) -> float:
    """Log likelihood of tau2 without constants, with the coefficients that go with it."""
    y, variance = np.array(yi, dtype=float), np.array(vi, dtype=float) + tau2
    x = np.ones((y.size, 1)) if design is None else np.array(design, dtype=float)
    root = 1.0 / np.sqrt(variance)[:, None]
    q, r = np.linalg.qr(x * root)
    scaled = y * root[:, 0]
    scatter = np.sum((scaled - q @ (q.T @ scaled)) ** 2)
    information = 2 * np.sum(np.log(np.abs(np.diag(r)))) if restricted else 0.0
    return float(-0.5 * (np.sum(np.log(variance)) + scatter + information))


def excused(
    found: list[Check], why: str, vi: Sequence[float], tau2: tuple[float, float | None]
) -> list[Check]:
    """Give the checks that fail the cause of it, as far as the cause reaches."""
    if not why:
        return found
    return [
        replace(one, excuse=why)
        if not one.passed and not one.excuse and _reaches(why, one, vi, tau2)
        else one
        for one in found
    ]


def _reaches(why: str, one: Check, vi: Sequence[float], tau2: tuple[float, float | None]) -> bool:
    if why == NO_NUMBER:
        return one.expected is None
    if why == LOWER:
        return True
    if not isinstance(one.expected, float | int) or not isinstance(one.got, float | int):
        return False
    got, expected = tau2
    distance = abs(got - expected) / (expected + 1.0 / np.mean(1.0 / np.array(vi, dtype=float)))
    name = one.quantity.split("[")[0].split()[-1]
    size = max(abs(one.expected), SIZES.get(name, 0.0))
    return bool(abs(one.got - one.expected) <= IN_PROPORTION * distance * size)
