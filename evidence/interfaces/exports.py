"""Declared analyses for other programs: a metafor script that checks itself, CSV for RevMan, JSON.

The R script holds the data of each pooled analysis, redoes it in metafor, and stops if metafor's
numbers are not those of the report.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from evidence.errors import EmptySelection
from evidence.interfaces import console
from evidence.synthesis.heterogeneity.estimators import ESTIMATORS

if TYPE_CHECKING:
    from evidence.analysis.run.analysis_run import AnalysisRun

#: Largest relative gap to metafor; the data of the script have ten digits.
TOLERANCE: Final = 1e-6
_METHODS: Final = {"CE": "EE", "single-study": "EE"}
_SIZE: Final = "max(abs(ours), scale)"
_REVMAN: Final = ("outcome", "measure", "study", "effect", "se")

_HEADER: Final = """\
# {title}
# Made by `evidence export metafor {slug}` from dataset version {version}.
# Redoes each pooled analysis in metafor and stops if a number differs from that of the report.
suppressMessages(library(metafor))
tolerance <- {tolerance}
check <- function(what, metafor, ours, scale) {{
  metafor <- as.numeric(metafor)
  gap <- abs(metafor - ours) / {size}
  if (is.na(gap) || gap > tolerance)
    stop(sprintf("%s: metafor gives %.10g, the report %.10g (gap %.2g)", what, metafor, ours, gap))
  cat(sprintf("OK %s: %.6g (gap %.1e)\\n", what, metafor, gap))
}}
"""
_MODEL: Final = """\
fit <- rma(yi, vi, slab = labels, method = "{method}", test = "{test}",
           level = {percent:.15g}{more})
"""
#: Metafor's search of tau2 stops at 1e-5 by default.
_CONTROL: Final = {
    one.name: f",\n           control = list({one.metafor_control})"
    for one in ESTIMATORS.values()
    if one.metafor_control
}


def metafor_script(run: AnalysisRun | str) -> str:
    """Return an R script that redoes each pooled analysis of a run in metafor.

    Parameters
    ----------
    run : AnalysisRun or str
        A declared analysis that was run, or its slug.

    Raises
    ------
    EmptySelection
        The analysis pools nothing.

    References
    ----------
    metafor: ``rma(yi, vi, method=, test=, level=)``.
    """
    one = _as_run(run)
    header = _HEADER.format(
        title=_one_line(one.results["title"]),
        slug=one.slug,
        version=one.results["dataset"]["version"],
        tolerance=repr(TOLERANCE),
        size=_SIZE,
    )
    parts = [_section_script(one, name, section) for name, section in _pooled(one)]
    return "\n".join([header, *parts, 'cat("OK: every analysis agrees with metafor\\n")\n'])


def revman_csv(run: AnalysisRun | str) -> str:
    """Return the effects of each pooled analysis as CSV for RevMan's generic inverse variance.

    Parameters
    ----------
    run : AnalysisRun or str
        A declared analysis that was run, or its slug.

    Raises
    ------
    EmptySelection
        The analysis pools nothing.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_REVMAN)
    for name, section in _pooled(_as_run(run)):
        summary = section["summary"]
        scale = section.get("measure") or section["transform"]
        for label, yi, vi in zip(*(summary[part] for part in _PER_STUDY), strict=True):
            writer.writerow([name, scale, label, repr(yi), f"{vi**0.5:.10g}"])
    return text.getvalue()


_PER_STUDY: Final = ("labels", "yi", "vi")


def _as_run(run: AnalysisRun | str) -> AnalysisRun:
    if not isinstance(run, str):
        return run
    from evidence.analysis.run.analysis_run import run_analysis

    return run_analysis(run)


def _pooled(run: AnalysisRun) -> list[tuple[str, Mapping[str, Any]]]:
    found = [(name, part) for name, part in run.results["sections"].items() if "summary" in part]
    if not found:
        raise EmptySelection(
            f"The analysis {run.slug} was to be exported, and none of its "
            f"{console.plural(len(run.results['sections']), 'section')} pools studies. "
            "Name an analysis with a comparison or a proportion."
        )
    return found


def _section_script(run: AnalysisRun, name: str, section: Mapping[str, Any]) -> str:
    summary = section["summary"]
    method = str(summary["method"])
    scale = section.get("measure") or section["transform"]
    lines = [
        f"## {name} ({scale}; {method}, {summary['test']}, policy {summary['policy']})",
        *_comments(run, section["studies"]),
        _vector("yi", summary["yi"]),
        _vector("vi", summary["vi"]),
        _vector("labels", [_quoted(label) for label in summary["labels"]]),
        _MODEL.format(
            method=_METHODS.get(method, method),
            test=summary["test"],
            percent=100 * summary["level"],
            more=_CONTROL.get(method, ""),
        ).rstrip(),
        *_checks(name, summary),
    ]
    return "\n".join(lines) + "\n"


