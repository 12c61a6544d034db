"""What moved between two results of one pooled section, as a reader sees it and unrounded."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evidence.analysis.sections.pooled.declared import PooledEntry
from evidence.analysis.sections.pooled.kind import PooledKind
from evidence.analysis.sections.pooled.measures import MEASURES
from evidence.analysis.sections.pooled.thresholds import threshold_side
from evidence.analysis.shared.move import Kind, Move, Seen
from evidence.effects.conversions import back_transform
from evidence.report.record.numbers import format_number

#: Ten digits are kept in results; what differs by less than this is the same number.
_SAME = 1e-9
Record = Mapping[str, Any]
Numbers = Sequence[float]


def pooled_moves(
    kind: PooledKind[Any],
    section: PooledEntry,
    before: Seen,
    after: Seen,
    thresholds: Sequence[float],
) -> Iterator[Move]:
    """Yield what moved in a pooled section: summary, studies and sensitivity analyses.

    Parameters
    ----------
    thresholds : sequence of float
        Values at which a decision turns, beside no effect and those that the section declares.
    """
    null = [] if kind.null is None else [_as_read(kind.null, section.scale)]
    declared = [one.value for one in section.thresholds]
    watched = tuple(dict.fromkeys([*null, *declared, *thresholds]))
    yield from _Pair(section=section, seen=(before, after)).moves(watched)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pair:
    """What one section gives on the old and on the new dataset."""

    section: PooledEntry
    seen: tuple[Seen, Seen]

    @property
    def results(self) -> tuple[Record, Record]:
        """Results on both datasets."""
        before, after = self.seen
        return before.results, after.results

    @property
    def measure(self) -> str:
        """Measure or transformation on whose scale the results stand."""
        return self.section.scale

    def moves(self, thresholds: Sequence[float]) -> Iterator[Move]:
        """Yield what moved in the summary, its studies and its sensitivity analyses."""
        old, new = (result["summary"] for result in self.results)
        if old["k"] != new["k"]:
            yield self._move("k", "", str(old["k"]), str(new["k"]))
        yield from self._numbers("estimate", "", [_parts(one, "estimate") for one in (old, new)])
        bounds = [_parts(one, "ci_low", "ci_high") for one in (old, new)]
        yield from self._numbers("interval", "", bounds)
        predicted = [_parts(one["prediction"] or {}, "low", "high") for one in (old, new)]
        yield from self._numbers("prediction interval", "", predicted)
        yield from self._crossed(old, new, thresholds)
        yield from self._studies()
        yield from self._sensitivity()

    def _move(
        self, kind: Kind, what: str, old: str | None, new: str | None, *, matters: bool = True
    ) -> Move:
        title = self.section.title
        return Move(section=title, kind=kind, what=what, old=old, new=new, matters=matters)

    def _numbers(
        self, kind: Kind, what: str, pair: Sequence[Numbers], measure: str | None = None
    ) -> Iterator[Move]:
        """Yield a move if one of the numbers that are read together moved."""
        old, new = pair
        if len(old) == len(new) and all(map(_same, old, new)):
            return
        texts = [_shown(values, measure or self.measure) for values in pair]
        yield Move(
            section=self.section.title,
            kind=kind,
            what=what,
            old=texts[0],
            new=texts[1],
            old_value=old[0] if old and kind in ("estimate", "study", "sensitivity") else None,
            new_value=new[0] if new and kind in ("estimate", "study", "sensitivity") else None,
            matters=texts[0] != texts[1],
        )

    def _crossed(self, old: Record, new: Record, thresholds: Sequence[float]) -> Iterator[Move]:
        for threshold in thresholds:
            sides = [
                threshold_side(
                    *(one[name] for name in ("estimate", "ci_low", "ci_high")),
                    threshold=threshold,
                    measure=self.measure,
                )
                for one in (old, new)
            ]
            if sides[0] != sides[1]:
                yield self._move("threshold", f"{threshold:g}", sides[0], sides[1])

    def _studies(self) -> Iterator[Move]:
        before, after = (
            {one["study_id"]: one for one in result["studies"]} for result in self.results
        )
        for name in sorted({*before, *after}):
            label = str(self.seen[name in after].trials.studies[name]["name"])
            effects = [_parts(found.get(name, {}), "yi") for found in (before, after)]
            moved = list(self._numbers("study", label, effects))
            yield from moved
            if not moved and not _same(before[name]["vi"], after[name]["vi"]):
                errors = [f"standard error {math.sqrt(f[name]['vi']):.3f}" for f in (before, after)]
                seen = errors[0] != errors[1]
                yield self._move("study", label, errors[0], errors[1], matters=seen)

    def _sensitivity(self) -> Iterator[Move]:
        before, after = (self._variants(result) for result in self.results)
        for label in dict.fromkeys([*before, *after]):
            measure = (after.get(label) or before[label]).get(
                self.section.scale_field, self.measure
            )
            numbers = [
                _parts(found.get(label, {}), "estimate", "ci_low", "ci_high")
                for found in (before, after)
            ]
            yield from self._numbers("sensitivity", label, numbers, measure)

    def _variants(self, result: Record) -> dict[str, Record]:
        """Return the sensitivity analyses by label: the declared one, where results give none."""
        declared = [variant.label for variant in self.section.sensitivity]
        given = result["sensitivity"]
        labels = [one.get("label") or declared[index] for index, one in enumerate(given)]
        return dict(zip(labels, given, strict=True))


def _parts(record: Record, *names: str) -> list[float]:
    return [record[name] for name in names if record.get(name) is not None]


def _same(old: float, new: float) -> bool:
    return math.isclose(old, new, rel_tol=_SAME, abs_tol=_SAME)


def _as_read(value: float, measure: str) -> float:
    """Return a value of the scale of analysis as a reader sees it."""
    return MEASURES[measure].reader_factor * float(back_transform(value, measure))


def _shown(values: Sequence[float], measure: str) -> str | None:
    """Return a number, an interval, or a number with its interval as a report prints them."""
    spec, unit = MEASURES[measure].format, MEASURES[measure].unit
    texts = [format_number(value, spec) for value in values]
    if len(texts) == 3:
        return f"{texts[0]}{unit} ({texts[1]} to {texts[2]}{unit})"
    return f"{' to '.join(texts)}{unit}" if texts else None
