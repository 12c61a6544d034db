"""One declared analysis, from the dataset to a document with its ledger and results."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from evidence.analysis.declared.analysis_file import AnalysisFile, Declared, read_analysis
from evidence.analysis.declared.places import analysis_path
from evidence.analysis.declared.rows_in_use import used_rows
from evidence.analysis.sections.kinds import KINDS
from evidence.analysis.shared.context import Context, SectionResult
from evidence.input_checks import require_kind
from evidence.report.record.document import Block, Document, Heading, Listing, Paragraph, Span, Text
from evidence.report.record.ledger import Ledger
from evidence.trials.dataset.load import Trials, load_trials

#: Packages whose versions a report states, by the name of their distribution.
SOFTWARE = ("ms-evidence", "pymare", "statsmodels", "scipy", "numpy")
_QUESTION = {
    "population": "Population",
    "intervention": "Intervention",
    "comparator": "Comparator",
    "outcomes": "Outcomes",
    "studies": "Studies",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class AnalysisRun:
    """A declared analysis that was run.

    Attributes
    ----------
    slug : str
        Name of the analysis.
    document : Document
        The report, ready to be written.
    ledger : mapping
        Content of ``ledger.json``: the origin of each number and name.
    results : mapping
        Content of ``results.json``: the results of each section as plain values.
    """

    slug: str
    document: Document = field(repr=False)
    ledger: Mapping[str, Any] = field(repr=False)
    results: Mapping[str, Any] = field(repr=False)


def run_analysis(name: str | Path, *, trials: Trials | None = None) -> AnalysisRun:
    """Run a declared analysis.

    Parameters
    ----------
    name : str or path
        Slug of an analysis of the project, or path of an analysis file.
    trials : Trials, optional
        Dataset; left out, that of :func:`evidence.load_trials`.

    Raises
    ------
    AnalysisFileError, UnknownName
        The file has faults, or there is no such analysis.
    EmptySelection, BadInput
        The dataset does not answer the question, or leaves a choice open.

    Examples
    --------
    >>> import evidence
    >>> run = evidence.run_analysis("alemtuzumab-vs-interferon")
    >>> run.results["sections"]["relapse-rate"]["summary"]["estimate"]
    """
    file = read_analysis(analysis_path(name))
    trials = load_trials() if trials is None else trials
    require_kind(
        "A run of an analysis on the dataset", trials, Trials, "Give what load_trials() returned."
    )
    context = _context(file, trials)
    sections = _sections(context, file.declared)
    slug, document = file.declared.slug, _document(context, file, sections)
    return AnalysisRun(
        slug=slug,
        document=document,
        ledger=context.ledger.to_dict(slug),
        results=_results(file.declared, trials, sections),
    )


def software_versions() -> dict[str, str]:
    """Return the versions of the packages that compute."""
    found = {}
    for name in SOFTWARE:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


def _context(file: AnalysisFile, trials: Trials) -> Context:
    """Return what the sections share, and which rows are used where one of them asks."""
    kinds = [KINDS[section.kind] for section in file.declared.sections]
    asked = any(kind.reads_all_analyses for kind in kinds)
    return Context(
        trials=trials,
        ledger=Ledger(trials, file.content, software_versions()),
        certify=file.declared.certify,
        rows_in_use=used_rows(trials) if asked else {},
    )


def _sections(context: Context, declared: Declared) -> dict[str, SectionResult]:
    """Return what each section gives, in the order of the file."""
    return {
        section.id: KINDS[section.kind].section(context, section, f"sections/{index}")
        for index, section in enumerate(declared.sections)
    }


def _results(
    declared: Declared, trials: Trials, sections: Mapping[str, SectionResult]
) -> dict[str, Any]:
    return {
        "analysis": declared.slug,
        "title": declared.title,
        "dataset": {"version": trials.version, "sha256": trials.sha256},
        "sections": {name: section.results for name, section in sections.items()},
    }


def _document(
    context: Context, file: AnalysisFile, sections: Mapping[str, SectionResult]
) -> Document:
    blocks: list[Block] = [
        Heading(text=("Key results",)),
        Listing(items=tuple(section.headline for section in sections.values())),
        Heading(text=("Question",)),
        Listing(items=_question(context, file)),
    ]
    for section in sections.values():
        blocks += section.blocks
    blocks += _methods(context, sections)
    blocks += _sources(context)
    return Document(
        slug=file.declared.slug,
        title=(context.declared_text("title"),),
        subtitle=(context.declared_text("subtitle"),),
        blocks=tuple(blocks),
    )


def _question(context: Context, file: AnalysisFile) -> tuple[Text, ...]:
    given = [name for name in _QUESTION if name in file.declared.question]
    return tuple(
        (f"{_QUESTION[name]}: ", context.declared_text(f"question/{name}")) for name in given
    )


def _methods(context: Context, sections: Mapping[str, SectionResult]) -> list[Block]:
    name = context.ledger.name
    spans: dict[str, Span] = {
        package.replace("-", "_"): name(f"software:{package}") for package in SOFTWARE
    }
    general = context.ledger.prose(
        "This report was generated from the evidence dataset, version {dataset} ({licence}). "
        "Every number is either a number printed in a document, taken from the dataset with its "
        "place, or was computed from such numbers by a named function with stated options; the "
        "ledger beside this report holds both, and `evidence verify` repeats them. Computed with "
        "evidence {ms_evidence}, PyMARE {pymare}, statsmodels {statsmodels}, SciPy {scipy} and "
        "NumPy {numpy}.",
        dataset=name("dataset:version"),
        licence=name("dataset:licence"),
        **spans,
    )
    paragraphs = [text for section in sections.values() for text in section.methods]
    return [Heading(text=("Methods",)), *(Paragraph(text=text) for text in [*paragraphs, general])]


def _sources(context: Context) -> list[Block]:
    sources = context.trials.sources
    items: list[Text] = []
    for key in context.ledger.cited_sources():
        parts: Text = (
            context.ledger.name(f"source:{key}/key"),
            ": ",
            context.ledger.name(f"source:{key}/citation"),
        )
        if "address" in sources[key]:
            parts = (*parts, ". ", context.ledger.name(f"source:{key}/address"))
            parts = (*parts, " (read ", context.ledger.name(f"source:{key}/accessed"), ")")
        items.append(parts)
    return [Heading(text=("Sources",)), Listing(items=tuple(items))]
