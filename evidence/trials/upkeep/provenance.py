"""Whether every printed token of the dataset stands at its lines of its text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from evidence.errors import DatasetError
from evidence.files import sha256
from evidence.trials.dataset.load import Trials
from evidence.trials.rows.columns import Row
from evidence.trials.rows.printed import prints, stands_in

_NUMERIC = ("value", "ci_low", "ci_high", "range_low", "range_high", "p_value")


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Outcome of checking the dataset against the texts of its sources.

    Attributes
    ----------
    checked, without_text : int
        Rows whose text was at hand and was read; rows from documents without a text.
    problems : tuple of str
        One line for each token that is not where the row says, or value that is not printed.
    """

    checked: int
    without_text: int
    problems: tuple[str, ...]


def verify_sources(trials: Trials, folder: Path) -> Provenance:
    """Check every row that cites a text of ``folder``: its tokens, at its lines.

    Parameters
    ----------
    trials : Trials
        Dataset.
    folder : Path
        Folder of the texts.

    Raises
    ------
    DatasetError
        The folder or one of the texts is missing, or a text is not the one that was extracted.
    """
    texts = _texts(trials, folder)
    rows = list(trials.rows())
    cited = [row for row in rows if row["source_file"] is not None]
    problems = [fault for row in cited for fault in _row_faults(row, texts[row["source_file"]])]
    problems += [
        fault for row in rows if row["source_file"] is None for fault in _value_faults(row)
    ]
    return Provenance(
        checked=len(cited), without_text=len(rows) - len(cited), problems=tuple(problems)
    )


def _texts(trials: Trials, folder: Path) -> Mapping[str, list[str]]:
    if not folder.is_dir():
        raise DatasetError(
            f"The texts of the sources were looked for in {folder}, which is no folder. "
            "Name the folder that holds them: `evidence data verify --sources DIR`."
        )
    wanted = {str(source["file"]): source for source in trials.sources.values() if "file" in source}
    faults = [fault for source in wanted.values() for fault in _text_faults(folder, source)]
    if faults:
        raise DatasetError(
            f"{folder} lacks what the dataset cites: {'; '.join(faults)}. "
            f"Name the folder with these {len(wanted)} texts."
        )
    return {name: (folder / name).read_text(encoding="utf-8").split("\n") for name in wanted}


def _text_faults(folder: Path, source: Mapping[str, str]) -> Iterator[str]:
    name = source["file"]
    if not (folder / name).is_file():
        yield f"{name} is missing ({source['citation']})"
    elif sha256(folder / name) != source["sha256"]:
        yield f"{name} is another text than the one that was extracted (its SHA-256 differs)"


def _row_faults(row: Row, lines: list[str]) -> Iterator[str]:
    name, file = row["result_id"], row["source_file"]
    first, last = row["line_start"], row["line_end"]
    if first is None or last > len(lines):
        yield f"{name}: lines {first}-{last} are not in {file} ({len(lines)} lines)"
        return
    for token in row["printed"]:
        if not stands_in(token, lines[first - 1 : last]):
            yield f"{name}: {token!r} does not stand on lines {first}-{last} of {file}"
    yield from _value_faults(row)


def _value_faults(row: Row) -> Iterator[str]:
    name, tokens = row["result_id"], row["printed"]
    for column in _NUMERIC:
        value = row[column]
        if value is not None and not prints(tokens, value):
            yield f"{name}: {column} {value:g} is not among the printed tokens {tokens}"
