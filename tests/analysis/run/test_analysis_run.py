import json
import math
import re

import pytest
import yaml
from numpy.testing import assert_allclose

from evidence import effect_size, pool
from evidence.analysis.declared import all_slugs
from evidence.analysis.run.analysis_run import run_analysis
from evidence.errors import AnalysisFileError, BadInput, EmptySelection, UnknownName
from evidence.report.record import Figure, Heading, Listing, Paragraph, Table, plain

#: The JSON files keep ten significant digits.
TEN_DIGITS = 1e-9
SLUGS = all_slugs()
SELECT = {"outcome": "relapse", "therapy": "alemtuzumab", "comparator": "interferon-beta-1a"}


def texts(document) -> str:
    """Return all that a reader reads, without the figures."""
    lines = []
    for block in document.blocks:
        match block:
            case Heading() | Paragraph():
                lines.append(plain(block.text))
            case Listing():
                lines += [plain(item) for item in block.items]
            case Table():
                lines += [plain(cell.text) for row in block.rows for cell in row.cells]
                lines += [plain(note.text) for note in block.footnotes]
    return "\n".join(lines)


def cells(document, table_id) -> list[list[str]]:
    (table,) = [table for table in document.tables() if table.id == table_id]
    return [[plain(cell.text) for cell in row.cells] for row in table.rows]


# the project's analyses


@pytest.mark.parametrize("slug", SLUGS)
def test_a_declared_analysis_runs(runs, slug):
    run = runs[slug]
    assert run.slug == run.document.slug == slug
    assert run.results["analysis"] == run.ledger["analysis"] == slug
    assert list(run.document.tables())


@pytest.mark.parametrize("slug", SLUGS)
def test_ledger_and_results_are_json_without_nan(runs, slug):
    for content in (runs[slug].ledger, runs[slug].results):
        json.dumps(content, allow_nan=False)


@pytest.mark.parametrize("slug", SLUGS)
def test_a_report_says_from_which_dataset_it_was_made(runs, slug, trials):
    for content in (runs[slug].ledger, runs[slug].results):
        assert content["dataset"] == {"version": trials.version, "sha256": trials.sha256}


@pytest.mark.parametrize("slug", SLUGS)
def test_every_summary_of_the_results_is_that_of_its_studies(runs, slug):
    for section in runs[slug].results["sections"].values():
        if section["kind"] not in ("comparison", "proportion"):
            continue
        yi, vi = ([study[name] for study in section["studies"]] for name in ("yi", "vi"))
        fit = pool(yi, vi, policy=section["summary"]["policy"])
        assert section["summary"]["k"] == len(yi)
        stated = [section["summary"][name] for name in ("estimate", "ci_low", "ci_high", "tau2")]
        # yi and vi stand in the file at ten digits; the estimator of tau2 passes the loss on
        assert_allclose([fit.estimate, fit.ci_low, fit.ci_high, fit.tau2], stated, rtol=1e-6)


@pytest.mark.parametrize("slug", SLUGS)
def test_every_document_that_gave_a_number_is_among_the_sources(runs, slug, trials):
    said = texts(runs[slug].document)
    for result_id in runs[slug].ledger["reported"]:
        assert trials.sources[trials.row(result_id)["source"]]["citation"] in said


def test_every_cell_of_a_review_s_table_has_a_verdict(runs):
    for run in runs.values():
        for section in run.results["sections"].values():
            for cell in section.get("cells", []):
                assert cell["verdict"] in ("agrees", "differs", "words", None)
                assert (cell["verdict"] is None) is (cell["updates"] == [])


def test_an_unknown_analysis_is_refused_with_the_nearest_one():
    with pytest.raises(UnknownName, match="alemtuzumab-vs-interferon"):
        run_analysis("alemtuzumab-vs-interfern")


# small analyses


