"""The studies of a multiverse: effects that were given, or counts on every scale."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from evidence.arrays import FloatArray
from evidence.effects.measures import find_measure
from evidence.effects.zero_cells import ZeroCellRule
from evidence.errors import BadInput
from evidence.input_checks import InputCheck, study_names
from evidence.synthesis.inputs.studies import StudyInput, check_studies
from evidence.synthesis.multiverse.specifications import Specification, variants_of


def read_variants(
    yi: StudyInput | None,
    vi: npt.ArrayLike | None,
    counts: Mapping[str, npt.ArrayLike | None],
    measures: Sequence[str],
    rules: Sequence[ZeroCellRule],
    labels: Iterable[str] | None,
) -> tuple[tuple[Specification, ...], tuple[str, ...], tuple[str, ...]]:
    """Effects to pool on each scale, the names of the studies, and what was done.

    Parameters
    ----------
    yi, vi : array_like, shape (k,), EffectSizes or None
        Effects and variances.
    counts : mapping of str to array_like or None
        Counts of two arms.
    measures : sequence of str
        Scales for the counts.
    rules : sequence of ZeroCellRule
        Corrections of their empty cells.
    labels : iterable of str or None
        Names of the studies.

    Raises
    ------
    BadInput
        If the studies are given in no way or in two, or numbers cannot be right.
    UnknownName
        If a measure is not known.
    """
    given = {name: value for name, value in counts.items() if value is not None}
    if (yi is None) == (not given):
        raise BadInput(
            "A multiverse needs either yi and vi or the counts of two arms. Given were "
            f"{', '.join(given) or 'no counts'} and {'no' if yi is None else 'also'} yi."
        )
    if yi is not None:
        studies = check_studies(yi, vi, labels)
        one = Specification(
            measure=studies.measure or "GEN",
            zero_cells="",
            rules=("as given",),
            yi=studies.yi,
            vi=studies.vi,
        )
        return (one,), studies.labels, studies.decisions
    names = None if labels is None else study_names(labels)
    arrays = _counts(given, names)
    k = next(iter(arrays.values())).size
    names = names or tuple(f"study {i + 1}" for i in range(k))
    scales = unique_names(measures, lambda name: find_measure(name).name, "measures")
    return variants_of(arrays, scales, _unique_rules(rules)), names, ()


def _unique_rules(rules: Sequence[ZeroCellRule]) -> tuple[ZeroCellRule, ...]:
    given = tuple(rules) if isinstance(rules, Iterable) else ()
    if not given or not all(isinstance(rule, ZeroCellRule) for rule in given):
        raise BadInput(
            "A multiverse from counts needs at least one rule for empty cells, and zero_cells is "
            f"{rules!r:.80}. Give a list, such as [ZeroCellRule(add=0.5, to='only0')]."
        )
    return tuple(dict.fromkeys(given))


def _counts(
    given: Mapping[str, npt.ArrayLike], labels: tuple[str, ...] | None
) -> dict[str, FloatArray]:
    check = InputCheck("A multiverse from counts", labels or ())
    arrays = dict(zip(given, map(np.atleast_1d, check.numbers(**given)), strict=True))
    shapes = {array.shape for array in arrays.values()}
    if len(shapes) != 1 or len(next(iter(shapes))) != 1 or shapes == {(0,)}:
        check.problems.append(f"{', '.join(given)} are lists of one length, one number a study")
    elif labels is not None and (len(labels),) not in shapes:
        check.problems.append(f"there are {len(labels)} labels for {next(iter(shapes))[0]} studies")
    check.refuse()
    return arrays


def unique_names(
    asked: Sequence[str], canonical: Callable[[str], str], what: str
) -> tuple[str, ...]:
    """Canonical names, each once, in the order asked for.

    Parameters
    ----------
    asked : sequence of str
        Names.
    canonical : callable
        Gives the canonical form of a name, or refuses it.
    what : str
        The argument.

    Raises
    ------
    BadInput
        If it is no list, or empty.
    """
    names = () if isinstance(asked, str) or not isinstance(asked, Iterable) else tuple(asked)
    if not names:
        raise BadInput(
            f"A multiverse was asked for with {what}={asked!r:.80}. Give a list of names."
        )
    return tuple(dict.fromkeys(canonical(name) for name in names))
