import pytest
import yaml

from evidence import build_report, pool_proportions, run_analysis
from evidence.analysis.sections.pooled.thresholds import threshold_side
from evidence.errors import BadInput
from evidence.report.record import Listing, plain, read_html

#: Deaths and patients of four cohorts.
COHORTS = {"alpha": (3, 60), "beta": (1, 45), "gamma": (6, 80), "delta": (2, 70)}
SELECT = {"outcome": "treatment-related-mortality", "therapy": "ahsct"}
PUBLISHED = "review/treatment-related-mortality/any/cells/proportion@paper-1"


@pytest.fixture
def trials(curated):
    """Four cohorts, and a summary of three of them by DerSimonian-Laird on the logit scale."""
    names = ("alpha", "beta", "gamma")
    events, sizes = zip(*(COHORTS[name] for name in names), strict=True)
    fit = pool_proportions(events, sizes, transform="PLO", method="DL", test="z")
    numbers = [round(100 * value, 2) for value in (fit.estimate, fit.ci_low, fit.ci_high)]
    cohorts = [
        curated.cohort(
            name,
            curated.result("treatment-related-mortality", "events", "cells", events),
            curated.result("participants", "n", "cells", size),
        )
        for name, (events, size) in COHORTS.items()
    ]
    summary = curated.result(
        "treatment-related-mortality", "proportion", "cells", numbers[0], ci=numbers[1:]
    )
    return curated.trials(*cohorts, curated.cohort("review", summary, design="meta-analysis"))


@pytest.fixture
def analysis(tmp_path):
    """Write a declared analysis of the mortality; what is given goes into its section."""

    def write(**section):
        content = {
            "slug": "toy",
            "title": "Mortality",
            "subtitle": "Made for a test",
            "question": {"population": "People"},
            "sections": [
                {
                    "kind": "proportion",
                    "id": "deaths",
                    "title": "Deaths",
                    "select": {**SELECT, "designs": ["cohort"]},
                    "routes": ["events-of-patients"],
                    "transform": "PAS",
                    **section,
                }
            ],
        }
        path = tmp_path / "toy.yaml"
        path.write_text(yaml.safe_dump(content), encoding="utf-8")
        return path

    return write


def published(**more):
    return [{"result": PUBLISHED, "reason": "The cohorts it names.", **more}]


def test_the_settings_of_a_published_summary_are_found_among_its_own_cohorts(trials, analysis):
    select = {**SELECT, "studies": ["alpha", "beta", "gamma"]}
    run = run_analysis(analysis(published=published(select=select)), trials=trials)
    (found,) = run.results["sections"]["deaths"]["published"]
    assert found["studies"] == 3
    assert found["reproducing"] >= 1
    assert (
        "proportion on the logit scale (PLO), DerSimonian-Laird (DL), Wald (normal)"
        in found["sentence"]
    )
    (table,) = [one for one in run.document.tables() if one.id == "deaths-published"]
    group, first, *_ = [[plain(cell.text) for cell in row.cells] for row in table.rows]
    assert group[0].startswith("REVIEW: ")
    assert first[:2] == ["PLO", "DL"]
    assert float(first[-1]) <= 0.5


def test_without_a_selection_the_cohorts_of_the_section_are_searched(trials, analysis):
    run = run_analysis(analysis(published=published()), trials=trials)
    (found,) = run.results["sections"]["deaths"]["published"]
    assert found["studies"] == 4
    assert "without DELTA" in found["sentence"]


def test_no_number_of_an_explanation_or_a_threshold_is_without_origin(trials, analysis, tmp_path):
    path = analysis(published=published(), thresholds=[{"value": 5, "decision": "a bound of 5%"}])
    build_report(run_analysis(path, trials=trials), tmp_path)
    page = read_html((tmp_path / "toy" / "report.html").read_text(encoding="utf-8"))
    assert page.orphans == ()
    assert {"5", "a bound of 5%"} <= {text for _, text in page.names}


def test_studies_that_the_dataset_has_not_are_refused(trials, analysis):
    select = {**SELECT, "studies": ["omega"]}
    with pytest.raises(BadInput, match="no study 'omega'"):
        run_analysis(analysis(published=published(select=select)), trials=trials)
    with pytest.raises(BadInput, match="nowhere"):
        run_analysis(analysis(published=[{"result": "nowhere", "reason": "None."}]), trials=trials)


def test_a_declared_threshold_is_shown_with_its_side_and_status(trials, analysis):
    bounds = [{"value": 50, "decision": "half of all"}, {"value": 4.5, "decision": "near it"}]
    run = run_analysis(analysis(thresholds=bounds), trials=trials)
    shown = [
        plain(item)
        for block in run.document.blocks
        if isinstance(block, Listing)
        for item in block.items
        if plain(item).startswith("Threshold")
    ]
    assert shown == [
        "Threshold 50% (half of all; proposed): estimate and interval below it.",
        "Threshold 4.5% (near it; proposed): estimate below it, interval includes it.",
    ]
    sides = [one["side"] for one in run.results["sections"]["deaths"]["thresholds"]]
    assert sides == ["estimate and interval below it", "estimate below it, interval includes it"]


@pytest.mark.parametrize(
    ("numbers", "threshold", "said"),
    [
        ((-0.5, -0.9, -0.1), 1.0, "estimate and interval below it"),
        ((0.5, 0.1, 0.9), 1.0, "estimate and interval above it"),
        ((0.5, -0.1, 0.9), 1.0, "estimate above it, interval includes it"),
        ((0.0, -0.1, 0.9), 1.0, "estimate at it, interval includes it"),
    ],
)
def test_a_ratio_is_compared_on_the_scale_that_a_reader_sees(numbers, threshold, said):
    assert threshold_side(*numbers, threshold=threshold, measure="RR") == said