@pytest.fixture
def dataset(curated):
    """Three trials with ratios, three cohorts, and a review with what can update its table."""
    made = curated
    r = made.result
    published = {"alpha": (0.45, 0.32, 0.63), "beta": (0.51, 0.39, 0.65), "gamma": (0.8, 0.5, 1.28)}
    studies = [
        made.study(
            name,
            r("relapse", "rate_ratio", "drug", ratio, comparator_arm="control", ci=[low, high]),
            r("participants", "n", "drug", 100),
            r("participants", "n", "control", 50),
        )
        for name, (ratio, low, high) in published.items()
    ]
    cohorts = [
        made.cohort(name, r("relapse", "events", "cells", x), r("participants", "n", "cells", n))
        for name, x, n in (("delta", 0, 20), ("epsilon", 3, 24), ("zeta", 9, 145))
    ]
    cited = {"source": "review", "lines": [2, 3]}
    review = made.study(
        "guidance",
        r("relapse", "relative_reduction", "drug", 55, unit="%", printed=["55"], **cited),
        r("relapse", "proportion", "drug", operator=">", value=20, printed=["20"], **cited),
        r("pml", "finding", "drug", finding="none-reported", **cited),
        r("herpes-zoster", "proportion", "drug", range=[1, 3], printed=["1", "3"], **cited),
        r("relapse", "events", "drug", 30),
        r("participants", "n", "drug", 100),
        r("pml", "finding", "drug", finding="none-reported", source="page", n=2,
          preferred=False),
        r("herpes-zoster", "proportion", "control", 7.5),
    )  # fmt: skip
    return made.trials(*studies, *cohorts, review)


def comparison(**more):
    return {
        "kind": "comparison",
        "id": "relapses",
        "title": "Relapses",
        "measure": "IRR",
        "select": SELECT,
        "routes": ["published-ratio"],
        "favours": ["drug", "control"],
        **more,
    }


def proportion(**more):
    select = {"outcome": "relapse", "therapy": "ahsct"}
    return {
        "kind": "proportion",
        "id": "relapsed",
        "title": "Relapsed",
        "select": select,
        "transform": "PLO",
        **more,
    }


REDUCTION = "guidance/relapse/any/drug/relative_reduction@review-1"
ABOVE = "guidance/relapse/any/drug/proportion@review-1"
NONE = "guidance/pml/any/drug/finding@review-1"
RANGE = "guidance/herpes-zoster/any/drug/proportion@review-1"
UPDATES = {
    "arr": (REDUCTION, {"by": "relative-reduction",
            "inputs": ["alpha/relapse/any/drug-vs-control/rate_ratio@paper-1"]}),
    "share": (ABOVE, {"by": "percentage", "inputs": ["guidance/relapse/any/drug/events@paper-1",
                                                     "guidance/participants/any/drug/n@paper-1"]}),
    "pml": (NONE, {"by": "reported", "inputs": ["guidance/pml/any/drug/finding@page-2"]}),
    "zoster": (RANGE, {"by": "reported",
               "inputs": ["guidance/herpes-zoster/any/control/proportion@paper-1"]}),
    "none": (NONE, None),
}  # fmt: skip


def review_table(**more):
    return {
        "kind": "review-table",
        "id": "table",
        "title": "The table of the review",
        "source": "review",
        "table": "Table 1",
        "rows": [{"id": "drug", "label": "Drug"}],
        "columns": [{"id": name, "label": name} for name in UPDATES],
        "cells": [
            {
                "row": "drug",
                "column": name,
                "printed": [printed],
                "updates": [update] if update else [],
            }
            for name, (printed, update) in UPDATES.items()
        ],
        **more,
    }


@pytest.fixture
def run(tmp_path, dataset):
    """Run an analysis of the given sections on the small dataset."""

    def run_sections(*sections):
        content = {
            "slug": "small",
            "title": "A small analysis",
            "subtitle": "In words",
            "question": {"population": "Adults"},
            "sections": list(sections),
        }
        path = tmp_path / "small.yaml"
        path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
        return run_analysis(path, trials=dataset)

    return run_sections


