"""What can be given, what comes out, and what is refused."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from evidence.effects.effect_sizes import EffectSizes, effect_size
from evidence.effects.measures import MEASURES
from evidence.errors import BadInput, UnknownName

#: Closed form in both places, so only the order of the sums differs.
CLOSED_FORM = 1e-12

TABLE = {"ai": [4, 6, 3], "n1i": [123, 306, 231], "ci": [11, 29, 11], "n2i": [139, 303, 220]}


def test_a_risk_ratio_is_the_one_computed_by_hand():
    effects = effect_size("RR", ai=4, n1i=123, ci=11, n2i=139)
    assert_allclose(effects.yi, np.log((4 / 123) / (11 / 139)), rtol=CLOSED_FORM)
    assert_allclose(effects.vi, 1 / 4 - 1 / 123 + 1 / 11 - 1 / 139, rtol=CLOSED_FORM)
    assert effects.k == 1


def test_non_events_and_sizes_are_two_ways_to_say_the_same():
    by_size = effect_size("OR", **TABLE)
    by_cell = effect_size(
        "OR", ai=TABLE["ai"], bi=[119, 300, 228], ci=TABLE["ci"], di=[128, 274, 209]
    )
    assert_array_equal(by_size.yi, by_cell.yi)
    one_arm = effect_size("PLO", xi=[3, 4], mi=[7, 16])
    assert_array_equal(one_arm.yi, effect_size("PLO", xi=[3, 4], ni=[10, 20]).yi)


def test_cells_that_contradict_the_sizes_are_refused():
    with pytest.raises(BadInput, match=r"row 2 \(Study 2\): ai \+ bi is not n1i = 20"):
        effect_size("RR", ai=[1, 2], bi=[9, 9], n1i=[10, 20], ci=[1, 2], n2i=[10, 20])


@pytest.mark.parametrize("name", sorted(set(MEASURES) - {"HR", "GEN"}))
def test_every_measure_is_computed_from_the_arguments_it_names(name):
    values = {"ri": [0.3, 0.5], "n1i": [30, 40], "n2i": [35, 45], "ni": [30, 40], "mi": [9.0, 8.0]}
    needs = [group[0] for group in MEASURES[name].needs]
    effects = effect_size(name, **{arg: values.get(arg, [5, 7]) for arg in needs})
    assert np.isfinite(effects.yi).all()
    assert (effects.vi > 0).all()
    assert effects.transform == MEASURES[name].transform
    assert effects.excluded == ("", "")


def test_stacked_data_sets_give_the_effects_of_each():
    rng = np.random.default_rng(1)
    n1, n2 = rng.integers(20, 90, (5, 4)), rng.integers(20, 90, (5, 4))
    a, c = rng.binomial(n1, 0.1), rng.binomial(n2, 0.1)
    a[2, 1] = c[3, 1] = 0
    for to in ("only0", "all", "if0all"):
        stacked = effect_size("RR", ai=a, n1i=n1, ci=c, n2i=n2, to=to)
        for j in range(4):
            single = effect_size("RR", ai=a[:, j], n1i=n1[:, j], ci=c[:, j], n2i=n2[:, j], to=to)
            assert_array_equal(stacked.yi[:, j], single.yi)
            assert_array_equal(stacked.corrected[:, j], single.corrected)
    means = rng.normal(5, 1, (5, 4))
    size = np.full((5, 4), 20)
    smd = {"m1i": means, "sd1i": means, "n1i": size, "m2i": means[::-1], "sd2i": means}
    stacked = effect_size("SMD", **smd, n2i=size, vtype="AV")
    column = {name: values[:, 2] for name, values in smd.items()}
    assert_allclose(
        stacked.vi[:, 2],
        effect_size("SMD", **column, n2i=size[:, 2], vtype="AV").vi,
        rtol=CLOSED_FORM,
    )


def test_a_study_without_an_effect_size_says_why():
    effects = effect_size(
        "RR", ai=[0, 0, 3], n1i=[9, 9, 9], ci=[0, 2, 2], n2i=[9, 9, 9], to="none", drop00=True
    )
    assert_array_equal(np.isnan(effects.yi), [True, True, False])
    assert_array_equal(np.isnan(effects.vi), [True, True, False])
    assert "drop00" in effects.excluded[0]
    assert "adds nothing" in effects.excluded[1]
    assert effects.zero_cell_rule == "none, drop00"
    kept = effects.keep_estimable()
    assert kept.labels == ("Study 3",)
    assert kept.excluded == ("",)
    assert_array_equal(kept.yi, effects.yi[2:])


@pytest.mark.parametrize(
    ("measure", "columns"),
    [
        ("SMD", {"m1i": 1, "sd1i": 0, "n1i": 9, "m2i": 0, "sd2i": 0, "n2i": 9}),
        ("ROM", {"m1i": -1, "sd1i": 1, "n1i": 9, "m2i": 2, "sd2i": 1, "n2i": 9}),
        ("SDLN", {"sdi": 2, "ni": 1}),
        ("ZCOR", {"ri": 0.4, "ni": 3}),
        ("UCOR", {"ri": 0.4, "ni": 4}),
        ("ZCOR", {"ri": 1, "ni": 30}),
    ],
)
def test_numbers_outside_a_formula_give_no_effect_size_and_a_reason(measure, columns):
    effects = effect_size(measure, **columns)
    assert np.isnan(effects.yi[0])
    assert np.isnan(effects.vi[0])
    assert effects.excluded[0]


def test_the_record_cannot_be_changed_and_does_not_change_what_was_given():
    given = np.array([0.1, 0.2])
    effects = effect_size("GEN", yi=given, vi=[0.1, 0.1])
    given[0] = 9
    assert effects.yi[0] == 0.1
    with pytest.raises(ValueError, match="read-only"):
        effects.yi[0] = 1
    with pytest.raises(AttributeError):
        effects.measure = "RR"


def test_the_table_has_one_row_a_study():
    frame = effect_size("RR", **TABLE, labels=["A", "B", "C"]).to_frame()
    assert list(frame.columns) == [
        "study", "measure", "yi", "vi", "sei", "corrected", "excluded",
    ]  # fmt: skip
    assert list(frame["study"]) == ["A", "B", "C"]
    assert_allclose(frame["sei"] ** 2, frame["vi"], rtol=CLOSED_FORM)


def test_the_table_of_stacked_data_sets_is_refused():
    effects = effect_size("GEN", yi=np.zeros((2, 3)), vi=np.ones((2, 3)))
    with pytest.raises(BadInput, match="one column"):
        effects.to_frame()


def test_a_printed_hazard_ratio_becomes_its_logarithm():
    effects = effect_size("HR", estimate=[0.72], ci_low=[0.55], ci_high=[0.94])
    assert_allclose(effects.yi, np.log(0.72), rtol=CLOSED_FORM)
    assert_allclose(
        effects.sei, (np.log(0.94) - np.log(0.55)) / (2 * 1.959963984540054), rtol=CLOSED_FORM
    )
    assert effects.basis == "printed estimates with 95% intervals"
    assert effects.transform == "log"


def test_a_printed_difference_stays_on_its_scale():
    effects = effect_size("MD", estimate=-1.5, ci_low=-3.0, ci_high=0.0, level=0.9)
    assert_allclose(effects.yi, -1.5)
    assert_allclose(effects.sei, 1.5 / 1.6448536269514722, rtol=CLOSED_FORM)


def test_a_p_value_takes_the_place_of_an_interval():
    effects = effect_size("RR", estimate=0.5, p_value=0.05)
    assert_allclose(effects.sei, np.log(2) / 1.959963984540054, rtol=CLOSED_FORM)
    effects = effect_size("RD", estimate=-0.1, p_value=0.05)
    assert_allclose(effects.sei, 0.1 / 1.959963984540054, rtol=CLOSED_FORM)


def test_effects_on_the_scale_of_analysis_pass_through():
    by_se = effect_size("OR", yi=[0.1, -0.2], sei=[0.3, 0.4])
    by_variance = effect_size("OR", yi=[0.1, -0.2], vi=[0.3**2, 0.4**2])
    assert_array_equal(by_se.vi, by_variance.vi)
    assert by_se.basis == "effects and variances as given"


@pytest.mark.parametrize(
    ("measure", "default"), [("RR", 0.5), ("AS", 0.0), ("PAS", 0.0), ("IRS", 0.0), ("IR", 0.5)]
)
def test_what_is_added_by_default_depends_on_the_measure(measure, default):
    columns = {
        "RR": {"ai": 0, "n1i": 9, "ci": 2, "n2i": 9},
        "AS": {"ai": 0, "n1i": 9, "ci": 2, "n2i": 9},
        "PAS": {"xi": 0, "ni": 9},
        "IRS": {"xi": 0, "ti": 9},
        "IR": {"xi": 0, "ti": 9},
    }[measure]
    assert_array_equal(
        effect_size(measure, **columns).yi, effect_size(measure, **columns, add=default).yi
    )


def test_every_fault_of_the_rows_is_told_at_once():
    with pytest.raises(BadInput) as refusal:
        effect_size(
            "RR",
            ai=[15, 3, -1],
            n1i=[12, 10, 5],
            ci=[1, np.nan, 2],
            n2i=[10, 0, 4],
            labels=["CARE", "MIST", "BEAT"],
        )
    assert refusal.value.problems == (
        "row 2 (MIST): ci is missing (NaN)",
        "row 1 (CARE): ai = 15 exceeds n1i = 12",
        "row 3 (BEAT): ai must not be negative, and is -1",
        "row 2 (MIST): n2i must be above 0, and is 0",
    )


@pytest.mark.parametrize(
    ("measure", "columns", "fault"),
    [
        ("RR", {}, "asked from nothing"),
        ("RR", {"ai": 1, "n1i": 9, "n2i": 9}, "ci is missing"),
        ("RR", {"ai": 1, "ci": 1, "n2i": 9}, "bi or n1i is missing"),
        ("RR", {**TABLE, "m1i": [1, 1, 1]}, "m1i has no use here"),
        ("RR", {**TABLE, "ai": [1, 2]}, "the lengths differ"),
        ("RR", {**TABLE, "ai": ["x", 1, 2]}, "ai holds something that is not a number"),
        ("RR", {name: [] for name in TABLE}, "no study was given"),
        ("RR", {name: np.ones((2, 2, 2)) for name in TABLE}, "arrays have 3 axes"),
        ("RR", {**TABLE, "labels": ["A"]}, "1 labels were given for 3 studies"),
        ("RR", {"ai": 0, "bi": 0, "ci": 1, "n2i": 9}, "nobody"),
        ("IRR", {"x1i": 1, "t1i": 0, "x2i": 1, "t2i": 9}, "t1i must be above 0"),
        ("IRR", {"x1i": -1, "t1i": 1, "x2i": 1, "t2i": 9}, "x1i must not be negative"),
        ("IRR", {"x1i": 1, "t1i": np.inf, "x2i": 1, "t2i": 9}, "t1i is infinite"),
        ("MN", {"mi": 1, "sdi": -1, "ni": 9}, "sdi must not be negative"),
        ("PR", {"xi": 10, "ni": 9}, "xi = 10 exceeds ni = 9"),
        ("PR", {"xi": 1, "mi": -1}, "mi must not be negative"),
        ("COR", {"ri": 1.2, "ni": 9}, "ri must lie between"),
        ("HR", {"estimate": 1}, "ci_low or p_value is missing"),
        ("HR", {"estimate": 1, "ci_low": 0.5}, "an interval has two limits"),
        (
            "HR",
            {"estimate": 1, "ci_low": 0.5, "ci_high": 2, "p_value": 1},
            "not both",
        ),
        ("SMD", {"estimate": 1, "ci_low": 0.5, "ci_high": 2}, "estimate has no use here"),
        ("GEN", {"yi": 1, "vi": 0}, "vi must be above 0"),
        ("GEN", {"yi": 1, "vi": 1, "sei": 1}, "not both"),
        ("GEN", {"yi": np.nan, "vi": 1}, "yi is missing"),
        ("RR", {**TABLE, "correct": False}, "no correction to leave out"),
    ],
)
def test_what_cannot_be_right_is_refused_with_the_reason(measure, columns, fault):
    with pytest.raises(BadInput, match=fault):
        effect_size(measure, **columns)


def test_an_unknown_measure_is_refused_with_suggestions():
    with pytest.raises(UnknownName, match="Did you mean RR or IRR"):
        effect_size("RRR", **TABLE)
    with pytest.raises(UnknownName, match="capitals: 'RR'"):
        effect_size("rr", **TABLE)


def test_unknown_options_are_refused():
    with pytest.raises(UnknownName, match="Did you mean only0"):
        effect_size("RR", **TABLE, to="only")
    with pytest.raises(UnknownName, match="variance of RR"):
        effect_size("RR", **TABLE, vtype="UB")
    with pytest.raises(BadInput, match="add=-1"):
        effect_size("RR", **TABLE, add=-1)
    means = {"m1i": 1, "sd1i": 1, "n1i": 9, "m2i": 0, "sd2i": 1, "n2i": 9}
    with pytest.raises(BadInput, match="variance of the corrected effect"):
        effect_size("SMD", **means, vtype="UB", correct=False)


def test_a_record_shows_its_fields():
    assert repr(effect_size("RR", **TABLE)).startswith("EffectSizes(yi=array([")
    assert isinstance(effect_size("RR", **TABLE), EffectSizes)
