import json
import math

import pytest

from evidence import effect_size, pool
from evidence.addresses import address_of
from evidence.effects import wald_interval
from evidence.errors import BadInput, UnknownName, VerificationError
from evidence.outcomes import percentage, relative_reduction, total
from evidence.report.record.document import Named, Shown, plain
from evidence.report.record.ledger import Ledger, Quantity
from evidence.report.record.numbers import format_number
from evidence.report.record.origins import Origins, plain_value, read_path, run
from evidence.synthesis.pairwise import describe_method

EVENTS = "alpha/relapse/24m/drug/events@paper-1"
SIZE = "alpha/participants/any/drug/n@paper-1"
RATIO = "alpha/relapse/24m/drug-vs-control/rate_ratio@paper-1"
CITED = "beta/relapse/any/drug/relative_reduction@review-1"
ANALYSIS = {"title": "A phase 3 question", "subtitle": "In words"}


@pytest.fixture
def ledger(curated):
    made = curated
    r = made.result
    alpha = made.study(
        "alpha",
        r("relapse", "events", "drug", 82, timepoint_months=24),
        r("participants", "n", "drug", 376),
        r("relapse", "rate_ratio", "drug", 0.45, comparator_arm="control", timepoint_months=24,
          ci=[0.32, 0.63], p=0.00001, printed=["0·450", "0.32", "0.63", "0.00001"]),
    )  # fmt: skip
    cited = {"source": "review", "lines": [2, 3], "unit": "%", "printed": ["54·9"]}
    beta = made.study("beta", r("relapse", "relative_reduction", "drug", 54.9, **cited))
    return Ledger(made.trials(alpha, beta), ANALYSIS, {"pymare": "0.0.1"})


def pooled(ledger, k=2):
    """Pool k effects that were computed from one published ratio."""
    names = (("estimate", "value"), ("ci_low", "ci_low"), ("ci_high", "ci_high"))
    inputs = {name: [ledger.reported(RATIO, column)] for name, column in names}
    effect = ledger.compute(effect_size, inputs, measure="IRR", level=0.95)
    given = {name: [effect.quantity(f"{name}.0")] * k for name in ("yi", "vi")}
    return ledger.compute(pool, given, labels=["A", "B"][:k], policy="cochrane-2025")


# numbers


def test_a_reported_number_leads_to_its_row_and_column(ledger):
    assert ledger.reported(EVENTS) == Quantity(f"{EVENTS}#value", 82.0)
    assert ledger.reported(RATIO, "ci_high") == Quantity(f"{RATIO}#ci_high", 0.63)


def test_a_number_that_is_not_reported_is_refused(ledger):
    with pytest.raises(VerificationError, match="no ci_low"):
        ledger.reported(EVENTS, "ci_low")
    with pytest.raises(UnknownName, match="Did you mean"):
        ledger.reported("alpha/relapse/24m/drug/event@paper-1")


def test_a_computed_number_leads_to_its_computation_and_path(ledger):
    inputs = {"events": ledger.reported(EVENTS), "n": ledger.reported(SIZE)}
    share = ledger.compute(percentage, inputs)
    assert share.quantity("") == Quantity(f"{share.id}#", 100 * 82 / 376)


def test_a_number_that_is_not_estimable_needs_words(ledger):
    single = pooled(ledger, k=1)
    assert single.result.tau2 is None
    with pytest.raises(VerificationError, match=r"no tau2.*needs words"):
        single.quantity("tau2")


def test_only_functions_with_a_public_path_are_recorded(ledger):
    for function in (math.fsum, address_of):
        with pytest.raises(VerificationError, match="no public path"):
            ledger.compute(function)


def test_the_same_call_is_made_once(ledger):
    inputs = {"events": ledger.reported(EVENTS), "n": ledger.reported(SIZE)}
    first = ledger.compute(percentage, inputs)
    assert ledger.compute(percentage, dict(reversed(inputs.items()))) is first
    assert len(ledger.to_dict("x")["computations"]) == 1


def test_another_option_or_input_is_another_call(ledger):
    value = {"yi": ledger.reported(RATIO), "vi": ledger.reported(RATIO, "ci_low")}
    other = {"yi": ledger.reported(RATIO), "vi": ledger.reported(RATIO, "ci_high")}
    calls = [
        ledger.compute(wald_interval, value, level=0.95),
        ledger.compute(wald_interval, value, level=0.9),
        ledger.compute(wald_interval, other, level=0.95),
    ]
    assert [call.id for call in calls] == ["c1", "c2", "c3"]


def test_a_computation_that_refuses_its_inputs_leaves_no_entry(ledger):
    inputs = {"events": ledger.reported(SIZE), "n": ledger.reported(EVENTS)}
    with pytest.raises(BadInput):
        ledger.compute(percentage, inputs)
    assert ledger.to_dict("x")["computations"] == {}


def test_one_value_in_one_format_has_one_id_and_another_format_another(ledger):
    quantity = ledger.reported(RATIO)
    shown = ledger.show(quantity, "fixed:2")
    assert shown == Shown("n1", "0.45")
    assert ledger.show(quantity, "fixed:2") is shown
    assert ledger.show(quantity, "fixed:1") == Shown("n2", "0.5")
    assert ledger.show(ledger.reported(RATIO, "ci_low"), "fixed:2").id == "n3"


