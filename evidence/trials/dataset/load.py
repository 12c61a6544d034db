"""Reading the dataset: :class:`Trials`, the table with its sources, studies and vocabulary."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from evidence.errors import BadInput, DatasetError, EmptySelection, UnknownName
from evidence.project import PACKAGE, project_folder
from evidence.trials.rows.columns import COLUMN_NAMES, Row
from evidence.trials.rows.layout import check_layout, texts_beside
from evidence.vocabulary import Vocabulary, vocabulary_from

if TYPE_CHECKING:
    import pandas as pd

Criterion = str | float | bool | None | Sequence[str] | Sequence[float]
#: Columns whose words the vocabulary knows, so that a misspelt criterion can be named.
_WORDS = {
    "outcome": "outcomes",
    "statistic": "statistics",
    "therapy": "therapies",
    "comparator": "therapies",
    "design": "designs",
    "population": "populations",
    "unit": "units",
    "finding": "findings",
}


@dataclass(frozen=True)
class Trials:
    """The dataset, or a part of it: one row for each reported number.

    Attributes
    ----------
    table : pyarrow.Table
        The rows, with the columns of :data:`evidence.trials.rows.COLUMNS`.
    sha256 : str
        SHA-256 of the file it was read from.
    """

    table: pa.Table = field(repr=False)
    sha256: str

    def __len__(self) -> int:
        return int(self.table.num_rows)

    def __repr__(self) -> str:
        studies = len(set(self.table["study_id"].to_pylist()))
        return f"Trials({len(self)} reported numbers of {studies} studies, version {self.version})"

    def __getitem__(self, column: str) -> pd.Series[Any]:
        return self.frame[column]

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns."""
        return tuple(self.table.column_names)

    @cached_property
    def frame(self) -> pd.DataFrame:
        """The rows as a pandas DataFrame."""
        frame: pd.DataFrame = self.table.to_pandas()
        return frame

    def to_frame(self) -> pd.DataFrame:
        """Return a copy of the rows as a pandas DataFrame."""
        return self.frame.copy()

    @property
    def version(self) -> str:
        """Version of the dataset."""
        return self._text("dataset_version")

    @property
    def licence(self) -> str:
        """Licence of the dataset."""
        return self._text("licence")

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """The words that the rows use."""
        return vocabulary_from(json.loads(self._text("vocabulary")))

    @cached_property
    def sources(self) -> Mapping[str, Mapping[str, Any]]:
        """Documents by cite key."""
        return dict(json.loads(self._text("sources")))

    @cached_property
    def studies(self) -> Mapping[str, Mapping[str, Any]]:
        """Names, overlaps, members (of a meta-analysis) and arms of the studies by study_id."""
        return dict(json.loads(self._text("studies")))

    def _text(self, key: str) -> str:
        return texts_beside(self.table)[key]

    @cached_property
    def _rows(self) -> dict[str, int]:
        return {name: index for index, name in enumerate(self.table["result_id"].to_pylist())}

    def row(self, result_id: str) -> Row:
        """Return one reported number as a mapping of column to value.

        Raises
        ------
        UnknownName
            No row has this id; the nearest ids are named.
        """
        if result_id not in self._rows:
            raise UnknownName("result", result_id, self._rows, "Ids are in the column result_id.")
        return dict(self.table.slice(self._rows[result_id], 1).to_pylist()[0])

    def rows(self) -> Iterator[Row]:
        """Yield all rows as mappings, in the order of the file."""
        yield from self.table.to_pylist()

    @cached_property
    def _by_study(self) -> dict[str, list[Row]]:
        grouped: dict[str, list[Row]] = {}
        for row in self.rows():
            grouped.setdefault(row["study_id"], []).append(row)
        return grouped

    def rows_of(self, study_id: str) -> list[Row]:
        """Return the rows of one study, in the order of the file."""
        return self._by_study.get(study_id, [])

    def where(self, **criteria: Criterion) -> Trials:
        """Return the rows whose columns have the given values.

        Parameters
        ----------
        **criteria
            Column to value; a list means any of its values; None means an empty cell.

        Raises
        ------
        BadInput
            A name is not a column, or a value is not of its type or not a word of the vocabulary.
        EmptySelection
            No row remains; the message says which criterion removed the last one.
        """
        problems = [
            fault
            for name, wanted in criteria.items()
            for fault in self._criterion_faults(name, wanted)
        ]
        if problems:
            raise BadInput("The selection cannot be made.", problems)
        table = self.table
        for name, wanted in criteria.items():
            kept = table.filter(_mask(table[name], wanted))
            if kept.num_rows == 0:
                raise EmptySelection(self._nothing_left(criteria, name, table))
            table = kept
        return Trials(table=table, sha256=self.sha256)

    def between(self, first: float, last: float) -> Trials:
        """Return the rows whose time point lies in a window, in months, and no row without one.

        Raises
        ------
        EmptySelection
            No row lies in the window.
        """
        at = self.table["timepoint_months"]
        table = self.table.filter(pc.and_(pc.greater_equal(at, first), pc.less_equal(at, last)))
        if table.num_rows == 0:
            raise EmptySelection(
                f"No reported number lies between {first:g} and {last:g} months. Widen the window."
            )
        return Trials(table=table, sha256=self.sha256)

    def _criterion_faults(self, name: str, wanted: Criterion) -> Iterator[str]:
        if name not in COLUMN_NAMES:
            yield str(UnknownName("column", name, COLUMN_NAMES))
            return
        known = self.vocabulary.names(_WORDS[name]) if name in _WORDS else None
        type_ = self.table.schema.field(name).type
        for value in _values(wanted):
            if value is None:
                continue
            if known is not None and value not in known:
                yield str(UnknownName(name, value, known))
            elif not _is_of_type(value, type_):
                yield f"{name}: {value!r} cannot stand in a column of type {type_}"

    def _nothing_left(self, criteria: Mapping[str, Criterion], name: str, before: pa.Table) -> str:
        asked = ", ".join(f"{key}={value!r}" for key, value in criteria.items())
        found = sorted({str(value) for value in before[name].to_pylist() if value is not None})
        return (
            f"No reported number has {asked}: {before.num_rows} rows were left before "
            f"{name}={criteria[name]!r}, with {name} among "
            f"{', '.join(found[:10]) or 'empty cells only'}. Widen {name}, or drop it."
        )


