"""The studies of a multiverse: effects that were given, or counts on every scale."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from evidence.effects.checks import FloatArray, InputCheck
from evidence.effects.measures import find_measure
from evidence.effects.zero_cells import ZeroCellRule
from evidence.errors import BadInput
from evidence.synthesis.specifications import Variant, variants_of
from evidence.synthesis.studies import HasEffects, check_studies


def read_variants(
    yi: npt.ArrayLike | HasEffects | None,
    vi: npt.ArrayLike | None,
    counts: Mapping[str, npt.ArrayLike | None],
    measures: Sequence[str],
    rules: Sequence[ZeroCellRule],
    labels: Iterable[str] | None,
) -> tuple[tuple[Variant, ...], tuple[str, ...], tuple[str, ...]]:
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
        one = Variant(
            measure=studies.measure or "GEN",
            zero_cells="",
            rules=("as given",),
            yi=studies.yi,
            vi=studies.vi,
        )
        return (one,), studies.labels, studies.decisions
    names = None if labels is None else tuple(str(label) for label in labels)
    arrays = _counts(given, names)
    k = next(iter(arrays.values())).size
    names = names or tuple(f"study {i + 1}" for i in range(k))
    scales = unique_names(measures, lambda name: find_measure(name).name, "measures")
    if not rules:
        raise BadInput("A multiverse was asked for without a rule for empty cells. Give one.")
    return variants_of(arrays, scales, tuple(dict.fromkeys(rules))), names, ()


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
    if isinstance(asked, str) or not len(asked):
        raise BadInput(f"A multiverse was asked for with {what}={asked!r}. Give a list of names.")
    return tuple(dict.fromkeys(canonical(name) for name in asked))
