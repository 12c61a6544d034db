"""A kind of pooled section as data: how its studies are selected, measured, worded and laid out.

All else is one code, in the module ``section`` beside this one. A new kind is a module with
its schema, its functions and its words, and one entry in ``section_kinds``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar

from evidence.analysis.sections.pooled.declared import PooledEntry, Select
from evidence.analysis.sections.pooled.records import Effect, Selected, Study
from evidence.analysis.shared.context import Context
from evidence.report.record.document import Text
from evidence.report.record.ledger import Computed, Quantity
from evidence.trials.dataset.load import Trials

StudyT = TypeVar("StudyT", bound=Study)


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """The sentences of a kind, and what it calls its studies.

    The sentences hold ``{title}``, ``{estimate}``, ``{studies}``, ``{measure}``, ``{scale}``,
    ``{p}``, ``{prediction}``, ``{heterogeneity}``, ``{routes}`` and ``{method}``.

    Attributes
    ----------
    study, studies, people : str
        One study, several, and their participants.
    headline, summary, methods : str
        Key result, paragraph below the title, and paragraph of the methods.
    routes : mapping of str to str
        From what an effect is computed, by route.
    """

    study: str
    studies: str
    people: str
    headline: str
    summary: str
    methods: str
    routes: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class NumbersLayout:
    """The table of the numbers behind the figure.

    Attributes
    ----------
    columns : mapping of str to float
        Header to relative width.
    with_arm : bool
        Whether a column after the study names its arm.
    landscape : bool
    """

    columns: Mapping[str, float]
    with_arm: bool = False
    landscape: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SensitivityLayout:
    """The sensitivity table, and what ``results.json`` keeps of each of its rows.

    Attributes
    ----------
    about : str
        To what the result is held.
    studies_width : float
        Width of the column with the number of studies.
    align : str
        Of the columns of single numbers.
    note : str
        Footnote; empty if there is none.
    kept : tuple of str
    """

    about: str
    studies_width: float
    align: Literal["left", "right"]
    note: str = ""
    kept: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PooledKind(Generic[StudyT]):
    """What is particular to one kind of pooled section.

    Attributes
    ----------
    name : str
        What ``kind`` says in the file.
    schema : type
        What a file may say of such a section.
    select : callable
        From dataset, entry and selection to the studies.
    effect : callable
        From a study and the scale of analysis to its effect.
    counts : callable
        To the events and patients of a study, or None if its effect is from other numbers.
    addresses : callable
        To the numbers of the dataset on which a study rests.
    sizes : callable
        To the addresses of its numbers of patients, None for one that is not reported.
    substitute : callable or None
        From dataset, study and the result_id of another published ratio to the study with it.
    headers, cells : callable
        Columns of the forest plot between study and effect: their headers for all studies, and
        the cells of one of them.
    null : float or None
        Value of no effect on the scale of analysis. A kind that has one declares whom each side
        of it favours, and its summary has a p value.
    words, numbers, sensitivity
        Its sentences and its tables.
    """

    name: str
    schema: type[PooledEntry]
    select: Callable[[Trials, Any, Select], Selected[StudyT]]
    effect: Callable[[Context, StudyT, str], Computed[Effect]]
    counts: Callable[[Context, StudyT], dict[str, Quantity] | None]
    addresses: Callable[[StudyT], Iterable[str]]
    sizes: Callable[[StudyT], Sequence[str | None]]
    substitute: Callable[[Trials, StudyT, str], StudyT] | None = None
    headers: Callable[[Context, Sequence[StudyT]], tuple[Text, ...]]
    cells: Callable[[Context, Sequence[StudyT], int], tuple[Text, ...]]
    null: float | None
    words: Words
    numbers: NumbersLayout
    sensitivity: SensitivityLayout
