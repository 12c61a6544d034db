"""The measures of effect: what each is, the scale it is analysed on, and the numbers it needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

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
    natural : bool
        Whether its values have a natural scale; a difference of transformed values has none.
    inverted_at : str
        What the way back to the natural scale depends on, besides the value: a sample size or
        person-time; empty if it depends on nothing else.
    bias_corrected : bool
        Whether it has a bias correction, which can be left out.
    null : float or None
        The value of no effect on the scale of analysis; None where there is none, as for a mean.
    """

    name: str
    label: str
    transform: str
    needs: Needs
    basis: str
    add: float = 0.0
    contrast: bool = True
    published: bool = False
    natural: bool = True
    inverted_at: str = ""
    bias_corrected: bool = False
    null: float | None = 0.0

    @property
    def proportion(self) -> bool:
        """Whether its natural scale is that of proportions, 0 to 1."""
        return self.needs is PROPORTION

    @property
    def routes(self) -> tuple[Needs, ...]:
        """The sets of arguments that lead to this measure."""
        raw = (self.needs,) if self.needs else ()
        return (*raw, *([PUBLISHED] if self.published else []), GIVEN)


def _family(
    needs: Needs, basis: str, rows: Mapping[str, Mapping[str, Any]], **shared: object
) -> dict[str, Measure]:
    """Measures that are made from the same data; what a row says goes before what they share."""
    return {
        name: Measure(name=name, needs=needs, basis=basis, **{**shared, **row})
        for name, row in rows.items()
    }


def _row(label: str, transform: str, add: float, **rest: object) -> dict[str, Any]:
    return {"label": label, "transform": transform, "add": add, **rest}


MEASURES: Final[Mapping[str, Measure]] = MappingProxyType(
    {
        **_family(
            TABLE,
            "2x2 tables",
            {
                "RR": _row("risk ratio", "log", 0.5, published=True),
                "OR": _row("odds ratio", "log", 0.5, published=True),
                "RD": _row("risk difference", "identity", 0.5, published=True),
                "AS": _row("arcsine difference", "arcsine", 0.0, natural=False),
                "PETO": _row("odds ratio (Peto)", "log", 0.5),
                "PHI": _row("phi coefficient", "identity", 0.0),
                "YUQ": _row("Yule's Q", "identity", 0.5),
                "YUY": _row("Yule's Y", "identity", 0.5),
                "OR2DN": _row("standardised mean difference (normal)", "identity", 0.5),
                "OR2DL": _row("standardised mean difference (logistic)", "identity", 0.5),
            },
        ),
        **_family(
            TWO_RATES,
            "events and person-time of two arms",
            {
                "IRR": _row("incidence rate ratio", "log", 0.5, published=True),
                "IRD": _row("incidence rate difference", "identity", 0.5, published=True),
                "IRSD": _row("square-root rate difference", "sqrt", 0.0, natural=False),
            },
        ),
        **_family(
            TWO_MEANS,
            "means and standard deviations of two arms",
            {
                "MD": _row("mean difference", "identity", 0.0, published=True),
                "SMD": _row("standardised mean difference", "identity", 0.0, bias_corrected=True),
                "SMDH": _row(
                    "standardised mean difference (unequal variances)",
                    "identity",
                    0.0,
                    bias_corrected=True,
                ),
                "ROM": _row("ratio of means", "log", 0.0, bias_corrected=True),
                "CVR": _row("ratio of coefficients of variation", "log", 0.0, bias_corrected=True),
            },
        ),
        **_family(
            CONTROL_SD,
            "means of two arms and the standard deviation of arm 2",
            {"SMD1": _row("standardised mean difference (SD of arm 2)", "identity", 0.0)},
            bias_corrected=True,
        ),
        **_family(
            TWO_SDS,
            "standard deviations of two arms",
            {"VR": _row("ratio of standard deviations", "log", 0.0)},
        ),
        **_family(
            PROPORTION,
            "events and size of one arm",
            {
                "PR": _row("proportion", "identity", 0.5),
                "PLN": _row("proportion", "log", 0.5),
                "PLO": _row("proportion", "logit", 0.5),
                "PAS": _row("proportion", "arcsine", 0.0),
                "PFT": _row("proportion", "double-arcsine", 0.0, inverted_at="sample size"),
            },
            contrast=False,
            null=None,
        ),
        **_family(
            RATE,
            "events and person-time of one arm",
            {
                "IR": _row("incidence rate", "identity", 0.5),
                "IRLN": _row("incidence rate", "log", 0.5),
                "IRS": _row("incidence rate", "sqrt", 0.0),
                "IRFT": _row("incidence rate", "sqrt", 0.0, inverted_at="person-time"),
            },
            contrast=False,
            null=None,
        ),
        **_family(
            MEAN,
            "mean and standard deviation of one arm",
            {
                "MN": _row("mean", "identity", 0.0),
                "MNLN": _row("mean", "log", 0.0),
                "CVLN": _row("coefficient of variation", "log", 0.0),
            },
            contrast=False,
            null=None,
        ),
        **_family(
            ONE_SD,
            "standard deviation of one arm",
            {"SDLN": _row("standard deviation", "log", 0.0)},
            contrast=False,
            null=None,
        ),
        **_family(
            CORRELATION,
            "correlations",
            {
                "COR": _row("correlation", "identity", 0.0),
                "UCOR": _row("correlation (unbiased)", "identity", 0.0),
                "ZCOR": _row("correlation", "z", 0.0),
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
