"""The commands that read a built dataset: query it, compare releases, write its codebook."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from evidence.interfaces import console

if TYPE_CHECKING:
    import pandas as pd

    from evidence.trials.dataset.load import Trials

_JSON = click.option("--json", "as_json", is_flag=True, help="Print one line of JSON.")


@click.command(
    cls=console.Command,
    examples="""
evidence data query "select design, count(*) as numbers from trials group by design"
evidence data query "describe trials" --csv
evidence data query "select * from arms where therapy = 'ahsct'" --json
""",
)
@click.argument("sql", metavar="SQL")
@click.option("--dataset", type=Path, help="A trials.parquet other than the project's.")
@_JSON
@click.option("--csv", "as_csv", is_flag=True, help="Print comma-separated values.")
def query(sql: str, dataset: Path | None, as_json: bool, as_csv: bool) -> None:
    """Run one SELECT statement over the dataset.

    The tables are trials (one row a reported number), studies, arms, sources and risk_of_bias;
    "describe trials" lists columns. Nothing else can be read, and nothing is changed.
    """
    from evidence.trials.dataset.load import load_trials
    from evidence.trials.dataset.sql import query as run

    found = run(sql, trials=None if dataset is None else load_trials(dataset))
    if as_json:
        console.say_json({"columns": list(found.columns), "rows": _records(found)})
    elif as_csv:
        console.say(found.to_csv(index=False).rstrip("\n"))
    else:
        shown = found.astype(object).where(found.notna(), "")
        console.say(shown.to_string(index=False) if len(found) else "No row.")


@click.command(
    cls=console.Command,
    examples="""
cp data/trials.parquet trials-before.parquet
evidence data diff trials-before.parquet data/trials.parquet
evidence data diff trials-before.parquet data/trials.parquet --no-analyses --csv
evidence data diff trials-before.parquet data/trials.parquet --json
""",
)
@click.argument("old", type=Path)
@click.argument("new", type=Path)
@click.option(
    "--analyses/--no-analyses",
    default=True,
    show_default=True,
    help="Also run the declared analyses on both, and say what moved.",
)
@click.option(
    "--threshold",
    "thresholds",
    multiple=True,
    metavar="SLUG/SECTION=X",
    help="A value at which a decision turns: a ratio, or per cent. Can be repeated.",
)
@click.option("--all", "everything", is_flag=True, help="List every difference, however many.")
@_JSON
@click.option("--csv", "as_csv", is_flag=True, help="Print one line for each field that differs.")
def diff(
    old: Path,
    new: Path,
    analyses: bool,
    thresholds: tuple[str, ...],
    everything: bool,
    as_json: bool,
    as_csv: bool,
) -> None:
    """Compare two releases of the dataset, and what the analyses make of them.

    OLD and NEW are files trials.parquet. Studies, numbers, documents and words that were added,
    changed (field by field) or removed are listed with their source; then what moved in each
    declared analysis: estimate, interval, number of studies, verdicts, sentences, thresholds.
    """
    from evidence.trials.dataset.load import load_trials
    from evidence.trials.releases.releases import diff_releases

    before, after = load_trials(old), load_trials(new)
    found = diff_releases(before, after)
    if as_csv:
        console.say(found.to_frame().to_csv(index=False).rstrip("\n"))
        return
    moved = None
    if analyses:
        from evidence.analysis.moves.comparison import what_moved

        moved = what_moved(before, after, thresholds=_thresholds(thresholds))
    if as_json:
        told = moved.to_dict() if moved else None
        console.say_json({"dataset": found.to_dict(), "analyses": told})
        return
    console.say(found.text(limit=None if everything else 20))
    if moved:
        console.say(f"\n{moved.text()}")


def _thresholds(given: tuple[str, ...]) -> dict[str, list[float]]:
    read: dict[str, list[float]] = {}
    for one in given:
        name, _, value = one.partition("=")
        try:
            read.setdefault(name, []).append(float(value))
        except ValueError:
            raise console.Refused(
                f"A threshold was given as {one!r}. Write it as <analysis>/<section>=<number>, "
                "such as alemtuzumab-vs-interferon/relapse-rate=0.8."
            ) from None
    return read


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return rows as plain values; an empty cell is null."""
    records: list[dict[str, Any]] = json.loads(frame.to_json(orient="records", double_precision=15))
    return records


@click.command(
    cls=console.Command, examples="evidence data codebook\nevidence data codebook --check"
)
@click.option(
    "--data",
    "folder",
    type=Path,
    default="data",
    show_default=True,
    help="Folder with trials.parquet; CODEBOOK.md is written to it.",
)
@click.option("--check", is_flag=True, help="Write nothing; fail if a file is not up to date.")
def codebook(folder: Path, check: bool) -> None:
    """Write the codebook of the dataset, and the counts of the README.

    The counts go between <!-- counts --> and <!-- /counts --> of the README.md beside the folder,
    if it has these marks.
    """
    from evidence.trials.dataset.load import load_trials

    trials = load_trials(folder / "trials.parquet")
    stale = _stale_files(trials, folder)
    if not stale:
        console.say("The codebook and the counts of the README are up to date.")
    elif check:
        console.say(f"Not up to date: {', '.join(map(str, stale))}. Run `evidence data codebook`.")
        console.fail()
    for path, text in stale.items():
        from evidence.files import write_text

        with console.writing(path):
            write_text(path, text)
        console.say(f"Wrote {path}.")


def _stale_files(trials: Trials, folder: Path) -> dict[Path, str]:
    """Return the generated files that say something else than the dataset, with their text."""
    from evidence.trials.dataset.dataset_counts import MARKERS, with_counts
    from evidence.trials.upkeep.code_book import codebook as codebook_text

    fresh = {folder / "CODEBOOK.md": codebook_text(trials)}
    readme = folder.resolve().parent / "README.md"
    if readme.is_file() and MARKERS[0] in (text := readme.read_text(encoding="utf-8")):
        fresh[readme] = with_counts(text, trials)
    return {
        path: text
        for path, text in fresh.items()
        if not path.is_file() or path.read_text(encoding="utf-8") != text
    }
