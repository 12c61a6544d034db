"""Does every printed token of the dataset stand at its lines of its text?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evidence.errors import DatasetError
from evidence.trials.curation import sha256
from evidence.trials.load import Trials
from evidence.trials.printed import prints, stands_in

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

    Raises
    ------
    DatasetError
        The folder or one of the texts is missing, or a text is not the one that was extracted.
    """
    texts = _texts(trials, folder)
    rows = list(trials.rows())
    cited = [row for row in rows if row["source_file"] is not None]
    problems = [fault for row in cited for fault in _row_faults(row, texts[row["source_file"]])]
    problems += [fault for row in rows if row["source_file"] is None for fault in _value_faults(row)]
    return Provenance(checked=len(cited), without_text=len(rows) - len(cited), problems=tuple(problems))


def _texts(trials: Trials, folder: Path) -> Mapping[str, list[str]]:
    if not folder.is_dir():
        raise DatasetError(
            f"The texts of the sources were looked for in {folder}, which is no folder. "
            "Name the folder that holds them: `evidence data verify --sources DIR`."
        )
    wanted = {str(source["file"]): source for source in trials.sources.values() if "file" in source}
    faults = []
    for name, source in wanted.items():
        if not (folder / name).is_file():
            faults.append(f"{name} is missing ({source['citation']})")
        elif sha256(folder / name) != source["sha256"]:
            faults.append(f"{name} is another text than the one that was extracted (its SHA-256 differs)")
    if faults:
        raise DatasetError(
            f"{folder} lacks what the dataset cites: {'; '.join(faults)}. Name the folder with these {len(wanted)} texts."
        )
    return {name: (folder / name).read_text(encoding="utf-8").split("\n") for name in wanted}


def _row_faults(row: Mapping[str, Any], lines: list[str]) -> Iterator[str]:
    first, last = row["line_start"], row["line_end"]
    if first is None or last > len(lines):
        yield f"{row['result_id']}: lines {first}-{last} are not in {row['source_file']} ({len(lines)} lines)"
        return
    for token in row["printed"]:
        if not stands_in(token, lines[first - 1 : last]):
            yield f"{row['result_id']}: {token!r} does not stand on lines {first}-{last} of {row['source_file']}"
    yield from _value_faults(row)


def _value_faults(row: Mapping[str, Any]) -> Iterator[str]:
    for name in _NUMERIC:
        value = row[name]
        if value is not None and not prints(row["printed"], value):
            yield f"{row['result_id']}: {name} {value:g} is not among the printed tokens {row['printed']}"
