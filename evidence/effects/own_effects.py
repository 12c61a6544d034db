"""Numbers of a stranger's file from which a measure is computed, with their lines and columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from evidence.effects.measures import (
    GIVEN,
    MEASURES,
    PROPORTION,
    RATE,
    Measure,
    Needs,
    describe_needs,
    find_measure,
)
from evidence.effects.published import difference_from_ci, log_ratio_from_ci
from evidence.effects.routes import COLUMN_NAMES, columns_on, open_measures, open_routes
from evidence.errors import BadInput
from evidence.input_checks import require_kind
from evidence.outcomes.given_cells import OwnStudy
from evidence.outcomes.own_studies import StudyTable


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnNumbers:
    """Numbers of k studies, ready to become effect sizes.

    Attributes
    ----------
    file : str
        Name of the file.
    measure : Measure
        What they are to become.
    route : tuple
        The set of arguments that leads there.
    studies : tuple of OwnStudy, length k
        The rows, with the cells of the columns that are used.
    labels : list of str or None
        Names of the studies, if the file has any.
    """

    file: str
    measure: Measure
    route: Needs
    studies: tuple[OwnStudy, ...]
    labels: list[str] | None

    @property
    def columns(self) -> dict[str, list[float]]:
        """The numbers as arguments of :func:`evidence.effect_size`, (k,) each."""
        names = self.studies[0].numbers
        return {name: [study.numbers[name].value for study in self.studies] for name in names}

    @property
    def is_single_arm(self) -> bool:
        """Whether they are events with size or person-time of one arm."""
        return self.route in (PROPORTION, RATE)

    def cautions(self, *, level: float) -> tuple[str, ...]:
        """Name the printed intervals that are less symmetric than rounding allows.

        Parameters
        ----------
        level : float
            Coverage of the intervals.
        """
        columns = self.columns
        if "ci_low" not in columns:
            return ()
        read = log_ratio_from_ci if self.measure.transform == "log" else difference_from_ci
        printed = read(columns["estimate"], columns["ci_low"], columns["ci_high"], level=level)
        names = self.labels or [f"Study {number + 1}" for number in range(len(self.studies))]
        return tuple(
            f"The interval of {name} is less symmetric around its estimate than the rounding of "
            "its numbers explains. Look it up again."
            for name, doubtful in zip(names, printed.beyond_rounding, strict=True)
            if doubtful
        )


def own_numbers(
    table: StudyTable,
    measure: str | None,
    *,
    chosen: Mapping[str, str],
    sign: str = "",
) -> OwnNumbers:
    """Find the one set of columns of a table that gives a measure, and its numbers.

    Parameters
    ----------
    table : StudyTable
        Columns have the names of the arguments of :func:`evidence.effect_size`.
    measure : str or None
        Measure of effect; needed unless the file has yi with vi or sei.
    chosen : mapping of str to str
        Columns to use: name to header. Empty: those that the measure needs, if there is one way.
    sign : str
        What the caller writes before the name of an option, such as ``--``, for messages.

    Raises
    ------
    BadInput
        Columns are missing or allow several ways, or a cell holds no number; all faults at once.
    """
    require_kind("The numbers of a file", table, StudyTable, "Give what read_study_table() read.")
    table = table.renamed(chosen)
    found = [name for name in chosen or table.headers if name in COLUMN_NAMES]
    spec = find_measure(measure) if measure else _effects_as_given(table, found, sign)
    route = _only_route(table, spec, found, sign)
    return OwnNumbers(
        file=table.name,
        measure=spec,
        route=route,
        studies=table.studies(columns_on(route, found)),
        labels=table.labels(),
    )


def _effects_as_given(table: StudyTable, found: Sequence[str], sign: str) -> Measure:
    spec = MEASURES["GEN"]
    if open_routes(spec, found):
        return spec
    names = ", ".join(open_measures(found))
    advice = f"Say which with {sign}measure: {names}." if names else _way_out(sign)
    raise BadInput(
        f"{table.name} was to be pooled without a measure, for which it needs "
        f"{describe_needs(GIVEN)}. It has {_listed(table.headers)}. {advice}"
    )


def _only_route(table: StudyTable, spec: Measure, found: Sequence[str], sign: str) -> Needs:
    fitting = open_routes(spec, found)
    if len(fitting) == 1:
        return fitting[0]
    if not fitting:
        ways = "; or ".join(describe_needs(route) for route in spec.routes)
        raise BadInput(
            f"{spec.name} ({spec.label}) was asked of {table.name} and needs {ways}. "
            f"It has {_listed(table.headers)}. {_way_out(sign)}"
        )
    ways = " or ".join(f"{sign}columns {','.join(columns_on(one, found))}" for one in fitting)
    raise BadInput(
        f"{spec.name} was asked of {table.name}, which has columns for {len(fitting)} ways to it. "
        f"Say which: {ways}."
    )


def _listed(headers: Sequence[str]) -> str:
    return f"the columns {', '.join(filter(None, headers))}"


def _way_out(sign: str) -> str:
    return f"Rename its columns, or name them: {sign}columns ai=HEADER,n1i=HEADER,..."