def test_a_comparison_pools_the_published_ratios(run):
    result = run(comparison())
    section = result.results["sections"]["relapses"]
    effects = effect_size(
        "IRR", estimate=[0.45, 0.51, 0.8], ci_low=[0.32, 0.39, 0.5], ci_high=[0.63, 0.65, 1.28]
    )
    fit = pool(effects.yi, effects.vi, policy="cochrane-2025")
    stated = section["summary"]
    for name in ("estimate", "ci_low", "ci_high", "tau2", "q"):
        assert_allclose(stated[name], getattr(fit, name), rtol=TEN_DIGITS)
    assert stated["k"] == 3
    assert [one["study_id"] for one in section["studies"]] == ["alpha", "beta", "gamma"]
    shown = f"{math.exp(fit.estimate):.2f} (95% CI {math.exp(fit.ci_low):.2f} to"
    assert shown in texts(result.document)
    assert "450" in texts(result.document)  # the participants of three trials


def test_each_study_is_left_out_in_turn_unless_told_not_to(run):
    labels = [row[0] for row in cells(run(comparison()).document, "relapses-sensitivity")]
    assert labels == ["Main analysis", "Without ALPHA", "Without BETA", "Without GAMMA"]
    alone = run(comparison(leave_one_out=False))
    ids = [table.id for table in alone.document.tables()]
    assert ids == ["relapses-numbers", "relapses-certificate"]


def test_a_sensitivity_analysis_changes_what_it_names(run):
    variants = [
        {"label": "Common", "policy": "common"},
        {"label": "Two", "exclude": {"gamma": "uncertain"}},
        {"label": "Same"},
    ]
    result = run(comparison(sensitivity=variants, leave_one_out=False))
    main = result.results["sections"]["relapses"]["summary"]
    common, two, same = result.results["sections"]["relapses"]["sensitivity"]
    weights = [1 / study["vi"] for study in result.results["sections"]["relapses"]["studies"]]
    yi = [study["yi"] for study in result.results["sections"]["relapses"]["studies"]]
    mean = sum(w * y for w, y in zip(weights, yi, strict=True)) / sum(weights)
    assert_allclose(common["estimate"], mean, rtol=TEN_DIGITS)
    assert two["k"] == 2
    assert same["computation"] == main["computation"]


def test_a_study_left_out_is_named_with_the_declared_reason(run):
    select = {**SELECT, "exclude": {"gamma": "its patients are counted twice"}}
    result = run(comparison(select=select))
    left_out = result.results["sections"]["relapses"]["left_out"]
    assert left_out["gamma"] == "its patients are counted twice"
    assert "published-ratio" in left_out["guidance"]
    assert "GAMMA: its patients are counted twice" in texts(result.document)


def test_a_proportion_keeps_the_cohort_without_events(run):
    result = run(proportion())
    section = result.results["sections"]["relapsed"]
    effects = effect_size("PLO", xi=[0, 3, 9], ni=[20, 24, 145])
    assert [one["study_id"] for one in section["studies"]] == ["delta", "epsilon", "zeta"]
    assert_allclose([one["yi"] for one in section["studies"]], effects.yi, rtol=TEN_DIGITS)
    fit = pool(effects.yi, effects.vi, policy="cochrane-2025")
    assert_allclose(section["summary"]["estimate"], fit.estimate, rtol=TEN_DIGITS)
    share = 100 / (1 + math.exp(-fit.estimate))
    assert f"{share:.1f}% (95% CI" in texts(result.document)
    assert cells(result.document, "relapsed-numbers")[0][3] == "0, 20"


def test_a_review_s_table_is_compared_cell_by_cell(run):
    result = run(review_table())
    section = result.results["sections"]["table"]
    verdicts = {cell["column"]: cell["verdict"] for cell in section["cells"]}
    assert verdicts == {
        "arr": "agrees",
        "share": "agrees",
        "pml": "agrees",
        "zoster": "differs",
        "none": None,
    }
    values = {cell["column"]: [u["value"] for u in cell["updates"]] for cell in section["cells"]}
    assert values["arr"] == [pytest.approx(55)]
    assert values["share"] == [30]
    assert values["zoster"] == [7.5]


