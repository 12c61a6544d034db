import pytest

from evidence.analysis.shared.context import Context, Numbering
from evidence.outcomes import study_table
from evidence.report.record import GivenNumbers, Ledger, plain

EVENTS = "alpha/relapse/24m/drug/events@paper-1"


@pytest.fixture
def ledger(curated):
    row = curated.result("relapse", "events", "drug", 82, timepoint_months=24, p=0.040)
    trials = curated.trials(curated.study("alpha", row))
    file = GivenNumbers(table=study_table("own.csv", b"study,yi\nA 1,-0.50\n"))
    return Ledger(trials, {"title": "A title"}, {}, files=[file])


@pytest.mark.parametrize(
    ("address", "value", "text"),
    [
        (EVENTS, 82.0, "82"),
        (f"{EVENTS}#p_value", 0.04, "0.04"),
        ("given:own.csv:2:2", -0.5, "\N{MINUS SIGN}0.50"),
    ],
)
def test_a_number_is_taken_from_the_source_that_its_address_names(ledger, address, value, text):
    numbering = Numbering(ledger=ledger)
    assert numbering.at(address).value == value
    assert numbering.printed(address).text == text


def test_tables_and_figures_are_numbered_each_for_themselves(ledger):
    numbering = Numbering(ledger=ledger)
    numbers = [plain(numbering.number(kind)) for kind in ("table", "figure", "table")]
    assert numbers == ["1", "1", "2"]


def test_sections_of_the_dataset_know_its_studies_and_arms_too(ledger):
    context = Context(ledger=ledger, trials=ledger.trials)
    assert context.study("alpha") == "ALPHA"
    assert context.arm("alpha", "drug").text == "Alemtuzumab 12 mg"
    assert context.declared_text("title") == "A title"
