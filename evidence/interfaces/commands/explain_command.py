"""The command ``evidence explain``: which settings reproduce a published pooled result."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Final

import click

from evidence.errors import BadInput
from evidence.interfaces import choices, console
from evidence.outcomes.own_studies import read_study_table

if TYPE_CHECKING:
    from evidence.synthesis.pairwise.pooled_effect import PooledEffect
    from evidence.synthesis.reproduction.records import Explanation, Setting

_SHOWN: Final = 8
_EXAMPLES = r"""
printf 'study,ai,n1i,ci,n2i\nA,4,123,11,139\nB,6,306,29,303\nC,3,231,11,220\n' > events.csv
evidence explain events.csv --estimate 0.26 --ci 0.14 0.49
evidence explain events.csv --estimate 0.26 --ci 0.14 0.49 --measure RR --subsets none --json
printf 'study,xi,ni\nA,0,32\nB,2,74\nC,1,110\nD,3,145\n' > deaths.csv
evidence explain deaths.csv --estimate 1.7 --ci 0.5 3.0 --percent
printf 'study,ai,n1i,ci,n2i\nA,4,123,11,139\nB,6,306,29,303\nD,2,90,6,88\n' > updated.csv
evidence explain events.csv --measure RR --against updated.csv --against-policy revman5
"""


@click.command(cls=console.Command, examples=_EXAMPLES)
@click.argument("file")
@click.option("--estimate", metavar="NUMBER", help="Published summary, as printed.")
@click.option("--ci", nargs=2, metavar="LOW HIGH", help="Its confidence interval, as printed.")
@click.option("--level", type=float, default=0.95, show_default=True, help="Its coverage.")
@click.option("--measure", "-m", help="Scale: RR, OR, RD, HR, PLO, PFT, PAS, ...; else all.")
@click.option("--columns", default="", metavar="NAMES", help="Columns, as for evidence pool.")
@click.option("--percent", is_flag=True, help="The published numbers are percentages.")
@click.option("--i2", type=float, metavar="PERCENT", help="Published I2, to be matched too.")
@click.option(
    "--prediction", nargs=2, type=float, metavar="LOW HIGH", help="Published prediction interval."
)
@click.option(
    "--subsets",
    cls=choices.NamedOption,
    names=choices.searches,
    default="leave-one-out",
    show_default=True,
    help="Studies that may be missing",
)
@click.option(
    "--printed-level",
    type=float,
    default=0.95,
    show_default=True,
    help="Coverage of the intervals in the file (ci_low, ci_high).",
)
@click.option("--against", metavar="FILE", help="Another file, whose summary is another one.")
@click.option(
    "--policy",
    cls=choices.NamedOption,
    names=choices.policies,
    default="cochrane-2025",
    show_default=True,
    help="Choices for FILE",
)
@click.option("--against-policy", metavar="POLICY", help="Choices for the other; else the same.")
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON, unrounded.")
def explain(
    file: str,
    estimate: str | None,
    ci: tuple[str, str] | None,
    level: float,
    measure: str | None,
    columns: str,
    percent: bool,
    i2: float | None,
    prediction: tuple[float, float] | None,
    subsets: str,
    printed_level: float,
    against: str | None,
    policy: str,
    against_policy: str | None,
    as_json: bool,
) -> None:
    """Name the settings that reproduce a published result from the studies of FILE.

    FILE is a CSV file as for `evidence pool`. Events and participants of two arms (ai, n1i, ci,
    n2i) or of one (xi, ni) are searched over scales and rules for empty cells; other effects are
    taken as they are. Give the published numbers with the decimals that are printed.

    With --against, the summaries of two files are compared instead: which studies, numbers and
    choices differ, and what each of them changes.
    """
    if (estimate is None) == (against is None):
        raise BadInput(
            "A result was to be explained. Give either the published numbers (--estimate, --ci) or "
            "another file (--against)."
        )
    if estimate is None:
        files = [(file, policy), (str(against), against_policy or policy)]
        fits = [_pooled(name, one, measure, columns, printed_level) for name, one in files]
        _say_difference(fits, as_json)
        return
    table = read_study_table(file)
    from evidence.interfaces.inputs import OPTION, parse_columns
    from evidence.synthesis.reproduction.explanation import explain as search
    from evidence.synthesis.reproduction.own_studies import search_inputs

    texts = (estimate, *(ci or ()))
    numbers = [_number(text) for text in texts]
    low, high = numbers[1:] if ci else (None, None)
    chosen = parse_columns(columns)
    found = search(
        estimate=numbers[0],
        ci_low=low,
        ci_high=high,
        level=level,
        decimals=max(len(text.strip().partition(".")[2]) for text in texts),
        percent=percent,
        i2=i2,
        prediction=prediction,
        subsets=subsets,
        **search_inputs(table, measure, chosen=chosen, printed_level=printed_level, sign=OPTION),
    )
    if as_json:
        console.say_json(asdict(found))
    else:
        console.say(_text(found))


def _pooled(
    file: str, policy: str, measure: str | None, columns: str, printed_level: float
) -> PooledEffect:
    from evidence.interfaces.inputs import parse_columns, pool_table
    from evidence.synthesis.pairwise.natural_scale import fit_of
    from evidence.synthesis.pairwise.own_studies import How

    how = How(policy=policy, method=None, test=None, prediction=None, level=0.95)
    pooled = pool_table(
        read_study_table(file),
        measure,
        how,
        chosen=parse_columns(columns),
        printed_level=printed_level,
    )
    return fit_of(pooled.result)


def _say_difference(fits: list[PooledEffect], as_json: bool) -> None:
    from evidence.synthesis.reproduction.difference import explain_difference

    found = explain_difference(fits[0], fits[1])
    if as_json:
        console.say_json(asdict(found))
    else:
        console.say(str(found))


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise BadInput(f"A published number was given as {text!r}. Give it as 0.26.") from None


def _text(found: Explanation) -> str:
    lines = [found.sentence, "", "  The closest settings (distance in units of the last digit)"]
    lines += [_line(one, found.decimals) for one in found.settings[:_SHOWN]]
    return "\n".join(lines)


def _line(one: Setting, decimals: int) -> str:
    digits = decimals + 2
    numbers = f"{one.estimate:.{digits}f} ({one.ci_low:.{digits}f} to {one.ci_high:.{digits}f})"
    sign = "=" if one.reproduces else " "
    return f"  {sign} {one.distance:8.3g}  {numbers}  {one.words}"
