"""The commands ``evidence data ...``: from curated files to the dataset, and to its sources."""

from __future__ import annotations

from pathlib import Path

import click

from evidence.errors import EvidenceError
from evidence.interfaces import console

_DATA = click.option(
    "--data",
    "folder",
    type=Path,
    default="data",
    show_default=True,
    help="Folder with the curated YAML files.",
)


@click.group(cls=console.Group)
def data() -> None:
    """Build and check the dataset."""


@data.command(examples="evidence data build\nevidence data build --output trials-draft.parquet")
@_DATA
@click.option(
    "--output", type=Path, help="File to write.  [default: trials.parquet in the data folder]"
)
def build(folder: Path, output: Path | None) -> None:
    """Build trials.parquet from the curated YAML files.

    Nothing is written if any entry has a problem; all problems of all files are listed together.
    """
    import evidence
    from evidence.project import declared_version
    from evidence.trials.curation import building as curation

    target = output or folder / "trials.parquet"
    version = declared_version(folder.resolve().parent) or evidence.__version__
    with console.writing(target):
        rows = curation.build(folder, target, version=version)
    console.say(f"Wrote {target}: {rows} reported numbers, version {version}.")


@data.command(examples="evidence data check")
@_DATA
@click.option(
    "--dataset", type=Path, help="File to check.  [default: trials.parquet in the data folder]"
)
def check(folder: Path, dataset: Path | None) -> None:
    """Check that trials.parquet is valid, and is what the YAML files give to the byte."""
    from evidence.trials.upkeep.checks import check_dataset

    parquet = dataset or folder / "trials.parquet"
    _require(folder / "vocabulary.yaml", folder / "sources.yaml", folder / "studies", parquet)
    try:
        trials = check_dataset(folder, parquet)
    except EvidenceError as problem:
        console.say(str(problem))
        console.fail()
    console.say(f"{parquet} is valid, and is what {folder} gives: {trials!r}.")


def _require(*paths: Path) -> None:
    missing = [str(path) for path in paths if not path.exists()]
    if missing:
        raise console.Refused(
            f"A dataset was to be checked and {', '.join(missing)} is not there. Run the command "
            "in the project's folder, or name the places with --data and --dataset."
        )


@data.command(
    examples="evidence data verify --sources texts\nevidence data verify --sources texts --json"
)
@click.option(
    "--sources",
    type=Path,
    required=True,
    metavar="DIR",
    help="Folder with the texts that the dataset cites.",
)
@click.option("--dataset", type=Path, help="A trials.parquet other than the project's.")
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON.")
def verify(sources: Path, dataset: Path | None, as_json: bool) -> None:
    """Check that every printed number stands at its lines of its source.

    The texts are not part of the project; texts stands for the folder in which you keep them. Each
    must be the very text that was extracted.
    """
    from evidence.trials.dataset.load import load_trials
    from evidence.trials.upkeep.provenance import verify_sources

    found = verify_sources(load_trials(dataset), sources)
    counts = {"checked": found.checked, "without_text": found.without_text}
    if as_json:
        console.say_json({**counts, "problems": list(found.problems)})
    else:
        _say_provenance(found.checked, found.without_text, found.problems)
    if found.problems:
        console.fail()


def _say_provenance(checked: int, without_text: int, problems: tuple[str, ...]) -> None:
    outcome = console.plural(len(problems), "problem") if problems else "no problem"
    console.say(
        f"{checked} reported numbers were looked up in their texts, {without_text} come from "
        f"documents without a text at hand; {outcome}."
    )
    for problem in problems:
        console.say(f"  - {problem}")