def _mask(column: pa.ChunkedArray, wanted: Criterion) -> pa.ChunkedArray:
    if wanted is None:
        return pc.is_null(column)
    return pc.is_in(column, value_set=pa.array(_values(wanted), type=column.type))


def _values(wanted: Criterion) -> list[object]:
    return list(wanted) if isinstance(wanted, (list, tuple)) else [wanted]


def _is_of_type(value: object, type_: pa.DataType) -> bool:
    """Tell whether a value can stand in a column unchanged; lists cannot be compared."""
    if pa.types.is_nested(type_) or isinstance(value, bool) != pa.types.is_boolean(type_):
        return False
    try:
        return bool(pa.array([value], type=type_).to_pylist() == [value])
    except (pa.ArrowException, OverflowError):
        return False


def load_trials(path: str | Path | None = None) -> Trials:
    """Return the dataset.

    Parameters
    ----------
    path : path, optional
        A ``trials.parquet``. Left out: that of the project's ``data`` folder, or the one inside the
        installed package.

    Raises
    ------
    DatasetError
        The file is missing, damaged or no parquet file, or has other columns than this version
        knows.

    Examples
    --------
    >>> import evidence
    >>> trials = evidence.load_trials()
    >>> trials.where(study_id="care-ms-1", outcome="annualised-relapse-rate").to_frame()
    """
    file = Path(path) if path is not None else dataset_path()
    if not file.is_file():
        raise DatasetError(
            f"The dataset was looked for at {file} and is not there. Run `evidence data build`."
        )
    content = file.read_bytes()
    try:
        table = pq.read_table(pa.BufferReader(content), page_checksum_verification=True)
    except (pa.ArrowException, OSError) as error:
        raise DatasetError(
            f"{file} cannot be read as parquet ({error}). Build it anew: `evidence data build`."
        ) from error
    check_layout(file, table)
    return Trials(table=table, sha256=hashlib.sha256(content).hexdigest())


def dataset_path() -> Path:
    """Return where the dataset lies.

    In the project's folder if that is the current directory, whether it was built there yet or not;
    else beside the package, or inside it as it was installed.
    """
    if (project := project_folder()) is not None:
        return project / "data" / "trials.parquet"
    for candidate in (
        PACKAGE.parent / "data" / "trials.parquet",
        PACKAGE / "shipped" / "data" / "trials.parquet",
    ):
        if candidate.is_file():
            return candidate
    raise DatasetError(
        "The dataset is neither in the project's data folder nor in the installed package. "
        "Run `evidence data build` in the project, or give its path."
    )
