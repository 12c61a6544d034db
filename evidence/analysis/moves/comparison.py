"""Two datasets, the same declared analyses: what moved, and whether a reader sees it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from pathlib import Path

from evidence.analysis.declared.analysis_file import AnalysisFile, read_analysis
from evidence.analysis.declared.places import all_slugs, analysis_path
from evidence.analysis.moves.records import AnalysisMoves, WhatMoved
from evidence.analysis.run.analysis_run import AnalysisRun, run_analysis
from evidence.analysis.sections.kinds import KINDS
from evidence.analysis.shared.move import Move, Seen
from evidence.errors import EvidenceError, UnknownName
from evidence.report.record.document import Heading, Listing, Named, Paragraph, Text, plain
from evidence.trials.dataset.load import Trials, load_trials
from evidence.trials.releases.releases import release_of


def what_moved(
    old: Trials | str | Path,
    new: Trials | str | Path,
    analyses: Sequence[str | Path] | None = None,
    *,
    thresholds: Mapping[str, Sequence[float]] | None = None,
) -> WhatMoved:
    """What each declared analysis gives differently on two datasets.

    Estimates, intervals, numbers of studies, effects of single studies, sensitivity analyses,
    verdicts on a review's cells, and sentences are compared as a reader sees them; a number that
    moves below the printed rounding is kept, and marked as not mattering. An analysis that one
    dataset does not answer is a move as well.

    Parameters
    ----------
    old, new : Trials or path
        Datasets, or files ``trials.parquet``.
    analyses : sequence of str or path, optional
        Slugs or files; left out, all declared analyses.
    thresholds : mapping of str to sequence of float, optional
        For ``<slug>/<section>`` the values at which a decision turns, as a reader sees them: a
        ratio, or per cent of patients. No effect (a ratio of 1) is always among them.

    Raises
    ------
    UnknownName
        An analysis, or a section with thresholds, does not exist.

    Examples
    --------
    >>> moved = what_moved("trials-0.1.0.parquet", "data/trials.parquet")
    >>> print(moved)
    >>> moved.matters
    """
    before, after = (
        given if isinstance(given, Trials) else load_trials(given) for given in (old, new)
    )
    paths = [analysis_path(name) for name in (all_slugs() if analyses is None else analyses)]
    files = {path: read_analysis(path) for path in paths}
    given = _checked(thresholds or {}, list(files.values()))
    found = [_compare(path, file, before, after, given) for path, file in files.items()]
    return WhatMoved(old=release_of(before), new=release_of(after), analyses=tuple(found))


def _checked(
    thresholds: Mapping[str, Sequence[float]], files: Sequence[AnalysisFile]
) -> Mapping[str, Sequence[float]]:
    """Return the thresholds, each of a pooled section that exists."""
    known = [
        f"{file.declared.slug}/{section.id}"
        for file in files
        for section in file.declared.sections
        if KINDS[section.kind].pools
    ]
    for name in thresholds:
        if name not in known:
            raise UnknownName("pooled section", name, known, "Name it as <analysis>/<section>.")
    return thresholds


def _compare(
    path: Path,
    file: AnalysisFile,
    old: Trials,
    new: Trials,
    thresholds: Mapping[str, Sequence[float]],
) -> AnalysisMoves:
    declared = file.declared
    before, after = _run(path, old), _run(path, new)
    if isinstance(before, str) or isinstance(after, str):
        told = [one if isinstance(one, str) else "can be run" for one in (before, after)]
        failed = Move(section="", kind="run", old=told[0], new=told[1])
        return AnalysisMoves(slug=declared.slug, title=declared.title, moves=(failed,))
    moves: list[Move] = []
    for section in declared.sections:
        stated = thresholds.get(f"{declared.slug}/{section.id}", ())
        first, second = _seen(section.id, before, old), _seen(section.id, after, new)
        moves += KINDS[section.kind].moves(section, first, second, stated)
    moves += _sentences(before, after)
    return AnalysisMoves(slug=declared.slug, title=declared.title, moves=tuple(moves))


def _run(path: Path, trials: Trials) -> AnalysisRun | str:
    """Run an analysis; a dataset that does not answer it gives the reason."""
    try:
        return run_analysis(path, trials=trials)
    except EvidenceError as error:
        first, *others = str(error).splitlines()
        return f"cannot be run ({first}{f' {len(others)} more lines' if others else ''})"


def _seen(section_id: str, run: AnalysisRun, trials: Trials) -> Seen:
    return Seen(
        results=run.results["sections"][section_id],
        tables=tuple(run.document.tables()),
        trials=trials,
    )


def _sentences(old: AnalysisRun, new: AnalysisRun) -> Iterator[Move]:
    """Yield the sentences of the report that were added, dropped or say something else."""
    before, after = _texts(old), _texts(new)
    matcher = SequenceMatcher(a=[t for _, t in before], b=[t for _, t in after], autojunk=False)
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        if tag == "equal":
            continue
        for index in range(max(i2 - i1, j2 - j1)):
            first = before[i1 + index] if i1 + index < i2 else None
            second = after[j1 + index] if j1 + index < j2 else None
            section = (second or first or ("", ""))[0]
            yield Move(
                section=section,
                kind="sentence",
                old=first[1] if first else None,
                new=second[1] if second else None,
            )


def _texts(run: AnalysisRun) -> list[tuple[str, str]]:
    """Return heading and text of each sentence, without those that name the dataset's version."""
    found, section = [], ""
    for block in run.document.blocks:
        if isinstance(block, Heading):
            section = plain(block.text) if block.level == 1 else section
        elif isinstance(block, (Paragraph, Listing)) and section != "Sources":
            texts = block.items if isinstance(block, Listing) else (block.text,)
            found += [(section, plain(text)) for text in texts if not _names_dataset(run, text)]
    return found


def _names_dataset(run: AnalysisRun, text: Text) -> bool:
    names = run.ledger["names"]
    return any(
        names[span.id]["of"].startswith("dataset:") for span in text if isinstance(span, Named)
    )
