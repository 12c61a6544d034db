"""Numbers as documents print them: tokens, number words, and finding them on lines of a text.

Texts taken from PDF have middle-dot decimals, broken ligatures ("fi ve") and hard-wrapped lines
("twenty-/four"). A token is sought in the lines as they are; only white space, hyphens at line ends
and the form of the decimal mark are forgiven.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

_ONES = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8,
    "nine": 9,
}  # fmt: skip
_TEENS = {
    "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15,
    "sixteen": 16, "seventeen": 17, "eighteen": 18, "nineteen": 19,
}  # fmt: skip
UNITS = {
    **{"no": 0, "none": 0, "zero": 0, "never": 0, "not": 0, "inga": 0, "无": 0},
    **{"single": 1, "once": 1, "both": 2, "twice": 2, "fem": 5},
    **_ONES,
    **_TEENS,
}
TENS = {
    "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70,
    "eighty": 80, "ninety": 90,
}  # fmt: skip
#: Other words that are numbers; a fraction may be meant as a proportion or as a percentage.
PHRASES: dict[str, tuple[float, ...]] = {
    "half": (0.5, 50.0),
    "onethird": (1 / 3, 33.3),
    "twothirds": (2 / 3, 66.7),
    "onequarter": (0.25, 25.0),
    "oneandahalf": (1.5,),
    "monthly": (1.0,),
    "annual": (1.0,),
}
_THOUSANDS = re.compile(r"[1-9]\d{0,2}([, ]\d{3})+")
_DECIMAL_COMMA = re.compile(r"\d+,\d{1,2}|0,\d+")
_NUMBER = re.compile(r"-?(?:\d+(?:\.\d+)?|\.\d+)")
_MARKS = str.maketrans(
    {"·": ".", "∙": ".", "⋅": ".", "•": ".", "−": "-", "–": "-", "‐": "-", "‑": "-"}
)


def numbers_of(token: str) -> tuple[float, ...]:
    """Return the numbers that a printed token can stand for; none, if it is words.

    ``"78·6"`` is 78.6, ``"1,184"`` is 1184, ``"3,6"`` is 3.6, ``"Four"`` is 4, and ``"half"`` is
    0.5 or 50 (per cent).

    Parameters
    ----------
    token : str
        As printed.
    """
    text = token.strip()
    if _THOUSANDS.fullmatch(text):
        text = re.sub("[, ]", "", text)
    elif _DECIMAL_COMMA.fullmatch(text):
        text = text.replace(",", ".")
    text = re.sub(r"^-\s+", "-", text.translate(_MARKS))
    if _NUMBER.fullmatch(text):
        return (float(text),)
    squeezed = _squeezed(token)
    return PHRASES.get(squeezed) or _in_words(token, squeezed)


def _in_words(token: str, squeezed: str) -> tuple[float, ...]:
    if squeezed in UNITS:
        return (float(UNITS[squeezed]),)
    words = re.split(r"[\s\-]+", token.strip().lower())
    hundreds, counts = 0, {**_ONES, **_TEENS}
    if len(words) > 1 and words[1] == "hundred" and words[0] in counts:
        hundreds, words = counts[words[0]], words[2:]
        words = words[1:] if words[:1] == ["and"] and len(words) > 1 else words
    below = 0 if hundreds and not words else _below_hundred(words)
    return () if below is None else (float(100 * hundreds + below),)


def _below_hundred(words: Sequence[str]) -> int | None:
    """Return the number in one word, or in tens and ones; None for other words side by side."""
    match words:
        case [word]:
            return {**TENS, **_TEENS, **_ONES}.get(word)
        case [tens, ones] if tens in TENS and ones in _ONES:
            return TENS[tens] + _ONES[ones]
        case _:
            return None


def prints(tokens: Sequence[str], value: float) -> bool:
    """Tell whether one of the tokens stands for ``value``.

    A negative value may be printed without its sign where the text says "decreased by".

    Parameters
    ----------
    tokens : sequence of str
        As printed.
    value : float
        Number in the unit of the row.
    """
    printed = [number for token in tokens for number in numbers_of(token)]
    candidates = [*printed, *(-number for number in printed if value < 0)]
    return any(math.isclose(value, number, rel_tol=1e-12) for number in candidates)


def decimals_printed(tokens: Sequence[str], value: float) -> int:
    """Return the decimals with which ``value`` is printed (0 where it is printed as a word).

    Parameters
    ----------
    tokens : sequence of str
        As printed.
    value : float
        Number that some of them stand for.
    """
    return max((_decimals(token) for token in tokens if prints([token], value)), default=0)


def _decimals(token: str) -> int:
    text = token.translate(_MARKS)
    text = text.replace(",", ".") if _DECIMAL_COMMA.fullmatch(text) else text
    rest = text.partition(".")[2]
    return len(rest) if rest.isdigit() else 0


def stands_in(token: str, lines: Sequence[str]) -> bool:
    """Tell whether ``token`` is printed on ``lines``, whole and not as part of a longer number."""
    text = _joined(lines)
    wanted = re.sub(r"\s+", " ", token.strip().translate(_MARKS))
    if re.search(r"\d", wanted):
        thousands = r"(?<!\d,(?=\d{3}(?!\d)))"
        pattern = rf"(?<![\d.]){thousands}{re.escape(wanted)}(?!\d|\.\d|,\d{{3}}(?!\d))"
        return re.search(pattern, text) is not None
    word = r"[\s\-­]*".join(map(re.escape, _squeezed(wanted)))
    return re.search(rf"(?<![a-z]){word}(?![a-z])", text.lower()) is not None


def _joined(lines: Sequence[str]) -> str:
    text = "\n".join(line.rstrip() for line in lines)
    text = re.sub(r"(?<=[a-z])-\n", "", text).translate(_MARKS)
    return re.sub(r"\s+", " ", text)


def _squeezed(text: str) -> str:
    return re.sub(r"[\s\-­]", "", text.lower())
