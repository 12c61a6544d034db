"""The commands that run declared analyses, write their reports, and verify them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from evidence.errors import EvidenceError, VerificationError
from evidence.interfaces import console

if TYPE_CHECKING:
    from evidence.analysis.run.analysis_run import AnalysisRun
    from evidence.analysis.verify.verification import Verification
    from evidence.trials.dataset.load import Trials

#: The page that leads to all reports.
INDEX = "index.html"


@click.command(
    cls=console.Command,
    examples="""
evidence run alemtuzumab-vs-interferon
evidence run analyses/pulsed-efficacy.yaml --output drafts
evidence run alemtuzumab-vs-interferon --json
""",
)
@click.argument("analyses", nargs=-1, metavar="[SLUG ...]")
@click.option("--output", type=Path, metavar="DIR", help="Also write the reports, to this folder.")
@click.option(
    "--json", "as_json", is_flag=True, help="Print the results, one line of JSON for each analysis."
)
def run(analyses: tuple[str, ...], output: Path | None, as_json: bool) -> None:
    """Run declared analyses and print their key results.

    An analysis is named by its slug, or by the path of its file; without a name all are run. The
    JSON is the content of results.json.
    """
    runs = _run(analyses, console.Stopwatch(), progress=False)
    for one in runs:
        if as_json:
            console.say_json(one.results)
        else:
            console.say(_key_results(one))
    if output is not None:
        files = _write(runs, output, png=False)
        console.note(f"Wrote {console.plural(files, 'file')} to {output}.")


@click.command(cls=console.Command, examples="evidence report")
@click.option(
    "--output",
    type=Path,
    default="reports",
    show_default=True,
    metavar="DIR",
    help="Folder to write to.",
)
@click.option("--png", is_flag=True, help="Also write each figure as PNG.")
def report(output: Path, png: bool) -> None:
    """Write the reports of all declared analyses, and the page that leads to them.

    Nothing is written unless every analysis runs. A report is replaced as a whole.
    """
    watch = console.Stopwatch()
    from evidence.analysis.run.report_files import write_index

    runs = _run((), watch, progress=True)
    files = _write(runs, output, png=png)
    watch.lap("writing")
    with console.writing(output):
        index = write_index(runs, output)
    watch.lap("index page")
    reports = console.plural(len(runs), "report")
    console.say(f"Wrote {reports} ({console.plural(files, 'file')}) to {output}, and {index}.")
    console.say(f"{watch}.")


def _run(names: Sequence[str], watch: console.Stopwatch, *, progress: bool) -> list[AnalysisRun]:
    """Run analyses; all of them if none is named."""
    from evidence.analysis.declared.places import all_slugs, analysis_path
    from evidence.analysis.run.analysis_run import run_analysis
    from evidence.trials.dataset.load import load_trials

    files = [analysis_path(name) for name in names or all_slugs()]
    watch.lap("starting")
    trials = load_trials()
    watch.lap("dataset")
    runs = []
    for file in files:
        runs.append(run_analysis(file, trials=trials))
        seconds = watch.lap("analyses")
        if progress:
            console.note(f"{runs[-1].slug}: ran in {seconds:.2f} s")
    return runs


def _write(runs: Sequence[AnalysisRun], folder: Path, *, png: bool) -> int:
    """Write reports and return the number of their files."""
    from evidence.analysis.run.report_files import build_report

    with console.writing(folder):
        return sum(len(build_report(one, folder, png=png)) for one in runs)


def _key_results(one: AnalysisRun) -> str:
    from evidence.report.record.document import Listing, plain

    listing = next(block for block in one.document.blocks if isinstance(block, Listing))
    lines = [plain(one.document.title), *(f"  - {plain(item)}" for item in listing.items)]
    return "\n".join(lines)


@click.command(
    cls=console.Command,
    examples="evidence verify\nevidence verify reports/pulsed-efficacy --json",
)
@click.argument("folders", nargs=-1, type=Path, metavar="[FOLDER ...]")
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON for each report.")
def verify(folders: tuple[Path, ...], as_json: bool) -> None:
    """Follow every number of reports to its origin, and repeat every computation.

    Without a name all reports below the folder reports, and the page that leads to them, are
    verified. Exit code 1 if any number cannot be followed, or any computation gives another result.
    """
    from evidence.trials.dataset.load import load_trials

    chosen = folders or _all_reports()
    _require_ledgers([folder for folder in chosen if folder.name != INDEX])
    trials = load_trials()
    bad = 0
    for folder in chosen:
        found = _verification(folder, trials)
        bad += bool(found.problems)
        _say_verification(found, as_json=as_json)
    if bad:
        console.note(f"{bad} of {console.plural(len(chosen), 'report')} did not pass.")
        console.fail()


def _verification(place: Path, trials: Trials) -> Verification:
    """Verify a report, or the page that leads to all of them; what cannot be read is a problem."""
    from evidence.analysis.verify.index import verify_index
    from evidence.analysis.verify.verification import verify_report

    try:
        if place.name == INDEX:
            return verify_index(place, trials=trials)
        return verify_report(place, trials=trials)
    except VerificationError as error:
        return _unreadable(place, error)


def _all_reports() -> tuple[Path, ...]:
    found = tuple(sorted(path.parent for path in Path("reports").glob("*/ledger.json")))
    if not found:
        raise console.Refused(
            "All reports below reports/ were to be verified, and there is none. "
            "Write them with `evidence report`, or name their folders."
        )
    index = Path("reports") / INDEX
    return (*found, index) if index.is_file() else found


def _require_ledgers(folders: Sequence[Path]) -> None:
    missing = [str(folder) for folder in folders if not (folder / "ledger.json").is_file()]
    if missing:
        raise console.Refused(
            f"{', '.join(missing)} was to be verified and has no ledger.json. "
            "Name the folder of a report, such as reports/<slug>."
        )


def _unreadable(folder: Path, error: EvidenceError) -> Verification:
    from evidence.analysis.verify.verification import Verification

    return Verification(slug=folder.name, numbers=0, computations=0, problems=(str(error),))


def _say_verification(found: Verification, *, as_json: bool) -> None:
    if as_json:
        names = ("slug", "numbers", "computations")
        counts = {name: getattr(found, name) for name in names}
        console.say_json({**counts, "problems": list(found.problems)})
        return
    outcome = console.plural(len(found.problems), "problem") if found.problems else "no problem"
    console.say(
        f"{found.slug}: {found.numbers} numbers and names followed, "
        f"{found.computations} computations repeated, {outcome}"
    )
    for problem in found.problems:
        console.say(f"  - {problem}")
