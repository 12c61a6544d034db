"""A third kind of pooled section, made here of its data alone, goes the way of the other two."""

from types import SimpleNamespace
from typing import ClassVar, Literal

import pytest
from numpy.testing import assert_allclose

import evidence.analysis.sections.pooled.measures as measures
from evidence import effect_size, pool
from evidence.analysis.run import software_versions
from evidence.analysis.sections.pooled.arms import arm_cells, arm_headers, events_of
from evidence.analysis.sections.pooled.declared import PooledEntry
from evidence.analysis.sections.pooled.kind import (
    NumbersLayout,
    PooledKind,
    SensitivityLayout,
    Words,
)
from evidence.analysis.sections.pooled.measures import ShownMeasure
from evidence.analysis.sections.pooled.records import Selected
from evidence.analysis.sections.pooled.section_kinds import as_section_kind
from evidence.analysis.shared import Context, Seen
from evidence.analysis.verify import Replay
from evidence.outcomes import find_contrasts
from evidence.report.record import Figure, Ledger, Origins, Table, plain

SECTION = {
    "kind": "risk-difference",
    "id": "relapse",
    "title": "Difference in patients with a relapse",
    "select": {
        "outcome": "relapse",
        "therapy": "dimethyl-fumarate",
        "comparator": "placebo",
        "arms": ["dimethyl-fumarate-bid"],
        "designs": ["rct"],
        "months": [24, 24],
        "studies": ["confirm", "define"],
    },
    "routes": ["percentages-of-patients"],
    "measure": "RD",
    "favours": ["Favours dimethyl fumarate", "Favours placebo"],
    "sensitivity": [{"label": "Common effect", "policy": "common"}],
    "thresholds": [{"value": -5, "decision": "whether one relapse in twenty is prevented"}],
}
#: From a closed form both times.
SAME = 1e-9


class RiskDifference(PooledEntry):
    known_routes: ClassVar = ("percentages-of-patients",)
    scale_field: ClassVar = "measure"

    kind: Literal["risk-difference"]
    measure: Literal["RD"]
    favours: list[str]


def select(trials, section, select):
    found = find_contrasts(trials, select.question(), measure="RR", routes=section.routes)
    return Selected(studies=found.contrasts, left_out=found.left_out)


def counts(context, contrast):
    sizes = {name: context.at(contrast.inputs[name]) for name in ("n1i", "n2i")}
    ai = events_of(context, contrast.inputs["percent1"], sizes["n1i"])
    ci = events_of(context, contrast.inputs["percent2"], sizes["n2i"])
    return {"ai": ai, "ci": ci, **sizes}


def effect(context, contrast, measure):
    given = {name: [quantity] for name, quantity in counts(context, contrast).items()}
    return context.ledger.compute(effect_size, given, measure=measure)


RISK_DIFFERENCE = PooledKind(
    name="risk-difference",
    schema=RiskDifference,
    select=select,
    effect=effect,
    counts=counts,
    addresses=lambda contrast: contrast.inputs.values(),
    sizes=lambda contrast: [contrast.inputs["n1i"], contrast.inputs["n2i"]],
    headers=arm_headers,
    cells=arm_cells,
    null=0.0,
    words=Words(
        study="trial",
        studies="trials",
        people="patients",
        headline="{title}: {estimate}, from {studies}.",
        summary="The {measure} is {estimate}, {p}, from {studies}. {prediction} {heterogeneity}.",
        methods="{title}: {measure}s were computed from {routes} and pooled ({method}).",
        routes={"percentages-of-patients": "percentage of each arm, as whole patients"},
    ),
    numbers=NumbersLayout(columns=dict.fromkeys(
        ("Study", "Computed from", "Numbers used", "Where printed", "Effect", "Weight"), 1.0
    )),
    sensitivity=SensitivityLayout(
        about="model", studies_width=0.8, align="right", kept=("label", "k", "estimate")
    ),
)  # fmt: skip


@pytest.fixture
def made(trials, monkeypatch):
    """Return the section with its ledger, as a report would have them."""
    shown = ShownMeasure(
        name="risk difference",
        header="Risk difference",
        before_level=("Risk difference (",),
        axis="Difference in per cent of patients",
        analysis_scale="identity",
        drawn_on="identity",
        format="percent:1",
        unit="%",
    )
    monkeypatch.setitem(measures.MEASURES, "RD", shown)
    declared = {"sections": [SECTION]}
    context = Context(trials=trials, ledger=Ledger(trials, declared, software_versions()))
    kind, entry = as_section_kind(RISK_DIFFERENCE), RiskDifference(**SECTION)
    return SimpleNamespace(
        context=context,
        kind=kind,
        entry=entry,
        section=kind.section(context, entry, "sections/0"),
        origins=Origins(trials=trials, analysis=declared, software=software_versions()),
    )


def blocks(made, kind):
    return [block for block in made.section.blocks if isinstance(block, kind)]


def test_it_is_selected_measured_pooled_and_shown(made):
    results = made.section.results
    yi, vi = ([one[name] for one in results["studies"]] for name in ("yi", "vi"))
    assert_allclose(results["summary"]["estimate"], pool(yi, vi).estimate, rtol=SAME)
    assert -1 < results["summary"]["estimate"] < 0
    assert [table.id for table in blocks(made, Table)] == [
        *("relapse-numbers", "relapse-sensitivity", "relapse-certificate"),
    ]
    assert len(blocks(made, Figure)) == 1
    assert "Difference in patients with a relapse: " in plain(made.section.headline)
    assert [set(one) for one in results["sensitivity"]] == [{"label", "k", "estimate"}]


def test_every_number_of_it_is_repeated_from_the_dataset(made):
    stored = made.context.ledger.to_dict("new")
    assert stored["computations"]
    assert list(Replay(stored, made.origins).problems()) == []


def test_a_threshold_is_read_in_per_cent(made):
    estimate = made.section.results["summary"]["estimate"]
    (threshold,) = made.section.results["thresholds"]
    assert ("below" in threshold["side"]) == (100 * estimate < threshold["value"])


def test_its_rows_are_in_use_and_nothing_moves_on_one_dataset(made, trials):
    rows = set(made.kind.rows_in_use(made.entry, trials))
    assert rows
    assert rows <= set(made.context.ledger.to_dict("new")["reported"])
    seen = Seen(results=made.section.results, tables=(), trials=trials)
    assert list(made.kind.moves(made.entry, seen, seen, (-2.0,))) == []
    other = {**seen.results, "summary": {**seen.results["summary"], "estimate": 0.01}}
    after = Seen(results=other, tables=(), trials=trials)
    moved = {move.kind: move for move in made.kind.moves(made.entry, seen, after, ())}
    assert moved["estimate"].new == "1.0%"
