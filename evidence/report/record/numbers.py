"""From an unrounded value to the text a reader sees.

A number is rounded here, once, and nowhere else. A format is a word and a number of digits, such as
``fixed:2``, so that a ledger can repeat it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal

from evidence.effects.conversions import back_transform
from evidence.errors import BadInput, UnknownName

#: Typographic minus; a hyphen would break at line ends.
MINUS = "−"
#: p values below this are printed as "<0.0001" (ICMJE practice for small p values).
SMALLEST_P = 1e-4


def _fixed(value: float, digits: int) -> str:
    text = f"{value:.{digits}f}"
    return f"{0:.{digits}f}" if float(text) == 0 else text


def _significant(value: float, digits: int) -> str:
    """In full and never with an exponent, which a reader would have to work out."""
    return f"{Decimal(f'{value:.{digits}g}'):f}" if value else "0"


def _p(value: float, digits: int) -> str:
    if not 0 <= value <= 1:
        raise BadInput(f"{value:g} was to be shown as a p value, which lies between 0 and 1.")
    if value < SMALLEST_P:
        return f"<{SMALLEST_P:.4f}"
    return _fixed(value, max(digits, 4 if value < 0.001 else 3 if value < 0.01 else digits))


def _plain(value: float, digits: int) -> str:
    """As printed in the source: no digit added, none removed."""
    return f"{value:.{digits}f}"


def _ratio(value: float, digits: int) -> str:
    """exp() of a value on the log scale."""
    return _fixed(float(back_transform(value, "RR")), digits)


def _percent(value: float, digits: int) -> str:
    """A proportion (0 to 1) as a percentage, without the sign."""
    return _fixed(100 * value, digits)


def _logit(value: float, digits: int) -> str:
    """Percentage that belongs to a log odds."""
    return _percent(float(back_transform(value, "PLO")), digits)


def _arcsine(value: float, digits: int) -> str:
    """Percentage that belongs to an arcsine-transformed proportion."""
    return _percent(float(back_transform(value, "PAS")), digits)


def _reduction(value: float, digits: int) -> str:
    """Relative reduction in per cent that belongs to a log ratio."""
    return _fixed(100 * -math.expm1(value), digits)


FORMATS: dict[str, Callable[[float, int], str]] = {
    "fixed": _fixed,
    "significant": _significant,
    "plain": _plain,
    "p": _p,
    "ratio": _ratio,
    "percent": _percent,
    "reduction": _reduction,
    "logit": _logit,
    "arcsine": _arcsine,
}


def format_number(value: float | None, spec: str) -> str:
    """Return the text for ``value`` in the format ``spec``.

    Parameters
    ----------
    value : float or None
        Unrounded; None is refused, because what is absent needs words, not a number.
    spec : str
        ``fixed:2``, ``significant:3``, ``plain:1`` (as printed), ``p:2``, ``percent:0`` (of a
        proportion), ``ratio:2`` (exp of a log ratio), ``reduction:0`` (relative reduction in %
        from a log ratio), ``logit:1``, ``arcsine:1`` (percentage from a transformed proportion).

    Raises
    ------
    UnknownName
        There is no such format.
    BadInput
        The value is absent or not finite, or a p value is outside 0 to 1.

    Examples
    --------
    >>> format_number(-0.598, "ratio:2"), format_number(-1.25, "fixed:1")
    ('0.55', '−1.2')
    >>> format_number(0.0004, "p:2")
    '0.0004'
    """
    kind, _, digits = spec.partition(":")
    if kind not in FORMATS:
        raise UnknownName("number format", kind, FORMATS)
    if value is None or not math.isfinite(value):
        raise BadInput(
            f"A number was to be shown as {spec} and is {value}. Say in words why it is absent."
        )
    return FORMATS[kind](float(value), int(digits or 0)).replace("-", MINUS)
