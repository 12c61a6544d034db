"""Reference distributions: two-sided p-values and critical values, normal or t.

``scipy.special`` is used instead of ``scipy.stats``: the same numbers without the half second of
import and without the overhead that counts when a fit takes a millisecond.
"""

from __future__ import annotations

from scipy import special

from evidence.errors import BadInput
from evidence.input_checks import real_number


def check_level(level: float) -> float:
    """Coverage of an interval as a number between 0 and 1.

    Parameters
    ----------
    level : float
        Coverage, such as 0.95.

    Raises
    ------
    BadInput
        If it is no number strictly between 0 and 1.
    """
    advice = "Give a proportion such as 0.95 (not 95)."
    value = real_number(level)
    if not 0.0 < value < 1.0:
        raise BadInput(f"An interval was asked for at level {level!r:.80}. {advice}")
    return value


def critical_value(level: float, df: float | None) -> float:
    """Two-sided critical value of the normal (``df`` None) or of the t distribution.

    Parameters
    ----------
    level : float
        Coverage between 0 and 1.
    df : float or None
        Degrees of freedom, None for the normal distribution.
    """
    tail = (1.0 - level) / 2.0
    if df is None:
        return -float(special.ndtri(tail))
    return -float(special.stdtrit(df, tail))


def two_sided_p(statistic: float, df: float | None) -> float:
    """Two-sided p-value of ``statistic``, from the tail so that small values keep their digits.

    Parameters
    ----------
    statistic : float
        Estimate divided by its standard error.
    df : float or None
        Degrees of freedom of t, None for the normal distribution.
    """
    size = -abs(statistic)
    return 2.0 * float(special.ndtr(size) if df is None else special.stdtr(df, size))


def chi_squared_p(statistic: float, df: float) -> float:
    """Upper tail of the chi-squared distribution."""
    return float(special.chdtrc(df, statistic))


def chi_squared_quantile(upper_tail: float, df: float) -> float:
    """Chi-squared value that leaves ``upper_tail`` above it."""
    return float(special.chdtri(df, upper_tail))
