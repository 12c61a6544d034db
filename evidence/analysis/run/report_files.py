"""The files of a report: written together, replaced together, the same bytes from the same data."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from evidence.analysis.run.analysis_run import AnalysisRun
from evidence.analysis.run.index_page import index_html
from evidence.files import write_text
from evidence.input_checks import require_kind
from evidence.report.csv_writer import write_csv
from evidence.report.html.writer import write_html
from evidence.report.word.writer import write_docx


def build_report(run: AnalysisRun, folder: str | Path, *, png: bool = False) -> tuple[Path, ...]:
    """Write a report to ``folder/<slug>`` and return its files.

    HTML, Word, one CSV a table, one SVG a figure, ``results.json`` and ``ledger.json``. The folder
    is replaced as a whole, so that a reader never meets half of a report.

    Parameters
    ----------
    run : AnalysisRun
        What :func:`run_analysis` returned.
    folder : path
        Where reports are kept, such as ``reports``.
    png : bool
        Also write each figure as PNG.
    """
    require_kind("A report", run, AnalysisRun, "Give what run_analysis() returned.")
    target = Path(folder) / run.slug
    target.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=f".{run.slug}.", dir=target.parent))
    try:
        contents = report_contents(run, png=png)
        for name, content in contents.items():
            path = staging / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        staging.chmod(0o755)
        _replace(staging, target)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return tuple(target / name for name in contents)


def report_contents(run: AnalysisRun, *, png: bool = False) -> dict[str, bytes]:
    """Return the files of a report by name, as bytes.

    Parameters
    ----------
    run : AnalysisRun
        A declared analysis that was run.
    png : bool
        Whether each figure is also a PNG.
    """
    texts = {
        "report.html": write_html(
            run.document, run.ledger, navigation=((("All reports",), "../index.html"),)
        ),
        "results.json": to_json(run.results),
        "ledger.json": to_json(run.ledger),
        **{f"tables/{table.id}.csv": write_csv(table) for table in run.document.tables()},
        **{f"figures/{figure.id}.svg": figure.svg for figure in run.document.figures()},
    }
    contents = {name: text.encode("utf-8") for name, text in texts.items()}
    contents["report.docx"] = write_docx(run.document, run.ledger)
    if png:
        contents |= {f"figures/{figure.id}.png": figure.png for figure in run.document.figures()}
    return contents


def to_json(content: Mapping[str, Any]) -> str:
    """Return JSON with a fixed layout."""
    return json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _replace(staging: Path, target: Path) -> None:
    """Put a report in place of the one of before, which comes back if that fails."""
    old = target.with_name(f".{target.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if target.exists():
        target.rename(old)
    try:
        staging.rename(target)
    except BaseException:
        if old.exists():
            old.rename(target)
        raise
    shutil.rmtree(old, ignore_errors=True)


def write_index(runs: Sequence[AnalysisRun], folder: str | Path) -> Path:
    """Write ``index.html``, which leads to all reports, and return its path.

    Parameters
    ----------
    runs : sequence of AnalysisRun
        Analyses that were run.
    folder : str or Path
        Folder of the reports.
    """
    path = Path(folder) / "index.html"
    write_text(path, index_html(runs))
    return path