@pytest.mark.parametrize(
    ("result_id", "column", "text"),
    [(RATIO, "value", "0.450"), (RATIO, "ci_low", "0.32"), (RATIO, "p_value", "0.00001"),
     (EVENTS, "value", "82"), (CITED, "value", "54.9")],
)  # fmt: skip
def test_a_number_is_shown_with_the_decimals_of_its_source(ledger, result_id, column, text):
    assert ledger.as_printed(result_id, column).text == text


def test_a_count_keeps_what_was_counted(ledger):
    shown = ledger.count("cells that agree", [True, False, True])
    assert shown.text == "2"
    (record,) = ledger.to_dict("x")["computations"].values()
    assert record["options"] == {"chosen": [True, False, True], "what": "cells that agree"}
    assert record["result"] == 2


# names and prose


def test_a_name_with_a_digit_has_an_id_and_one_without_is_plain_text(ledger):
    assert ledger.name("vocabulary:outcomes/neda-3/short") == Named("t1", "NEDA-3")
    assert ledger.name("analysis:subtitle") == "In words"
    assert ledger.name("vocabulary:outcomes/neda-3/short").id == "t1"
    assert ledger.name("analysis:title").id == "t2"


def test_a_name_that_stands_nowhere_is_refused(ledger):
    with pytest.raises(VerificationError, match="analysis:nothing"):
        ledger.name("analysis:nothing")


def test_words_of_a_computation_lead_to_it(ledger):
    words = ledger.words(describe_method, method="REML")
    text = words if isinstance(words, str) else words.text
    assert text == describe_method(method="REML")


def test_prose_puts_numbers_and_texts_in_their_places(ledger):
    ratio = ledger.as_printed(RATIO)
    text = ledger.prose("{a} of {b}{c}.", a=ratio, b=("all ", ratio), c="")
    assert plain(text) == "0.450 of all 0.450."
    assert text.count(ratio) == 2


@pytest.mark.parametrize("template", ["In phase 3 {a}", "{a} of 100", "{a} {b}"])
def test_prose_refuses_a_digit_without_an_origin(ledger, template):
    with pytest.raises(VerificationError, match="no origin"):
        ledger.prose(template, a=ledger.as_printed(EVENTS), b="at 24 months")


# the file


@pytest.fixture
def filled(ledger):
    """A ledger with every kind of entry."""
    fit = pooled(ledger)
    reduction = ledger.compute(relative_reduction, {"ratio": ledger.reported(RATIO)})
    sizes = ledger.compute(total, {"values": [ledger.reported(SIZE), ledger.reported(EVENTS)]})
    ledger.show(fit.quantity("estimate"), "ratio:2")
    ledger.show(fit.quantity("weights.1"), "percent:1")
    ledger.show(reduction.quantity(""), "fixed:0")
    ledger.show(sizes.quantity(""), "fixed:0")
    ledger.as_printed(CITED)
    ledger.name(f"computed:{fit.id}#policy")
    ledger.name("software:pymare")
    ledger.words(describe_method, method="DL")
    ledger.count("all", [True])
    return ledger


def test_the_file_is_json_without_nan_and_the_same_each_time(filled):
    content = filled.to_dict("alpha")
    text = json.dumps(content, allow_nan=False)
    assert json.loads(text) == json.loads(json.dumps(filled.to_dict("alpha"), allow_nan=False))
    assert content["analysis"] == "alpha"
    assert content["dataset"] == {"version": "9.8.7", "sha256": filled.trials.sha256}
    assert content["software"] == {"pymare": "0.0.1"}


def test_every_row_behind_a_number_is_in_the_file_and_its_document_is_cited(filled):
    content = filled.to_dict("alpha")
    assert set(content["reported"]) == {EVENTS, SIZE, RATIO, CITED}
    assert filled.cited_sources() == ["paper", "review"]


def test_every_computation_repeated_from_the_file_gives_the_same_numbers(filled):
    content = json.loads(json.dumps(filled.to_dict("alpha")))
    results = {}

    def value(quantity: str) -> float:
        origin, _, path = quantity.rpartition("#")
        if origin in results:
            return float(read_path(results[origin], path))
        return float(filled.trials.row(origin)[path])

    for name, record in content["computations"].items():
        inputs = {
            argument: [value(one) for one in given] if isinstance(given, list) else value(given)
            for argument, given in record["inputs"].items()
        }
        results[name] = run(record["function"], inputs, record["options"])
        assert json.loads(json.dumps(plain_value(results[name]))) == record["result"], name
    for entry in content["numbers"].values():
        assert format_number(value(entry["of"]), entry["format"]) == entry["text"]
    origins = Origins(trials=filled.trials, analysis=ANALYSIS, software=content["software"])
    for entry in content["names"].values():
        assert origins.text(entry["of"], results) == entry["text"]


def test_a_shown_number_is_rounded_once_from_the_unrounded_value(filled):
    content = filled.to_dict("alpha")
    (estimate,) = [
        entry for entry in content["numbers"].values() if entry["of"].endswith("#estimate")
    ]
    assert estimate["text"] == format_number(math.log(0.45), "ratio:2")
