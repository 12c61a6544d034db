import dataclasses
import json
import math

import numpy as np
import pytest

from evidence.errors import EvidenceError, VerificationError
from evidence.report.record.origins import Origins, plain_value, read_path, run

EVENTS = "alpha/relapse/24m/drug/events@paper-1"
CITED = "alpha/relapse/any/drug/relative_reduction@review-1"
ANALYSIS = {
    "title": "Phase 3",
    "sections": [{"title": "A", "select": {"exclude": {"beta": "an extension"}}}, {"select": {}}],
}


@dataclasses.dataclass(frozen=True)
class Bounds:
    low: float
    parts: tuple[float, ...]


@pytest.fixture
def origins(curated):
    made = curated
    cited = {"source": "review", "lines": [2, 3], "unit": "%", "note": "see text"}
    trials = made.trials(
        made.study(
            "alpha",
            made.result("relapse", "events", "drug", 82, timepoint_months=24, locator="Table 2"),
            made.result("relapse", "relative_reduction", "drug", 54.9, ci=[40.1, 66], **cited),
        )
    )
    return Origins(trials=trials, analysis=ANALYSIS, software={"scipy": "1.2.3"})


ADDRESSES = {
    "vocabulary:outcomes/neda-3/label": "No evidence of disease activity (NEDA-3)",
    "vocabulary:outcomes/neda-3/short": "NEDA-3",
    "study:alpha/name": "ALPHA",
    "study:alpha/arms/drug/label": "Alemtuzumab 12 mg",
    "source:paper/key": "paper",
    "source:paper/citation": "The trial itself 2012",
    "source:paper/accessed": "2026-01-31",
    f"row:{EVENTS}#locator": "Table 2",
    f"row:{EVENTS}#source": "paper",
    "analysis:title": "Phase 3",
    "analysis:sections/0/title": "A",
    "computed:c1#parts.1": "7.5",
    "software:scipy": "1.2.3",
    "dataset:licence": "CC BY 4.0",
    "dataset:version": "9.8.7",
    "order:2": "2",
    "axis:0.5": "0.5",
}


@pytest.mark.parametrize("address", list(ADDRESSES))
def test_an_address_leads_to_the_text_that_stands_there(origins, address):
    results = {"c1": Bounds(0.5, (6.5, 7.5))}
    assert origins.text(address, results) == ADDRESSES[address]


def test_every_kind_of_address_is_drawn_in_the_module():
    from evidence.report.record import origins as module

    for address in ADDRESSES:
        assert f"{address.partition(':')[0]}:" in (module.__doc__ or "")


@pytest.mark.parametrize(
    "address",
    [
        "vocabulary:outcomes/nothing/label",
        "vocabulary:outcomes/neda-3/colour",
        "study:gamma/name",
        "study:alpha/arms/nobody/label",
        "source:nobody/citation",
        "source:paper/doi",
        "row:nobody#locator",
        f"row:{EVENTS}#colour",
        "analysis:nothing",
        "analysis:sections/9/title",
        "computed:c9#estimate",
        "computed:c1#nothing",
        "computed:c1#parts.9",
        "software:excel",
        "dataset:colour",
        "elsewhere:x",
        "no address",
    ],
)
def test_an_address_that_leads_nowhere_is_refused_with_itself(origins, address):
    with pytest.raises(VerificationError) as caught:
        origins.text(address, {"c1": Bounds(0.5, (6.5, 7.5))})
    assert address in str(caught.value)


@pytest.mark.parametrize(
    "address", ["source:paper", "vocabulary:outcomes/neda-3", "analysis:sections/x/title"]
)
def test_an_address_of_the_wrong_shape_is_refused_with_itself(origins, address):
    with pytest.raises(VerificationError, match=address):
        origins.text(address, {})


def test_exclusions_of_a_section_are_those_of_the_analysis_file(origins):
    assert origins.declared_exclusions("sections/0") == {"beta": "an extension"}
    assert origins.declared_exclusions("sections/1") == {}


def test_what_is_said_of_a_row_is_where_and_how_it_was_printed(origins):
    said = origins.reported(EVENTS)
    assert said["values"] == {"value": 82}
    assert (said["study"], said["locator"], said["printed"]) == ("ALPHA", "Table 2", ["82"])
    assert said["source"]["key"] == "paper"
    assert said["source"]["accessed"] == "2026-01-31"
    assert "lines" not in said
    cited = origins.reported(CITED)
    assert cited["values"] == {"value": 54.9, "ci_low": 40.1, "ci_high": 66.0, "ci_level": 95.0}
    assert (cited["file"], cited["lines"], cited["note"]) == ("review.txt", [2, 3], "see text")
    json.dumps(cited, allow_nan=False)


# computations


def test_a_function_of_the_package_is_called_by_its_name():
    called = run("evidence.outcomes.summary_statistics.percentage", {"events": 82.0}, {"n": 376.0})
    assert called == pytest.approx(21.8085, abs=1e-4)


@pytest.mark.parametrize(
    "name",
    [
        "os.system",
        "builtins.eval",
        "evidence_of.something.percentage",
        "evidence.nowhere.percentage",
        "evidence.outcomes.summary_statistics.nothing",
        "percentage",
        "",
    ],
)
def test_what_is_no_function_of_the_package_is_not_called(name):
    with pytest.raises(VerificationError, match="ledger names"):
        run(name, {}, {})


def test_a_computation_that_refuses_its_inputs_says_so():
    with pytest.raises(EvidenceError, match="percentage"):
        run("evidence.outcomes.summary_statistics.percentage", {"events": 5.0, "n": 0.0}, {})


@pytest.mark.parametrize(
    ("path", "value"), [("low", 0.5), ("parts.0", 6.5), ("parts.1", 7.5), ("parts", (6.5, 7.5))]
)
def test_a_path_leads_to_a_part_of_a_result(path, value):
    assert read_path(Bounds(0.5, (6.5, 7.5)), path) == value


def test_an_empty_path_is_the_result_itself():
    assert read_path(7.5, "") == 7.5


def test_results_become_plain_json_at_ten_digits():
    result = {
        "bounds": Bounds(1 / 3, (np.float64(2 / 3), 1e-20)),
        "array": np.array([[1, 2], [3, 4]]),
        "flag": np.bool_(True),
        "count": np.int64(7),
        3: None,
        "text": "τ²",
    }
    plain = plain_value(result)
    assert plain == {
        "bounds": {"low": 0.3333333333, "parts": [0.6666666667, 1e-20]},
        "array": [[1, 2], [3, 4]],
        "flag": True,
        "count": 7,
        "3": None,
        "text": "τ²",
    }
    assert json.loads(json.dumps(plain, allow_nan=False)) == plain


def test_numbers_that_differ_in_the_last_bit_are_written_alike():
    value = 0.1 + 0.2
    assert plain_value(value) == plain_value(math.nextafter(value, 1)) == 0.3


@pytest.mark.parametrize("value", [math.nan, math.inf, np.float64("nan"), np.array([0.5, -np.inf])])
def test_what_is_not_finite_cannot_stand_in_a_ledger(value):
    for result in (value, [value], {"a": value}, Bounds(0.5, (value, 1.0))):
        with pytest.raises(VerificationError, match="must be None, with the reason in words"):
            plain_value(result)


def test_a_value_without_a_plain_form_cannot_stand_in_a_ledger():
    with pytest.raises(VerificationError, match="complex"):
        plain_value([1j])
