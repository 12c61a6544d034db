"""The kinds of section that pool studies, each as a record: a new one is one more entry."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from evidence.analysis.sections.pooled.comparison import COMPARISON
from evidence.analysis.sections.pooled.declared import PooledEntry
from evidence.analysis.sections.pooled.kind import PooledKind, StudyT
from evidence.analysis.sections.pooled.moves import pooled_moves
from evidence.analysis.sections.pooled.proportion import PROPORTION
from evidence.analysis.sections.pooled.section import pooled_section
from evidence.analysis.shared.section_kind import SectionKind
from evidence.trials.dataset.load import Trials


def as_section_kind(kind: PooledKind[Any]) -> SectionKind:
    """Return a kind of pooled section as a kind of section: the one code with its data."""
    return SectionKind(
        name=kind.name,
        schema=kind.schema,
        section=partial(pooled_section, kind),
        moves=partial(pooled_moves, kind),
        rows_in_use=partial(pooled_rows, kind),
        pools=True,
    )


def pooled_rows(kind: PooledKind[StudyT], section: PooledEntry, trials: Trials) -> Iterator[str]:
    """Yield the rows on which the studies of a section rest, and those its variants name."""
    for one in kind.select(trials, section, section.select).studies:
        yield from (address.partition("#")[0] for address in kind.addresses(one))
    for variant in section.sensitivity:
        yield from variant.substitute.values()


POOLED_KINDS: tuple[SectionKind, ...] = (as_section_kind(COMPARISON), as_section_kind(PROPORTION))
