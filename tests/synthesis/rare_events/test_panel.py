import pytest

from evidence.errors import BadInput, UnknownName
from evidence.synthesis.inputs import read_counts
from evidence.synthesis.rare_events.choice import choose_method, event_facts
from evidence.synthesis.rare_events.panel import rare_events
from evidence.synthesis.rare_events.peto import pool_peto

#: Trials of anti-infective catheters: rare events, six empty cells, one trial without events.
CATHETERS = {
    "ai": [0, 1, 2, 0, 5, 1, 1, 1, 1, 1, 0, 0, 3, 6, 0, 0, 1, 4],
    "n1i": [116, 44, 208, 130, 151, 98, 174, 74, 97, 113, 66, 70, 188, 187, 118, 252, 345, 64],
    "ci": [3, 3, 9, 7, 6, 4, 3, 2, 19, 2, 7, 1, 5, 11, 0, 1, 3, 1],
    "n2i": [117, 35, 195, 136, 157, 139, 177, 39, 103, 122, 64, 58, 175, 180, 105, 262, 362, 69],
}
VERY_RARE = {"ai": [1, 0, 2], "n1i": [900, 800, 950], "ci": [1, 1, 3], "n2i": [900, 810, 940]}
COMMON = {"ai": [30, 25, 41], "n1i": [100, 80, 95], "ci": [40, 31, 50], "n2i": [98, 81, 94]}
NO_EVENTS_1 = {"ai": [0, 0, 0], "n1i": [100, 120, 90], "ci": [1, 2, 0], "n2i": [100, 120, 90]}


def test_one_call_shows_every_method_once():
    panel = rare_events(**CATHETERS)
    methods = [row.method for row in panel.rows]
    assert len(set(methods)) == len(methods) == 19
    expected = {"Mantel-Haenszel", "Peto", "Beta-binomial", "Firth", "Exact conditional"}
    expected |= {f"Mixed model {model}" for model in ("UM.FS", "UM.RS", "CM.EL", "CM.AL")}
    assert expected <= set(methods)
    assert sum("Inverse variance" in method for method in methods) == 10
    assert all(row.estimate is not None for row in panel.rows)
    frame = panel.to_frame()
    assert frame.loc[frame["chosen"], "method"].tolist() == ["Mantel-Haenszel"]


def test_rows_are_the_results_of_the_methods():
    panel = rare_events(**CATHETERS)
    peto = pool_peto(**CATHETERS)
    row = next(row for row in panel.rows if row.method == "Peto")
    assert (row.estimate, row.ci_low, row.k) == (peto.estimate, peto.ci_low, peto.k)


def test_rare_events_are_pooled_without_correction_and_the_panel_says_why():
    panel = rare_events(**CATHETERS)
    assert panel.choice == panel.chosen.method == "Mantel-Haenszel"
    text = " ".join(panel.why)
    assert "6 with an empty cell and 1 without a contrast" in text
    assert "do not all hold" in text
    assert "does not cover" in text  # the mixed models find variation


def test_very_rare_balanced_events_go_to_peto():
    panel = rare_events(**VERY_RARE)
    assert panel.choice == "Peto"
    assert "conditions hold" in " ".join(panel.why)


def test_an_imbalance_or_a_large_effect_goes_to_mantel_haenszel():
    unbalanced = {**VERY_RARE, "n1i": [9000, 800, 950]}
    assert rare_events(**unbalanced).choice == "Mantel-Haenszel"
    large = {**VERY_RARE, "ci": [4, 6, 7]}
    assert rare_events(**large).choice == "Mantel-Haenszel"


def test_events_that_are_not_rare_go_to_inverse_variance_by_the_policy():
    panel = rare_events(**COMMON)
    assert panel.choice == "Inverse variance, random effects (none)"
    assert sum("Inverse variance" in row.method for row in panel.rows) == 2


def test_an_arm_without_events_goes_to_firth_and_the_others_say_why_not():
    panel = rare_events(**NO_EVENTS_1)
    assert panel.choice == "Firth"
    missing = [row for row in panel.rows if row.estimate is None]
    assert {"Mantel-Haenszel", "Mixed model UM.FS", "Exact conditional"} <= {
        row.method for row in missing
    }
    assert all(row.reason for row in missing)


def test_without_any_event_nothing_is_chosen():
    panel = rare_events(ai=[0, 0], n1i=[50, 60], ci=[0, 0], n2i=[50, 60])
    assert panel.choice is None
    assert panel.chosen is None
    assert "nothing to pool" in " ".join(panel.why)


@pytest.mark.parametrize("measure", ["RR", "RD"])
def test_other_measures_have_the_methods_that_know_them(measure):
    panel = rare_events(**CATHETERS, measure=measure)
    methods = {row.method.split(",")[0] for row in panel.rows}
    assert methods == {"Mantel-Haenszel", "Beta-binomial", "Inverse variance"}
    assert panel.choice == "Mantel-Haenszel"


def test_rates_have_no_peto_and_no_beta_binomial():
    rates = dict(zip(("x1i", "t1i", "x2i", "t2i"), CATHETERS.values(), strict=True))
    panel = rare_events(**rates, measure="IRR")
    methods = {row.method for row in panel.rows}
    assert "Mixed model CM.EL" in methods
    assert not {"Peto", "Beta-binomial", "Mixed model CM.AL"} & methods
    assert panel.choice == "Mantel-Haenszel"


def test_the_rule_takes_the_next_method_when_one_has_no_estimate():
    counts = read_counts("x", "OR", CATHETERS, None, measures=("OR",))
    facts = event_facts(counts)
    assert choose_method("OR", facts, {"Firth"}, "usual")[0] == "Firth"
    assert choose_method("OR", facts, set(), "usual")[0] is None


def test_nonsense_is_refused():
    with pytest.raises(UnknownName):
        rare_events(**CATHETERS, measure="SMD")
    with pytest.raises(UnknownName):
        rare_events(**CATHETERS, policy="none such")
    with pytest.raises(BadInput, match="exceeds"):
        rare_events(ai=[4], n1i=[3], ci=[1], n2i=[5])