def test_a_review_s_table_shows_what_is_printed_beside_its_update(run):
    group, printed, update = cells(run(review_table()).document, "table")
    assert group == ["Drug"]
    assert printed[1:3] == ["55%", ">20%"]
    assert printed[4] == "1–3%"
    assert update[1].startswith("55% (95% CI 37 to 68)")
    assert update[2] == "30%"
    assert update[5] == "—"


def test_the_summary_of_a_review_s_table_counts_its_cells(run):
    said = texts(run(review_table()).document)
    assert re.search(r"\b5 cells\b", said)


def test_sections_of_all_kinds_stand_in_one_report_in_their_order(run):
    result = run(comparison(), proportion(), review_table())
    assert list(result.results["sections"]) == ["relapses", "relapsed", "table"]
    ids = [table.id for table in result.document.tables()]
    assert ids == [
        "relapses-numbers", "relapses-sensitivity", "relapses-certificate",
        "relapsed-numbers", "relapsed-certificate", "table", "table-cells",
    ]  # fmt: skip
    numbers = [plain(table.number) for table in result.document.tables()]
    assert numbers == ["1", "2", "3", "4", "5", "6", "7"]
    assert [plain(figure.number) for figure in result.document.figures()] == ["1", "2"]


@pytest.mark.parametrize(
    ("section", "error", "said"),
    [
        (comparison(select={**SELECT, "outcome": "relapses"}), BadInput, "Did you mean relapse"),
        (comparison(measure="HR"), EmptySelection, "alpha"),
        (comparison(select={**SELECT, "months": [90, 99]}), EmptySelection, "Widen"),
        (comparison(model={"method": "MAGIC"}), BadInput, "MAGIC"),
        (comparison(model={"policy": "magic"}), BadInput, "magic"),
        (
            review_table(columns=[{"id": "none", "label": "x"}],
                         cells=[{"row": "drug", "column": "none", "printed": ["guidance/x"]}]),
            UnknownName,
            "guidance/x",
        ),
        (
            review_table(columns=[{"id": "arr", "label": "x"}],
                         cells=[{"row": "drug", "column": "arr", "printed": [REDUCTION],
                                 "updates": [{"by": "percentage", "inputs": [REDUCTION]}]}]),
            AnalysisFileError,
            "percentage needs 2 inputs (events, n) and was given 1",
        ),
    ],
)  # fmt: skip
def test_a_question_that_the_dataset_does_not_answer_is_refused(run, section, error, said):
    with pytest.raises(error) as caught:
        run(section)
    assert said in str(caught.value)


def test_a_missing_cell_is_refused_before_anything_is_run(run):
    table = review_table()
    del table["cells"][1]
    with pytest.raises(AnalysisFileError, match=r"\('drug', 'share'\) is missing"):
        run(table)


# what is printed is what is there


@pytest.mark.parametrize("slug", ["pulsed-efficacy", "pulsed-tolerability"])
def test_a_table_spells_out_its_abbreviations_and_no_others(runs, slug):
    table = next(iter(runs[slug].document.tables()))
    *_, note = table.footnotes
    spelled = re.findall(r"([\w-]+): ", plain(note.text))
    used = " ".join(
        plain(text)
        for text in (
            *(column.header for column in table.columns),
            *(cell.text for row in table.rows for cell in row.cells),
        )
    )
    known = {"CI", "EDSS", "ITP", "NEDA-3", "NS", "PML"}
    assert set(spelled) == known & set(re.findall(r"[\w-]+", used))


def test_a_forest_plot_has_a_column_of_months_where_a_cohort_has_them(runs):
    blocks = runs["ahsct-outcomes"].document.blocks
    figures = {block.id: block.svg for block in blocks if isinstance(block, Figure)}
    studies = runs["ahsct-outcomes"].results["sections"]
    assert {"treatment-related-mortality", "neda"} <= figures.keys() & studies.keys()
    assert ">Months<" not in figures["treatment-related-mortality"]
    assert ">Months<" in figures["neda"]
