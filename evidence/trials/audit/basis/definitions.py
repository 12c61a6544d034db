"""Do two rows mean the same quantity? What their definitions say: confirmation, period, the rest.

Documents word one definition in many ways ("6-month confirmed EDSS", "sustained accumulation;
confirmation time not stated"). What is left of a definition after its confirmation, its period and
the words that every document uses for the outcome is its core; two rows with different cores are
about different things and are not compared.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache

#: Words that do not narrow an outcome: grammar, and general names for what is measured.
_NEUTRAL = frozenset(
    re.findall(
        r"\w+",
        """
    a an the of in on to and or at by as no not with for from per was is were be that all any
    printed stated confirmed confirmation sustained accumulation increase reduction rate rates risk
    overall pooled probability number mean change excerpt table time month months
    edss score scale disability disease worsening worsened worse progression progressed progressive
    deteriorated halt improvement improved regression stable stabilised stabilisation against
    baseline neda evidence activity active relapse relapses first relapsing free survival death
    deaths mortality transplant msfc median
    mri brain lesion lesions new enlarging enlarged gd gadolinium enhancing t1 t2 weighted
    adverse assumed corresponding 100 patient patients loss volume parenchymal sad long term
    hazard cumulative event events method standardised
        """,
    )
)
_WORD = re.compile(r"[a-z0-9]+(?:\.[0-9]+)?")
_CONFIRMED = re.compile(r"\b(\d+)[- ](month|week)s?\b(?! extension| trial| study)")
_MONTHS_OVER = re.compile(r"sustained over (\d+) months")
_YEARS = re.compile(r"\byears? (\d+)(?: ?(?:-|–|to|and) ?(\d+))?")
_UNSAID = re.compile(r"(?:confirmation(?: time)?|parts|components) not [a-z ]+|as printed")
_AFTER = re.compile(r"\bafter \d+ years|\bat \d+ years|\b\d+-year\b")


class Match(IntEnum):
    """How surely two rows mean the same quantity; the larger, the less."""

    SAME = 0
    OPEN = 1
    DIFFERENT = 2


@dataclass(frozen=True, slots=True)
class Definition:
    """A definition taken apart.

    Attributes
    ----------
    confirmed : int or None
        Months of confirmation; None if not said.
    period : tuple of float or None
        First and last month that it is about; None if not said.
    core : frozenset of str
        The words that narrow the outcome.
    said : bool
        Whether there is a definition at all.
    """

    confirmed: int | None
    period: tuple[float, float] | None
    core: frozenset[str]
    said: bool


@lru_cache(maxsize=8192)
def definition_of(text: str | None, outcome: str) -> Definition:
    """Take the text of a definition of ``outcome`` apart."""
    if text is None:
        return Definition(None, None, frozenset(), said=False)
    lowered = text.lower().replace("gadolinium-enhancing", "gadolinium enhancing")
    confirmed, lowered = _confirmation(_UNSAID.sub(" ", lowered))
    period, lowered = _period(lowered)
    words = {_singular(word) for word in _WORD.findall(_AFTER.sub(" ", lowered))} - _NEUTRAL
    own = tuple(outcome.split("-"))
    core = frozenset(word for word in words if not any(name.startswith(word) for name in own))
    return Definition(confirmed, period, core, said=True)


def _confirmation(text: str) -> tuple[int | None, str]:
    match = _CONFIRMED.search(text)
    if match:
        months = int(match[1]) if match[2] == "month" else round(int(match[1]) / 4.0)
        return months, text[: match.start()] + " " + text[match.end() :]
    over = _MONTHS_OVER.search(text)
    return (int(over[1]), text.replace(over[0], " ")) if over else (None, text)


def _period(text: str) -> tuple[tuple[float, float] | None, str]:
    """``years 0-4`` is months 0 to 48; ``year 4`` and ``years 3 to 4`` are whole years."""
    match = _YEARS.search(text)
    if not match:
        return None, text
    first, last = int(match[1]), int(match[2] or match[1])
    dashed = match[2] is not None and first == 0
    start = 12.0 * (first if dashed else first - 1)
    words = text[: match.start()] + " " + text[match.end() :]
    return (start, 12.0 * last), re.sub(r"\bwithin\b|\bduring\b", " ", words)


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 4 and word.endswith("s") and not word.endswith("ss") else word


def same_definition(
    one: str | None, other: str | None, outcome: str, *, months: float | None = None
) -> Match:
    """Tell how surely two definitions of ``outcome`` mean the same.

    Parameters
    ----------
    one, other : str or None
        Texts of the definitions.
    outcome : str
        Name of the outcome; its own words narrow nothing.
    months : float, optional
        Time of both rows; a period from 0 to that time is the whole time and narrows nothing.
    """
    first, second = definition_of(one, outcome), definition_of(other, outcome)
    if first.core != second.core:
        return Match.DIFFERENT
    periods = (_whole(first.period, months), _whole(second.period, months))
    return max(_agreement(first.confirmed, second.confirmed), _agreement(*periods))


def _whole(period: tuple[float, float] | None, months: float | None) -> tuple[float, float] | None:
    return None if period is not None and period == (0.0, months) else period


def _agreement(one: object, other: object) -> Match:
    if one == other:
        return Match.SAME
    return Match.OPEN if one is None or other is None else Match.DIFFERENT


def same_core(one: str | None, other: str | None, outcome: str) -> bool:
    """Tell whether two definitions narrow the outcome in the same way, whatever their times."""
    return definition_of(one, outcome).core == definition_of(other, outcome).core


def same_words(one: str | None, other: str | None) -> Match:
    """Tell how surely two labels, such as analysis sets, are the same."""
    return _agreement(one, other) if one is None or other is None else _equal(one, other)


def _equal(one: str, other: str) -> Match:
    same = one.casefold().removesuffix(" ms") == other.casefold().removesuffix(" ms")
    return Match.SAME if same else Match.DIFFERENT


def same_months(one: float | None, other: float | None, *, tolerance: float = 0.1) -> Match:
    """Tell how surely two time points are the same; within a tenth they are taken as one."""
    if one is None or other is None:
        return _agreement(one, other)
    close = abs(one - other) <= tolerance * max(abs(one), abs(other))
    return Match.SAME if close else Match.DIFFERENT
