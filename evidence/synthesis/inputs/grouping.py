"""Groups of effects: random intercepts, nested groups, and outcomes within studies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from evidence.errors import BadInput, UnknownName
from evidence.input_checks import require_kind
from evidence.synthesis.inputs.design_columns import read_values
from evidence.synthesis.inputs.random_effects import STRUCTURES, RandomTerm

#: Inner level of a random intercept.
_SINGLE = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RandomStructure:
    """Random effects of inner levels, such as outcomes, within outer groups, such as studies.

    Attributes
    ----------
    inner : array_like, shape (k,)
        Level whose effect varies, for each row.
    outer : array_like, shape (k,)
        Group within which effects are correlated.
    kind : str
        One of ``STRUCTURES``.
    name : str
        Name in the result.

    Notes
    -----
    The correlation of CS with q inner levels is not below -1 / (q - 1), so that it is possible for
    all levels together. metafor goes lower if no group has all of them.

    References
    ----------
    metafor: ``rma.mv(yi, V, random = ~ inner | outer, struct = "UN")``.
    """

    inner: npt.ArrayLike
    outer: npt.ArrayLike
    kind: str = "UN"
    name: str = "inner | outer"


def nested(levels: Mapping[str, npt.ArrayLike]) -> dict[str, list[str]]:
    """Grouping factors that are each nested in the one before.

    Parameters
    ----------
    levels : mapping of str to array_like, shape (k,)
        From the outermost to the innermost, as ``{"study": ..., "effect": ...}``.

    Returns
    -------
    dict
        "study", "study/effect", ...: each level is told apart by all levels above it.

    References
    ----------
    metafor: ``random = ~ 1 | study/effect``.
    """
    names: list[str] = []
    joined: list[list[str]] = []
    found: dict[str, list[str]] = {}
    for name, column in levels.items():
        problems: list[str] = []
        joined.append(read_labels(name, column, None, problems))
        if problems or len({len(column) for column in joined}) > 1:
            problems = problems or ["the lengths differ"]
            raise BadInput("Nested groups were asked for and do not fit.", problems)
        names.append(name)
        found["/".join(names)] = ["/".join(parts) for parts in zip(*joined, strict=True)]
    return found


def random_terms(
    random: Mapping[str, npt.ArrayLike] | None,
    structures: Sequence[RandomStructure],
    rows: int,
    kept: Sequence[int],
) -> tuple[RandomTerm, ...]:
    """Random terms with their groups counted, or one refusal that lists every problem.

    Parameters
    ----------
    random : mapping of str to array_like, shape (rows,), or None
        Groups that share a random intercept.
    structures : sequence of RandomStructure
        Random effects of inner levels within outer groups.
    rows : int
        Length that the groups must have.
    kept : sequence of int
        Rows that are used.

    Raises
    ------
    BadInput
        If lengths differ or a label is missing.
    UnknownName
        If there is no such structure.
    """
    advice = "Give a list of what nested() returned, or of RandomStructure."
    require_kind("Random effects with a structure", structures, Sequence, advice)
    for structure in structures:
        require_kind("Random effects with a structure", structure, RandomStructure, advice)
    problems: list[str] = []
    terms = []
    for name, groups in (random or {}).items():
        labels = read_labels(name, groups, rows, problems)
        terms.append((str(name), "ID", [_SINGLE] * len(labels), labels))
    for structure in structures:
        kind = str(structure.kind).upper()
        if kind not in STRUCTURES:
            raise UnknownName("structure of random effects", structure.kind, STRUCTURES)
        inner = read_labels(f"inner of {structure.name}", structure.inner, rows, problems)
        outer = read_labels(f"outer of {structure.name}", structure.outer, rows, problems)
        terms.append((structure.name, kind, inner, outer))
    names = [name for name, *_ in terms]
    problems += [f"{name} is given twice" for name in sorted(set(names)) if names.count(name) > 1]
    if problems:
        raise BadInput("Random effects were asked for and their groups do not fit.", problems)
    return tuple(
        _term(name, kind, [inner[i] for i in kept], [outer[i] for i in kept])
        for name, kind, inner, outer in terms
    )


def _term(name: str, kind: str, inner: list[str], outer: list[str]) -> RandomTerm:
    levels = sorted_labels(inner)
    return RandomTerm(
        name=name,
        kind="ID" if len(levels) == 1 else kind,
        levels=tuple(levels),
        inner=np.array([levels.index(level) for level in inner]),
        outer=np.unique(np.array(outer), return_inverse=True)[1],
    )


def sorted_labels(labels: Sequence[str]) -> list[str]:
    """Different labels, numbers by size and names by letter.

    Parameters
    ----------
    labels : sequence of str
        Labels, with repetitions.
    """
    try:
        return sorted(set(labels), key=float)
    except ValueError:
        return sorted(set(labels))


def read_labels(
    name: str, column: npt.ArrayLike, rows: int | None, problems: list[str]
) -> list[str]:
    """Labels as text; whole numbers lose their decimal point."""
    try:
        values = read_values(column)[0]
    except ValueError as fault:
        problems.append(f"{name} {fault}")
        return []
    if rows is not None and len(values) != rows:
        problems.append(f"{name} has {len(values)} labels for {rows} rows")
        return []
    gaps = [str(i + 1) for i, value in enumerate(values) if value is None]
    if gaps:
        problems.append(f"{name} is missing in row {', '.join(gaps)}")
    return [
        str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
        for value in values
    ]
