"""Is every number of a report still what its origin says? Re-reads the files, follows and repeats.

A report passes if its dataset is the one it was made from, each reported number stands in the
dataset, each computation repeated gives the same result, each number and name in HTML, Word and
figures is the text of its ledger entry, no digit stands anywhere without an entry, and the files
are what the analysis gives: byte by byte, or in its words for the Word file, which may be restyled.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evidence.analysis.declared.analysis_file import read_analysis
from evidence.analysis.declared.places import analysis_path
from evidence.analysis.run.analysis_run import run_analysis, software_versions
from evidence.analysis.run.report_files import report_contents
from evidence.analysis.verify.replay import Replay
from evidence.analysis.verify.word_text import word_paragraphs
from evidence.errors import EvidenceError, VerificationError
from evidence.input_checks import require_kind
from evidence.report.record.origins import Origins
from evidence.report.record.rendered import Rendered, read_docx, read_html, read_svg
from evidence.trials.dataset.load import Trials, load_trials

_LEDGER_PARTS = frozenset(
    ("analysis", "dataset", "numbers", "names", "reported", "computations", "software")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """Outcome of verifying one report.

    Attributes
    ----------
    slug : str
        Name of the report.
    numbers : int
        Numbers and names that were found in its files and followed.
    computations : int
        Computations that were repeated.
    problems : tuple of str
        What does not hold; empty if the report passes.
    """

    slug: str
    numbers: int
    computations: int
    problems: tuple[str, ...]


def verify_report(folder: str | Path, *, trials: Trials | None = None) -> Verification:
    """Follow every number of a report to its origin.

    Parameters
    ----------
    folder : path
        Folder of one report, such as ``reports/pulsed-efficacy``.
    trials : Trials, optional
        Dataset; left out, that of :func:`evidence.load_trials`.

    Raises
    ------
    VerificationError
        The folder is no report, or its ledger cannot be read.
    """
    path = Path(folder)
    ledger = _ledger(path)
    trials = load_trials() if trials is None else trials
    require_kind(
        "A verification against the dataset", trials, Trials, "Give what load_trials() returned."
    )
    problems = list(_dataset_problems(ledger, trials))
    rendered = {name: _read(path / name) for name in _rendered_names(path)}
    problems += list(_origin_problems(ledger, trials))
    for name, found in rendered.items():
        problems += [f"{name}: {fault}" for fault in _rendered_problems(found, ledger)]
    problems += list(_page_problems(ledger, rendered["report.html"]))
    problems += list(_generated_problems(path, ledger, trials))
    return Verification(
        slug=str(ledger["analysis"]),
        numbers=sum(len(found.numbers) + len(found.names) for found in rendered.values()),
        computations=len(ledger["computations"]),
        problems=tuple(problems),
    )


def _ledger(path: Path) -> dict[str, Any]:
    file = path / "ledger.json"
    if not file.is_file():
        raise VerificationError(
            f"{path} was to be verified and has no ledger.json. "
            "Name the folder of a report, such as reports/<slug>."
        )
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        absent = _LEDGER_PARTS - set(content)
    except (ValueError, TypeError) as error:
        raise VerificationError(
            f"{file} is not a ledger ({error}). Build the report anew."
        ) from error
    if absent:
        raise VerificationError(f"{file} lacks {', '.join(sorted(absent))}. Build the report anew.")
    return dict(content)


def _rendered_names(path: Path) -> list[str]:
    figures = sorted(f"figures/{file.name}" for file in (path / "figures").glob("*.svg"))
    return ["report.html", "report.docx", *figures]


def _read(file: Path) -> Rendered:
    try:
        if file.suffix == ".docx":
            return read_docx(file.read_bytes())
        text = file.read_text(encoding="utf-8")
        return read_svg(text) if file.suffix == ".svg" else read_html(text)
    except FileNotFoundError as error:
        raise VerificationError(f"{file} is missing; build the report anew.") from error
    except EvidenceError:
        raise
    except Exception as error:
        raise VerificationError(
            f"{file} cannot be read ({error}); build the report anew."
        ) from error


def _dataset_problems(ledger: Mapping[str, Any], trials: Trials) -> Iterator[str]:
    version, sha256 = ledger["dataset"].get("version"), ledger["dataset"].get("sha256")
    if sha256 != trials.sha256:
        yield (
            f"dataset: the report was made from version {version} with SHA-256 {str(sha256)[:12]}, "
            f"and the dataset at hand has {trials.sha256[:12]}; "
            "build the report anew or use its dataset"
        )


def _origin_problems(ledger: Mapping[str, Any], trials: Trials) -> Iterator[str]:
    """Follow each entry of the ledger to its origin and repeat it."""
    slug = str(ledger["analysis"])
    try:
        content = read_analysis(analysis_path(slug)).content
    except EvidenceError as error:
        yield f"analysis: {error}"
        return
    replay = Replay(ledger, Origins(trials=trials, analysis=content, software=software_versions()))
    yield from replay.problems()


def _rendered_problems(found: Rendered, ledger: Mapping[str, Any]) -> Iterator[str]:
    yield from (f"a digit without an origin: {orphan!r}" for orphan in found.orphans)
    for kind, pairs in (("numbers", found.numbers), ("names", found.names)):
        for identifier, text in pairs:
            entry = ledger[kind].get(identifier)
            if entry is None:
                yield f"{identifier} ({text!r}) is not in the ledger"
            elif entry["text"] != text:
                stated = f"{entry['text']!r} (from {entry['of']})"
                yield f"{identifier} shows {text!r}, and the ledger has {stated}"


def _page_problems(ledger: Mapping[str, Any], page: Rendered) -> Iterator[str]:
    if dict(page.ledger) != dict(ledger):
        yield "report.html: the ledger inside the page is not that of ledger.json"


def _generated_problems(path: Path, ledger: Mapping[str, Any], trials: Trials) -> Iterator[str]:
    """Run the analysis again; compare what it gives with the files and the order of numbers."""
    try:
        fresh = run_analysis(str(ledger["analysis"]), trials=trials)
    except EvidenceError as error:
        yield f"the analysis does not run: {error}"
        return
    contents = report_contents(fresh)
    for name, content in contents.items():
        yield from _file_problem(path / name, name, content)
    yield from _order_problems(path, contents)
    known = {*contents, *(name.replace(".svg", ".png") for name in contents)}
    for file in sorted(path.rglob("*")):
        if file.is_file() and str(file.relative_to(path)) not in known:
            yield f"{file.relative_to(path)}: is not a file of this report"


def _file_problem(file: Path, name: str, content: bytes) -> Iterator[str]:
    if not file.is_file():
        yield f"{name}: is missing"
    elif name.endswith(".docx"):
        yield from _word_problem(name, word_paragraphs(file.read_bytes()), word_paragraphs(content))
    elif file.read_bytes() != content:
        difference = _first_difference(file.read_bytes(), content)
        yield f"{name}: differs from what the analysis gives ({difference})"


def _word_problem(name: str, found: Sequence[str], expected: Sequence[str]) -> Iterator[str]:
    if found != expected:
        difference = _first_difference("\n".join(found).encode(), "\n".join(expected).encode())
        yield f"{name}: its words are not those that the analysis gives ({difference})"


def _first_difference(found: bytes, expected: bytes) -> str:
    pairs = zip(
        found.decode("utf-8", "replace").splitlines(),
        expected.decode("utf-8").splitlines(),
        strict=False,
    )
    for number, (one, other) in enumerate(pairs, start=1):
        if one != other:
            return f"line {number}: {one.strip()[:60]!r} instead of {other.strip()[:60]!r}"
    return "lines were added or removed"


def _order_problems(path: Path, contents: Mapping[str, bytes]) -> Iterator[str]:
    """The numbers of page, Word file and figures must stand where the analysis puts them."""
    for name in sorted(contents.keys() & set(_rendered_names(path))):
        found, expected = _read(path / name), _expected(name, contents[name])
        for kind in ("numbers", "names"):
            if getattr(found, kind) != getattr(expected, kind):
                yield f"{name}: its {kind} are not those that the analysis gives, in its order"


def _expected(name: str, content: bytes) -> Rendered:
    if name.endswith(".docx"):
        return read_docx(content)
    text = content.decode("utf-8")
    return read_svg(text) if name.endswith(".svg") else read_html(text)