def _comments(run: AnalysisRun, studies: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield the printed numbers behind each effect, with their result_ids."""
    for one in studies:
        yield f"# {one['study_id']}, from {one['route']}:"
        for role, address in one["inputs"].items():
            result_id, _, column = address.partition("#")
            # What is no number of the result, such as its time, is named without its value.
            value = run.ledger["reported"][result_id]["values"].get(column or "value")
            shown = "" if value is None else f" = {value!r}"
            yield f"#   {role}{shown}  {_one_line(address)}"


def _checks(name: str, summary: Mapping[str, Any]) -> Iterator[str]:
    def check(what: str, metafor: str, ours: float, scale: float) -> str:
        return f"check({_quoted(f'{name}: {what}')}, {metafor}, {ours!r}, {scale!r})"

    se = summary["se"]
    yield check("estimate", "fit$beta[1]", summary["estimate"], se)
    yield check("se", "fit$se", se, se)
    yield check("ci_low", "fit$ci.lb", summary["ci_low"], se)
    yield check("ci_high", "fit$ci.ub", summary["ci_high"], se)
    if summary["k"] < 2:
        return
    typical = min(summary["vi"])
    yield check("tau2", "fit$tau2", summary["tau2"], typical)
    yield check("Q", "fit$QE", summary["q"], float(summary["q_df"]))
    if summary["prediction"] is not None:
        yield from _prediction(check, summary["prediction"])


def _prediction(
    check: Callable[[str, str, float, float], str], prediction: Mapping[str, Any]
) -> Iterator[str]:
    """Yield the prediction interval from metafor's tau2 and standard error."""
    tail = (1 + prediction["level"]) / 2
    df = prediction["df"]
    quantile = f"qnorm({tail!r})" if df is None else f"qt({tail!r}, {df})"
    yield f"half <- {quantile} * sqrt(fit$tau2 + fit$se^2)"
    for sign, side in (("-", "low"), ("+", "high")):
        what = f"fit$beta[1] {sign} half"
        yield check(f"prediction_{side}", what, prediction[side], prediction["se"])


def _vector(name: str, values: Sequence[object]) -> str:
    return f"{name} <- c({', '.join(str(value) for value in values)})"


def _quoted(text: str) -> str:
    """Return an R string in signs that every locale knows."""
    signs = (
        f"\\u{ord(sign):04x}" if ord(sign) > 126 else f"\\{sign}" if sign in '"\\' else sign
        for sign in _one_line(text)
    )
    return f'"{"".join(signs)}"'


def _one_line(text: str) -> str:
    return " ".join(str(text).split())


@click.group(help="Write a declared analysis for another program.")
def export() -> None:
    """Gather the exports."""


_OUTPUT: Final = click.option(
    "--output", type=Path, metavar="FILE", help="File to write; the terminal if left out."
)


@export.command(
    "metafor",
    cls=console.Command,
    examples="""
evidence export metafor alemtuzumab-vs-interferon
evidence export metafor ahsct-outcomes --output ahsct.R
""",
)
@click.argument("analysis", metavar="SLUG")
@_OUTPUT
def metafor(analysis: str, output: Path | None) -> None:
    """Write an R script that redoes the analysis in metafor.

    It holds the effects, their variances and the printed numbers behind them, and stops if metafor
    gives another summary than the report. Run it with Rscript.
    """
    _write(metafor_script(analysis), output)


@export.command(
    "revman",
    cls=console.Command,
    examples="evidence export revman alemtuzumab-vs-interferon --output effects.csv",
)
@click.argument("analysis", metavar="SLUG")
@_OUTPUT
def revman(analysis: str, output: Path | None) -> None:
    """Write effects and standard errors as CSV, for RevMan's generic inverse variance."""
    _write(revman_csv(analysis), output)


@export.command(
    "json",
    cls=console.Command,
    examples="evidence export json alemtuzumab-vs-interferon --output results.json",
)
@click.argument("analysis", metavar="SLUG")
@_OUTPUT
def as_json(analysis: str, output: Path | None) -> None:
    """Write the results as JSON, as in results.json of the report."""
    import json

    _write(json.dumps(_as_run(analysis).results, allow_nan=False, indent=1) + "\n", output)


def _write(text: str, output: Path | None) -> None:
    if output is None:
        console.say(text.rstrip("\n"))
        return
    with console.writing(output):
        output.write_text(text, encoding="utf-8")
    console.note(f"Wrote {output}.")
