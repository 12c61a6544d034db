"""Tables in place of plain text when a result is the last thing in a notebook cell.

``import evidence`` registers them by name of the type, so that nothing is imported before it is
used. No digit is lost: what a table rounds stands in its tooltip or behind "unrounded" in full.
"""

from __future__ import annotations

import html
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Any, Final

from evidence.results import Result

if TYPE_CHECKING:
    from evidence.analysis.run.analysis_run import AnalysisRun
    from evidence.analysis.verify.verification import Verification
    from evidence.effects.effect_sizes import EffectSizes
    from evidence.synthesis.pairwise.natural_scale import Synthesis
    from evidence.trials.dataset.load import Trials

#: Rows of the dataset that are shown.
ROWS: Final = 10
#: Rows of the table of a result that are shown.
FRAME_ROWS: Final = 60
_TRIALS_COLUMNS: Final = (
    *("study", "population", "arm", "comparator_arm", "outcome", "timepoint_months", "statistic"),
    *("value_operator", "value", "ci_low", "ci_high", "unit", "source", "locator"),
)
#: Fields of a synthesis that a table of its own shows.
_ELSEWHERE: Final = ("yi", "vi", "weights", "labels", "decisions", "prediction")


def register_formatters() -> None:
    """Tell IPython, if it is running, how to show the results of this package."""
    from IPython import get_ipython

    shell = get_ipython()
    if shell is None:
        return
    formatters = shell.display_formatter.formatters
    for address, show in HTML.items():
        formatters["text/html"].for_type_by_name(*address.rsplit(".", 1), show)


# one function for each kind of result


def trials_html(trials: Trials) -> str:
    """Return the counts of the dataset and its first rows."""
    shown = trials.table.slice(0, ROWS).select(_TRIALS_COLUMNS).to_pylist()
    caption = f"{trials!r}. Licence: {trials.licence}."
    if (more := len(trials) - len(shown)) > 0:
        caption += f" The first {len(shown)} rows; .to_frame() holds the other {more} too, "
        caption += f"with all {len(trials.columns)} columns."
    return _table(_TRIALS_COLUMNS, [list(row.values()) for row in shown], caption, exact=True)


def effect_sizes_html(effects: EffectSizes) -> str:
    """Return one row for each study."""
    if effects.yi.ndim != 1:
        sets = effects.yi.shape[1]
        return f"<p>{_escape(effects.measure)}: {effects.k} studies in {sets} data sets</p>"
    frame = effects.to_frame()
    caption = f"{effects.measure} of {effects.k} studies, {effects.transform} scale, from "
    caption += f"{effects.basis}; added to empty cells: {effects.zero_cell_rule}"
    return _table(list(frame.columns), frame.to_numpy(dtype=object).tolist(), caption)


def synthesis_html(result: Synthesis) -> str:
    """Return summary, studies and decisions, and behind a switch every number unrounded."""
    from evidence.interfaces.facts import facts_of, study_columns, study_rows, title_of
    from evidence.synthesis.pairwise.natural_scale import fit_of, has_natural_scale, natural_summary

    fit = fit_of(result)
    unrounded = {field.name: getattr(fit, field.name) for field in fields(fit)}
    kept = [(name, value) for name, value in unrounded.items() if name not in _ELSEWHERE]
    natural = natural_summary(result) if has_natural_scale(result) else {}
    other_scale = [(f"{name}, natural scale", value) for name, value in natural.items()]
    studies = result.studies_frame()
    cells = studies.to_numpy(dtype=object).tolist()
    details = _table((), [*other_scale, *kept], exact=True)
    details += _table(list(studies.columns), cells, exact=True)
    return (
        _table((), facts_of(result), title_of(result))
        + _table(study_columns(result), study_rows(result))
        + _listing(result.decisions)
        + f"<details><summary>unrounded</summary>{details}</details>"
    )


def frame_html(result: Result) -> str:
    """Return what a result prints, if it says anything of its own, and its table."""
    own = type(result).__str__ is not Result.__str__
    words = f"<pre>{_escape(result)}</pre>" if own else f"<p>{_escape(type(result).__name__)}</p>"
    frame = result.to_frame()
    if frame.index.name is not None:
        frame = frame.reset_index()
    decisions = () if own else getattr(result, "decisions", ())
    rows = frame.iloc[:FRAME_ROWS].to_numpy(dtype=object).tolist()
    more = len(frame) - len(rows)
    rest = f"<p>The first {len(rows)} rows; .to_frame() holds {more} more.</p>" if more > 0 else ""
    return words + _table(list(map(str, frame.columns)), rows) + rest + _listing(decisions)


def run_html(run: AnalysisRun) -> str:
    """Return the key results of an analysis."""
    from evidence.report.record.document import Listing, plain

    listing = next(block for block in run.document.blocks if isinstance(block, Listing))
    title = f"<p><strong>{_escape(plain(run.document.title))}</strong></p>"
    return title + _listing([plain(item) for item in listing.items])


def verification_html(found: Verification) -> str:
    """Return what was followed and repeated, and every problem."""
    outcome = "no problem" if not found.problems else f"{len(found.problems)} problems"
    done = f"{found.numbers} numbers and names followed, {found.computations} computations repeated"
    return f"<p>{_escape(found.slug)}: {done}, {outcome}</p>{_listing(found.problems)}"


#: How each type is shown, by its address; subclasses are shown alike, unless they have a line.
HTML: Final[Mapping[str, Callable[[Any], str]]] = {
    "evidence.results.Result": frame_html,
    "evidence.trials.dataset.load.Trials": trials_html,
    "evidence.effects.effect_sizes.EffectSizes": effect_sizes_html,
    "evidence.synthesis.pairwise.pooled_effect.PooledEffect": synthesis_html,
    "evidence.synthesis.pairwise.single_arm_summary.SingleArmSummary": synthesis_html,
    "evidence.analysis.run.analysis_run.AnalysisRun": run_html,
    "evidence.analysis.verify.verification.Verification": verification_html,
}


# the parts of which they are made


def _escape(value: object) -> str:
    return html.escape(str(value))


def _listing(sentences: Iterable[str]) -> str:
    items = "".join(f"<li>{_escape(sentence)}</li>" for sentence in sentences)
    return f"<ul>{items}</ul>" if items else ""


def _table(
    headers: Sequence[str],
    rows: Iterable[Sequence[object]],
    caption: str = "",
    *,
    exact: bool = False,
) -> str:
    """Return a table; numbers to six significant digits with all in the tooltip, or all at once."""
    names = "".join(f'<th scope="col">{_escape(header)}</th>' for header in headers)
    head = f"<thead><tr>{names}</tr></thead>" if names else ""
    body = "".join(
        f"<tr>{''.join(_cell(value, exact=exact) for value in row)}</tr>" for row in rows
    )
    above = f'<caption style="text-align:left">{_escape(caption)}</caption>' if caption else ""
    return f"<table>{above}{head}<tbody>{body}</tbody></table>"


def _cell(value: object, *, exact: bool) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "<td></td>"
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return f'<td style="text-align:left">{_escape(value)}</td>'
    full = repr(float(value)).removesuffix(".0") if isinstance(value, float) else repr(value)
    if exact or len(full) <= 8:
        return f"<td>{full}</td>"
    from evidence.interfaces.facts import number

    return f'<td title="{full}">{number(float(value), "significant:6")}</td>'
