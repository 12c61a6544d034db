"""Numbers as documents print them: tokens, number words, and finding them on lines of a text.

Texts taken from PDF have middle-dot decimals, broken ligatures ("fi ve") and hard-wrapped lines
("twenty-/four"). A token is sought in the lines as they are; only white space, hyphens at line ends
and the form of the decimal mark are forgiven.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

WORDS = {
    "no": 0, "none": 0, "zero": 0, "never": 0, "not": 0,
    "one": 1, "single": 1, "once": 1, "two": 2, "both": 2, "twice": 2, "three": 3, "four": 4, "five": 5,
    "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13,
    "fourteen": 14, "fifteen": 15, "sixteen": 16, "seventeen": 17, "eighteen": 18, "nineteen": 19, "twenty": 20,
}  # fmt: skip
#: A fraction in words may be meant as a proportion or as a percentage.
FRACTIONS = {
    "half": (0.5, 50.0),
    "onethird": (1 / 3, 33.3),
    "twothirds": (2 / 3, 66.7),
    "onequarter": (0.25, 25.0),
}
_NUMBER = re.compile(r"[-−–]?\d+(?:[.·]\d+)?(?:e-?\d+)?")
_THOUSANDS = re.compile(r"\d{1,3}(,\d{3})+")
_DECIMAL_MARKS = str.maketrans({"·": ".", "∙": ".", "⋅": "."})


def numbers_of(token: str) -> tuple[float, ...]:
    """Return the numbers that a printed token can stand for; none, if it is words.

    ``"78·6"`` is 78.6, ``"1,184"`` is 1184, ``"Four"`` is 4, ``"half"`` is 0.5 or 50 (per cent).
    """
    text = token.strip()
    if _THOUSANDS.fullmatch(text):
        text = text.replace(",", "")
    if _NUMBER.fullmatch(text):
        return (float(text.translate(_DECIMAL_MARKS).replace("−", "-").replace("–", "-")),)
    word = re.sub(r"[\s-]", "", text.lower())
    if word in WORDS:
        return (float(WORDS[word]),)
    return FRACTIONS.get(word, ())


def stands_in(token: str, lines: Sequence[str]) -> bool:
    """Tell whether ``token`` is printed on ``lines``, whole and not as part of a longer number."""
    text = _joined(lines)
    wanted = token.strip().translate(_DECIMAL_MARKS)
    if re.search(r"\d", wanted):
        pattern = rf"(?<![\d.]){re.escape(wanted)}(?!\d|\.\d)"
        return re.search(pattern, text) is not None
    return _squeezed(wanted) in _squeezed(text)


def _joined(lines: Sequence[str]) -> str:
    text = "\n".join(line.rstrip() for line in lines).translate(_DECIMAL_MARKS)
    return re.sub(r"\s+", " ", re.sub(r"(?<=[a-z])-\n", "", text))


def _squeezed(text: str) -> str:
    return re.sub(r"[\s\-­]", "", text.lower())
