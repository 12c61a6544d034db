"""One synthesis: its studies, the effect of each, their summary, and how many there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from evidence.analysis.sections.pooled.contrast_effects import Effect
from evidence.analysis.shared.context import Context
from evidence.outcomes.arms import Cohort
from evidence.outcomes.contrasts import Contrast
from evidence.outcomes.summary_statistics import total
from evidence.report.record.document import Text
from evidence.report.record.ledger import Computed
from evidence.report.record.origins import Json, plain_record, rounded
from evidence.synthesis.pairwise.pooled_effect import PooledEffect
from evidence.synthesis.pairwise.pooling import pool

Study = Contrast | Cohort
Study_co = TypeVar("Study_co", bound=Study, covariant=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Synthesis(Generic[Study_co]):
    """The studies of a section, the effect of each, and their summary.

    Attributes
    ----------
    id, path : str
        Slug of the section, and its place in the analysis file.
    measure : str
        Scale of the effects: IRR, HR, RR, OR, PLO or PAS.
    studies : sequence of Contrast or Cohort
        In the order of figure and tables.
    effects : mapping of str to Computed
        The effect of each study, by study_id.
    fit : Computed
        The summary.
    left_out : mapping of str to str
        Other studies, each with the reason.
    """

    id: str
    path: str
    measure: str
    studies: Sequence[Study_co]
    effects: Mapping[str, Computed[Effect]]
    fit: Computed[PooledEffect]
    left_out: Mapping[str, str]

    def results(self) -> dict[str, Json]:
        """Return summary and studies as ``results.json`` holds them."""
        studies: list[Json] = [
            {
                "study_id": one.study_id,
                "route": one.route,
                "inputs": dict(one.inputs),
                "yi": rounded(float(self.effects[one.study_id].result.yi[0])),
                "vi": rounded(float(self.effects[one.study_id].result.vi[0])),
            }
            for one in self.studies
        ]
        summary = {"computation": self.fit.id, **plain_record(self.fit.result)}
        return {"summary": summary, "studies": studies}


@dataclass(frozen=True, slots=True, kw_only=True)
class Alternative:
    """A sensitivity analysis: what it is called, its scale, and its summary."""

    label: Text
    measure: str
    fit: Computed[PooledEffect]


def pool_studies(
    context: Context,
    studies: Sequence[Study],
    effects: Mapping[str, Computed[Effect]],
    options: Mapping[str, str],
) -> Computed[PooledEffect]:
    """Pool the effects of studies; ``effects`` are found by study_id."""
    inputs = {
        name: [effects[one.study_id].quantity(f"{name}.0") for one in studies]
        for name in ("yi", "vi")
    }
    return context.ledger.compute(pool, inputs, labels=[one.study for one in studies], **options)


def size_text(
    context: Context, fit: Computed[PooledEffect], sizes: Sequence[str | None], words: Sequence[str]
) -> Text:
    """Return "3 trials with 1234 participants", or "3 trials" if not all sizes are known.

    Parameters
    ----------
    sizes : sequence of str or None
        Addresses of the numbers of patients.
    words : three str
        What one study is called, several studies, and their patients.
    """
    one, several, people = words
    count: Text = (context.ledger.show(fit.quantity("k"), "fixed:0"), " ")
    word = one if fit.result.k == 1 else several
    known = [address for address in sizes if address is not None]
    if len(known) < len(sizes):
        return (*count, word)
    patients = {"values": [context.at(address) for address in known]}
    number = context.ledger.compute(total, patients).quantity()
    return (*count, word, " with ", context.ledger.show(number, "fixed:0"), f" {people}")
