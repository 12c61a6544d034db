"""The command ``evidence pool``: a synthesis of a CSV file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from evidence.interfaces import choices, console
from evidence.outcomes.own_studies import read_study_table
from evidence.report.figures.figure_file import ENDINGS, figure_ending
from evidence.report.figures.kinds import FIGURES, FigureKind

if TYPE_CHECKING:
    from evidence.synthesis.pairwise.own_studies import PooledFile

Command = TypeVar("Command", bound=Callable[..., None])
_EXAMPLES = r"""
printf 'study,estimate,ci_low,ci_high\nCAMMS223,.25,.11,.56\nCARE-MS I,.70,.40,1.23\n' > hr.csv
evidence pool hr.csv --measure HR
evidence pool hr.csv --measure HR --policy revman5 --json
evidence pool hr.csv --measure HR --forest hr.svg
printf 'study,treated,total1,control,total2\nA,4,123,11,139\nB,6,306,29,303\n' > events.csv
evidence pool events.csv --measure RR --columns ai=treated,n1i=total1,ci=control,n2i=total2
"""


def _figure_options(command: Command) -> Command:
    """Give a command an option for each kind of figure."""
    for kind in reversed(tuple(FIGURES.values())):
        words = f"Draw a {kind.words}: {' or '.join(ENDINGS)}."
        command = click.option(f"--{kind.name}", type=Path, metavar="PATH", help=words)(command)
    return command


@click.command(cls=console.Command, examples=_EXAMPLES)
@click.argument("file")
@click.option(
    "--measure",
    "-m",
    cls=choices.NamedOption,
    names=choices.measures,
    help="Measure of effect, by its name in metafor",
)
@click.option(
    "--columns",
    default="",
    metavar="NAMES",
    help="Columns to use, yi,vi; or their names, ai=HEADER,n1i=HEADER,...",
)
@click.option(
    "--policy",
    cls=choices.NamedOption,
    names=choices.policies,
    default="cochrane-2025",
    show_default=True,
    help="Choices as a whole",
)
@click.option(
    "--method",
    cls=choices.NamedOption,
    names=choices.estimators,
    help="Estimator of tau2",
)
@click.option(
    "--test",
    cls=choices.NamedOption,
    names=choices.summary_tests,
    help="Interval of the summary",
)
@click.option(
    "--prediction",
    cls=choices.NamedOption,
    names=choices.predictions,
    help="Prediction interval",
)
@click.option("--level", type=float, default=0.95, show_default=True, help="Coverage.")
@click.option(
    "--printed-level",
    type=float,
    default=0.95,
    show_default=True,
    help="Coverage of the intervals in the file (ci_low, ci_high).",
)
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON, unrounded.")
@_figure_options
def pool(
    file: str,
    measure: str | None,
    columns: str,
    policy: str,
    method: str | None,
    test: str | None,
    prediction: str | None,
    level: float,
    printed_level: float,
    as_json: bool,
    **figures: Path | None,
) -> None:
    """Pool the studies of FILE, a CSV file with a row for each study (- for standard input).

    Columns have the names that metafor's escalc gives them: yi with vi or sei; or what the measure
    is made from, such as ai, n1i, ci, n2i (RR, OR, RD), x1i, t1i, x2i, t2i (IRR), m1i, sd1i, n1i,
    m2i, sd2i, n2i (MD, SMD), xi, ni (PLO, PAS, PFT); or estimate with ci_low and ci_high, or with
    p_value, as a paper prints them. A column study, label or slab names the studies. Other columns
    are not read.
    """
    paths = {name: path for name, path in figures.items() if path is not None}
    for name, path in paths.items():
        figure_ending(path, FIGURES[name].words)
    table = read_study_table(file)
    from evidence.interfaces.commands.pool_summary import summary_json, summary_text
    from evidence.interfaces.inputs import parse_columns, pool_table
    from evidence.synthesis.pairwise.own_studies import How

    how = How(policy=policy, method=method, test=test, prediction=prediction, level=level)
    chosen = parse_columns(columns)
    pooled = pool_table(table, measure, how, chosen=chosen, printed_level=printed_level)
    for name, path in paths.items():
        _draw(pooled, FIGURES[name], path)
    if as_json:
        console.say_json(summary_json(pooled))
    else:
        console.say(summary_text(pooled))


def _draw(pooled: PooledFile, kind: FigureKind, path: Path) -> None:
    figure = kind.draw(pooled.result)
    with console.writing(path):
        figure.save(path)
    console.note(f"Wrote {path}.")
