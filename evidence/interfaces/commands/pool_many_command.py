"""The command ``evidence pool-many``: every meta-analysis of a registry."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from evidence.errors import BadInput
from evidence.interfaces import choices, console

if TYPE_CHECKING:
    from evidence.interfaces.registry.summary import PooledRegistry

_EXAMPLES = r"""
printf 'meta_analysis,yi,vi\na,.1,.04\na,.5,.05\na,.2,.02\nb,-.3,.1\nb,,.2\n' > registry.csv
evidence pool-many registry.csv --output pooled.parquet --bad-rows leave-out
evidence pool-many registry.csv --output pooled.parquet --bad-rows mark --method DL --json
"""


@click.command("pool-many", cls=console.Command, examples=_EXAMPLES)
@click.argument("file", type=Path)
@click.option(
    "--output", "-o", type=Path, required=True, metavar="PATH", help="Parquet file to write."
)
@click.option(
    "--columns",
    default="",
    metavar="NAMES",
    help="What the columns are called: id=HEADER,yi=HEADER,vi=HEADER.",
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
@click.option("--level", type=float, default=0.95, show_default=True, help="Coverage.")
@click.option(
    "--bad-rows",
    cls=choices.NamedOption,
    names=choices.bad_row_rules,
    default="refuse",
    show_default=True,
    metavar="RULE",
    help="Rows without a number, or a variance not above 0",
)
@click.option("--scheduler", metavar="ADDRESS", help="Dask cluster that works: tcp://host:8786.")
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON.")
def pool_many(
    file: Path,
    output: Path,
    columns: str,
    policy: str,
    method: str | None,
    test: str | None,
    level: float,
    bad_rows: str,
    scheduler: str | None,
    as_json: bool,
) -> None:
    """Pool every meta-analysis of FILE, a parquet or CSV file with a row for each study.

    The columns meta_analysis, yi and vi hold the name of the meta-analysis, the effect (ratios on
    the log scale) and its sampling variance. The rows of a meta-analysis stand together; there may
    be millions, and the memory that is used does not grow with them. OUTPUT has a row for each
    meta-analysis: k, estimate, se, ci_low, ci_high, tau2, i2, q and more, or the reason why it is
    not estimated.
    """
    from evidence.interfaces.registry.pooling import pool_many as pool_registry

    with console.writing(output):
        found = pool_registry(
            file,
            output,
            columns=_parse_columns(columns),
            policy=policy,
            method=method,
            test=test,
            level=level,
            bad_rows=bad_rows,
            client=scheduler,
        )
    if as_json:
        console.say_json(found.to_dict())
    else:
        console.say(_text(found))


def _parse_columns(text: str) -> dict[str, str]:
    pairs = [part.partition("=") for part in text.split(",") if part.strip()]
    if any(not header.strip() for _, _, header in pairs):
        raise BadInput(f"Columns were named with {text!r}. Write id=HEADER,yi=HEADER,vi=HEADER.")
    return {name.strip(): header.strip() for name, _, header in pairs}


def _text(found: PooledRegistry) -> str:
    lines = [
        f"{found.output}: {found.meta_analyses:,} meta-analyses of {found.rows:,} rows; "
        f"{found.estimated:,} estimated, {found.one_study:,} with one study, "
        f"{found.not_estimated:,} not estimated."
    ]
    lines += [f"  not estimated, {reason}: {count:,}" for reason, count in found.reasons.items()]
    lines += [f"  rows where {fault}: {n:,} ({found.rule})" for fault, n in found.bad_rows.items()]
    return "\n".join(lines)
