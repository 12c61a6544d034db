"""The measures of effect: what each is, the scale it is analysed on, and the numbers it needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from evidence.errors import UnknownName

#: One argument of each group is needed.
Needs = tuple[tuple[str, ...], ...]

TABLE: Final[Needs] = (("ai",), ("bi", "n1i"), ("ci",), ("di", "n2i"))
TWO_RATES: Final[Needs] = (("x1i",), ("t1i",), ("x2i",), ("t2i",))
TWO_MEANS: Final[Needs] = (("m1i",), ("sd1i",), ("n1i",), ("m2i",), ("sd2i",), ("n2i",))
CONTROL_SD: Final[Needs] = (("m1i",), ("n1i",), ("m2i",), ("sd2i",), ("n2i",))
TWO_SDS: Final[Needs] = (("sd1i",), ("n1i",), ("sd2i",), ("n2i",))
PROPORTION: Final[Needs] = (("xi",), ("ni", "mi"))
RATE: Final[Needs] = (("xi",), ("ti",))
MEAN: Final[Needs] = (("mi",), ("sdi",), ("ni",))
ONE_SD: Final[Needs] = (("sdi",), ("ni",))
CORRELATION: Final[Needs] = (("ri",), ("ni",))
#: An estimate on its natural scale, as a paper prints it.
PUBLISHED: Final[Needs] = (("estimate",), ("ci_low", "p_value"))
#: An effect that is on the scale of analysis already.
GIVEN: Final[Needs] = (("yi",), ("vi", "sei"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """A measure of effect.

    Attributes
    ----------
    name : str
        Its short name, as in metafor's ``escalc``.
    label : str
        Its name in words.
    transform : str
        From the natural scale to that of the analysis: log, identity, logit, arcsine,
        double-arcsine, sqrt or z.
    needs : tuple
        The arguments of its raw data; one of each group.
    basis : str
        What those data are, in words.
    add : float
        What is added to empty cells unless the caller says otherwise.
    contrast : bool
        Whether it compares two groups.
    published : bool
        Whether it can be read from a printed estimate with its interval or p-value.
    """

    name: str
    label: str
    transform: str
    needs: Needs
    basis: str
    add: float = 0.0
    contrast: bool = True
    published: bool = False

    @property
    def routes(self) -> tuple[Needs, ...]:
        """The sets of arguments that lead to this measure."""
        raw = (self.needs,) if self.needs else ()
        return (*raw, *([PUBLISHED] if self.published else []), GIVEN)


def _family(
    needs: Needs, basis: str, rows: Mapping[str, tuple[str, str, float]], contrast: bool = True
) -> dict[str, Measure]:
    return {
        name: Measure(
            name=name,
            label=label,
            transform=transform,
            needs=needs,
            basis=basis,
            add=add,
            contrast=contrast,
            published=name in {"RR", "OR", "RD", "IRR", "IRD", "MD"},
        )
        for name, (label, transform, add) in rows.items()
    }


MEASURES: Final[Mapping[str, Measure]] = MappingProxyType(
    {
        **_family(
            TABLE,
            "2x2 tables",
            {
                "RR": ("risk ratio", "log", 0.5),
                "OR": ("odds ratio", "log", 0.5),
                "RD": ("risk difference", "identity", 0.5),
                "AS": ("arcsine difference", "arcsine", 0.0),
                "PETO": ("odds ratio (Peto)", "log", 0.5),
                "PHI": ("phi coefficient", "identity", 0.0),
                "YUQ": ("Yule's Q", "identity", 0.5),
                "YUY": ("Yule's Y", "identity", 0.5),
                "OR2DN": ("standardised mean difference (normal)", "identity", 0.5),
                "OR2DL": ("standardised mean difference (logistic)", "identity", 0.5),
            },
        ),
        **_family(
            TWO_RATES,
            "events and person-time of two arms",
            {
                "IRR": ("incidence rate ratio", "log", 0.5),
                "IRD": ("incidence rate difference", "identity", 0.5),
                "IRSD": ("square-root rate difference", "sqrt", 0.0),
            },
        ),
        **_family(
            TWO_MEANS,
            "means and standard deviations of two arms",
            {
                "MD": ("mean difference", "identity", 0.0),
                "SMD": ("standardised mean difference", "identity", 0.0),
                "SMDH": ("standardised mean difference (unequal variances)", "identity", 0.0),
                "ROM": ("ratio of means", "log", 0.0),
                "CVR": ("ratio of coefficients of variation", "log", 0.0),
            },
        ),
        **_family(
            CONTROL_SD,
            "means of two arms and the standard deviation of arm 2",
            {"SMD1": ("standardised mean difference (SD of arm 2)", "identity", 0.0)},
        ),
        **_family(
            TWO_SDS,
            "standard deviations of two arms",
            {"VR": ("ratio of standard deviations", "log", 0.0)},
        ),
        **_family(
            PROPORTION,
            "events and size of one arm",
            {
                "PR": ("proportion", "identity", 0.5),
                "PLN": ("proportion", "log", 0.5),
                "PLO": ("proportion", "logit", 0.5),
                "PAS": ("proportion", "arcsine", 0.0),
                "PFT": ("proportion", "double-arcsine", 0.0),
            },
            contrast=False,
        ),
        **_family(
            RATE,
            "events and person-time of one arm",
            {
                "IR": ("incidence rate", "identity", 0.5),
                "IRLN": ("incidence rate", "log", 0.5),
                "IRS": ("incidence rate", "sqrt", 0.0),
                "IRFT": ("incidence rate", "sqrt", 0.0),
            },
            contrast=False,
        ),
        **_family(
            MEAN,
            "mean and standard deviation of one arm",
            {
                "MN": ("mean", "identity", 0.0),
                "MNLN": ("mean", "log", 0.0),
                "CVLN": ("coefficient of variation", "log", 0.0),
            },
            contrast=False,
        ),
        **_family(
            ONE_SD,
            "standard deviation of one arm",
            {"SDLN": ("standard deviation", "log", 0.0)},
            contrast=False,
        ),
        **_family(
            CORRELATION,
            "correlations",
            {
                "COR": ("correlation", "identity", 0.0),
                "UCOR": ("correlation (unbiased)", "identity", 0.0),
                "ZCOR": ("correlation", "z", 0.0),
            },
            contrast=False,
        ),
        "HR": Measure(
            name="HR", label="hazard ratio", transform="log", needs=(), basis="", published=True
        ),
        "GEN": Measure(name="GEN", label="effect", transform="identity", needs=(), basis=""),
    }
)


def find_measure(name: str) -> Measure:
    """Return the measure of that name; UnknownName, with suggestions, if there is none."""
    if isinstance(name, str) and name in MEASURES:
        return MEASURES[name]
    capitals = str(name).upper()
    advice = f"Measures are written in capitals: {capitals!r}." if capitals in MEASURES else ""
    raise UnknownName("measure", name, MEASURES, advice)


def describe_needs(needs: Needs) -> str:
    """Say in words which arguments a route needs."""
    return ", ".join(_in_words(group) for group in needs)


def _in_words(group: tuple[str, ...]) -> str:
    text = " or ".join("ci_low and ci_high" if name == "ci_low" else name for name in group)
    return f"({text})" if len(group) > 1 else text
