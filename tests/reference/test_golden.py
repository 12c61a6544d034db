"""The golden runner: every case that is offered passes, and the runner itself can be trusted."""

import json
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.reference.golden import (
    NoCases,
    _search,
    find_adapter,
    meta_regression,
    multilevel_robust,
    report,
    run,
    tally,
)
from tests.reference.golden.__main__ import main
from tests.reference.golden._search import cause, excused
from tests.reference.golden.compare import (
    CLOSED_FORM,
    EXACT,
    Check,
    NotSupported,
    Tolerance,
    check,
    require_offered,
)

DATA = Path(__file__).parent / "data"
ROOT = Path(__file__).parents[2]
#: Cases that passed when a topic was added; a topic may gain cases and must not lose any.
PASSED = {
    "conversions": 54,
    "escalc": 260,
    "influence": 88,
    "mh_peto_glmm": 82,
    "proportions_rates": 62,
    "rma_uni": 144,
    "small_study": 165,
    "meta_regression": 38,
    "multilevel_robust": 21,
}


@pytest.fixture(scope="module")
def results(golden_outcomes):
    return {result.topic: result for result in tally(golden_outcomes)}


def write(directory, topic, cases, name="golden.json"):
    (directory / name).write_text(json.dumps({"topic": topic, "cases": cases}), encoding="utf-8")


def cases_of(topic):
    return json.loads((DATA / f"{topic}.json").read_text(encoding="utf-8"))["cases"]


@pytest.mark.parametrize("topic", sorted(PASSED))
def test_no_case_differs_and_none_is_lost(results, topic):
    assert results[topic].failures == []
    assert results[topic].passed >= PASSED[topic]


def test_all_effect_sizes_and_conversions_are_offered(results):
    assert results["escalc"].not_supported == results["conversions"].not_supported == 0


def test_the_only_effect_sizes_not_compared_are_those_that_gsl_gets_wrong(results):
    assert results["conversions"].excused == []
    excused = [(case, check.quantity) for case, check in results["escalc"].excused]
    assert len(excused) == 4
    assert {quantity for _, quantity in excused} == {"yi[6]", "vi[6]"}


@pytest.mark.parametrize("topic", ["conversions", "escalc"])
def test_a_changed_expectation_fails(tmp_path, capsys, topic):
    cases = cases_of(topic)[:3]
    name, value = next(iter(cases[1]["expected"].items()))
    if isinstance(value, list):
        value[0] *= 1 + 1e-8
    else:
        cases[1]["expected"][name] = value * (1 + 1e-8)
    write(tmp_path, topic, cases)
    (result,) = run(tmp_path)
    assert (result.passed, result.failed) == (2, 1)
    assert result.failures[0].case == cases[1]["id"]
    assert result.failures[0].quantity.startswith(name)
    assert 5e-9 < result.largest_error < 2e-8
    assert main([str(tmp_path)]) == 1
    assert f"{cases[1]['id']}  {result.failures[0].quantity}  got " in capsys.readouterr().out


def test_a_number_where_r_has_none_fails_and_so_does_the_reverse(tmp_path):
    case = cases_of("escalc")[0]
    case["expected"]["yi"][0] = None
    with_zero = next(c for c in cases_of("escalc") if None in c["expected"]["yi"])
    with_zero["expected"]["yi"] = [0.5 if y is None else y for y in with_zero["expected"]["yi"]]
    with_zero["expected"]["vi"] = [0.5 if v is None else v for v in with_zero["expected"]["vi"]]
    write(tmp_path, "escalc", [case, with_zero])
    (result,) = run(tmp_path)
    assert result.failed == 2


def test_what_a_case_is_called_does_not_matter(tmp_path):
    cases = cases_of("escalc")[:40] + cases_of("escalc")[-40:]
    for i, case in enumerate(cases):
        case.update(id=f"case {i}", dataset="unseen", source="", call="")
    write(tmp_path, "escalc", cases, "anything.json")
    (result,) = run(tmp_path)
    assert (result.passed, result.failed) == (80, 0)


def test_a_study_with_a_missing_number_has_no_effect_size(tmp_path):
    case = cases_of("escalc")[0]
    case["inputs"]["ai"][2] = None
    case["expected"]["yi"][2] = case["expected"]["vi"][2] = None
    write(tmp_path, "escalc", [case])
    (result,) = run(tmp_path)
    assert result.passed == 1


def test_what_is_not_offered_is_not_supported_and_never_passed(tmp_path, capsys):
    write(tmp_path, "tea_leaves", [{"id": "a", "inputs": {}, "expected": {}}], "1.json")
    escalc, conversion = cases_of("escalc")[0], cases_of("conversions")[0]
    strange = {"inputs": {**escalc["inputs"], "measure": "SMCR"}, "expected": escalc["expected"]}
    more = {**escalc, "expected": {**escalc["expected"], "zi": [1.0] * 13}}
    write(tmp_path, "escalc", [{"id": "b", **strange}, {**more, "id": "c"}], "2.json")
    unknown = {"id": "d", "inputs": {"phase_of_the_moon": 1}, "expected": {"hr": 1}}
    extra = {**conversion, "expected": {**conversion["expected"], "zodiac": 3}}
    nothing = {**conversion, "expected": {}}
    write(tmp_path, "conversions", [unknown, extra, nothing], "3.json")
    for result in run(tmp_path):
        assert result.not_supported == result.cases
        assert result.passed == result.failed == 0
    assert main([str(tmp_path)]) == 0
    assert "no adapter for this topic" in capsys.readouterr().out


def test_a_case_that_lacks_what_is_needed_is_not_supported(tmp_path):
    case = cases_of("rma_uni")[0]
    without_yi = {**case, "inputs": {k: v for k, v in case["inputs"].items() if k != "yi"}}
    without_q = {**case, "expected": {k: v for k, v in case["expected"].items() if k != "QE"}}
    no_inputs = {k: v for k, v in case.items() if k != "inputs"}
    write(tmp_path, "rma_uni", [without_yi, without_q, no_inputs, "a", None, {}])
    (result,) = run(tmp_path)
    assert (result.cases, result.not_supported) == (6, 6)
    assert {"a case without yi", "a case without QE"} <= set(result.reasons)


def test_an_option_that_the_package_does_not_know_is_not_supported(tmp_path):
    case = next(c for c in cases_of("escalc") if c["inputs"]["measure"] == "RD")
    case["inputs"]["vtype"] = "AV"
    write(tmp_path, "escalc", [case])
    (result,) = run(tmp_path)
    assert (result.not_supported, result.failed) == (1, 0)
    assert "no variance of RD 'AV'" in next(iter(result.reasons))


def test_before_metafor_5_is_what_expected_holds_with_or_without_the_later_numbers(tmp_path):
    cases = [c for c in cases_of("escalc") if "expected_metafor5" in c]
    write(
        tmp_path,
        "escalc",
        [{k: v for k, v in c.items() if k != "expected_metafor5"} for c in cases],
    )
    (result,) = run(tmp_path)
    assert result.passed == len(cases) > 0


def test_an_error_fails_its_case_alone(tmp_path):
    good, bad = cases_of("escalc")[:2]
    bad["inputs"]["ai"][0] = -4
    write(tmp_path, "escalc", [good, bad])
    (result,) = run(tmp_path)
    assert (result.passed, result.failed) == (1, 1)
    assert "ai must not be negative" in result.failures[0].got


def test_two_files_of_one_topic_make_one_line(tmp_path):
    write(tmp_path, "escalc", cases_of("escalc")[:2], "1.json")
    write(tmp_path, "escalc", cases_of("escalc")[2:5], "2.json")
    (result,) = run(tmp_path)
    assert result.cases == 5


def test_a_line_has_the_counts_of_its_topic(results):
    line = report([results["escalc"]]).splitlines()[1].split()
    assert line[:5] == ["escalc", "260", "260", "0", "0"]
    assert float(line[5]) < CLOSED_FORM.relative


def test_without_cases_the_exit_code_is_2_with_a_message(tmp_path, capsys):
    assert main([str(tmp_path / "nowhere")]) == 2
    assert "is not a directory" in capsys.readouterr().err
    assert main([str(tmp_path)]) == 2
    assert "holds no JSON file with a topic and cases" in capsys.readouterr().err
    write(tmp_path, "escalc", [])
    (tmp_path / "notes.json").write_text("[1]", encoding="utf-8")
    assert main([str(tmp_path)]) == 2
    (tmp_path / "broken.json").write_text("{", encoding="utf-8")
    assert main([str(tmp_path)]) == 2
    assert "broken.json is not JSON" in capsys.readouterr().err
    assert main([]) == 2
    assert "usage" in capsys.readouterr().err


def test_the_command_line_returns_the_exit_code(tmp_path):
    write(tmp_path, "escalc", cases_of("escalc")[:1])
    command = [sys.executable, "-m", "tests.reference.golden", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert done.stdout.splitlines()[1].split()[:3] == ["escalc", "1", "1"]


def test_only_the_topics_of_this_folder_have_an_adapter():
    assert find_adapter("escalc") is not None
    for topic in ("compare", "methods", "_search", "../escalc", "__main__", "os.path", "unseen"):
        assert find_adapter(topic) is None


def test_a_missing_directory_raises_before_anything_is_run(tmp_path):
    with pytest.raises(NoCases):
        run(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("got", "expected", "tolerance", "passed"),
    [
        (1.0, 1.0 + 1e-11, CLOSED_FORM, True),
        (1.0, 1.0 + 1e-9, CLOSED_FORM, False),
        (1e-13, 0.0, CLOSED_FORM, True),
        (1e-11, 0.0, CLOSED_FORM, False),
        (-1.0, 1.0, Tolerance(0.0, 1e-3), False),
        (math.nan, None, EXACT, True),
        (None, None, EXACT, True),
        (math.nan, 1.0, EXACT, False),
        (1.0, None, EXACT, False),
        (math.inf, 1.0, CLOSED_FORM, False),
        (3, 3, EXACT, True),
        (3, 4, EXACT, False),
        ("left", "left", EXACT, True),
        ("left", "right", EXACT, False),
        (True, True, EXACT, True),
        (1, True, EXACT, False),
        ("1", 1, EXACT, False),
    ],
)
def test_two_values_are_equal_within_the_larger_of_both_tolerances(
    got, expected, tolerance, passed
):
    one = Check(quantity="q", got=got, expected=expected, tolerance=tolerance)
    assert one.passed is passed


def test_arrays_are_compared_element_by_element_and_by_length():
    matrix = np.array([[1.0, 2.0], [3.0, 4.0]])
    made = check("v", matrix, [[1, 2], [3, 5]], CLOSED_FORM)
    assert [c.quantity for c in made if not c.passed] == ["v[2][2]"]
    assert [c.quantity for c in check("v", [1, 2], [1], EXACT)] == ["length of v"]
    assert not check("v", [1, 2], [1], EXACT)[0].passed
    assert not check("v", 1.0, [1.0], EXACT)[0].passed
    assert not check("v", None, [1.0], EXACT)[0].passed


def test_an_expectation_beyond_what_is_offered_is_named():
    with pytest.raises(NotSupported, match="no b, c"):
        require_offered(("c", "a", "b"), ("a",))


#: The likelihood has a maximum at 0, and a higher one at 1.63.
TWO_MAXIMA = (
    [-0.02, 0.01, 0.0, 0.02, -0.01, 2.5, -2.2, 1.9, 2.4, -1.8],
    [0.0001, *[0.0002] * 4, *[0.4] * 5],
)


def test_a_failed_search_of_r_is_known_by_the_likelihood_and_never_by_the_case():
    y, v = TWO_MAXIMA
    assert cause(y, v, None, "ML", (1.63, 0.0)) == _search.LOWER
    assert cause(y, v, None, "ML", (0.0, 1.63)) == ""
    assert cause(y, v, None, "DL", (1.63, 0.0)) == ""
    assert cause(y, v, None, "EB", (1.63, 0.0)) == ""
    assert cause(y, v, None, "ML", (1.63, None)) == _search.NO_NUMBER
    assert cause(y, v, None, "DL", (1.63, None)) == ""
    assert cause(y, v, None, "PM", (1.63, 1.63 + 1e-9)) == _search.STOPPED
    assert cause(y, v, None, "PM", (1.63, 1.63)) == ""


def test_a_search_that_stopped_excuses_what_is_off_in_proportion_and_nothing_else():
    vi, tau2 = [1e-6, 1e-6], (1e-6, 1.0000001e-6)
    near = check("z se", 1.0, 1.0 + 1e-6, CLOSED_FORM)
    far = check("z se", 1.0, 1.01, CLOSED_FORM)
    equal = check("k", 3, 3, EXACT)
    found = excused([*near, *far, *equal], _search.STOPPED, vi, tau2)
    assert [bool(one.excuse) for one in found] == [True, False, False]
    assert excused(near, "", vi, tau2) == near
    assert not excused(far, _search.NO_NUMBER, vi, tau2)[0].excuse


def test_a_wrong_number_beside_the_right_tau2_fails(tmp_path):
    case = next(c for c in cases_of("rma_uni") if c["inputs"]["method"] == "REML")
    case["expected"]["tests"]["z"]["beta"] += 1e-5
    write(tmp_path, "rma_uni", [case])
    (result,) = run(tmp_path)
    assert (result.passed, result.failed) == (0, 1)


def test_the_centred_effects_of_metafor_3_are_known_by_its_q_and_tau2():
    """metafor 3.8.1: ``rma(yi, vi, mods = ~ x - 1, method = "DL")``; later ones do not centre."""
    x = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
    inputs = {
        "yi": [0.3, 0.9, 0.1, 0.8, 0.4, 1.4],
        "vi": [0.02, 0.03, 0.01, 0.05, 0.02, 0.04],
        "method": "DL",
    }
    printed = {"QE": 53.0616791744841, "tau2": 0.213296211490425}
    assert meta_regression._centred(inputs, {"x": x}, printed)
    assert not meta_regression._centred(inputs, {"x": x}, {**printed, "QE": 53.1})
    constant = {"a": [1.0, 1.0, 1.0, 0.0, 0.0, 0.0], "b": [0.0, 0.0, 0.0, 1.0, 1.0, 1.0]}
    fit = meta_regression._fit(inputs, constant, "z").heterogeneity
    assert not meta_regression._centred(inputs, constant, {"QE": fit.q, "tau2": fit.tau2})


def test_terms_of_a_formula_include_those_that_a_product_stands_for():
    columns = {
        name: None
        for name in ("intrcpt", "x", "groupb", "groupc", "x:groupb", "x:groupc", "xx", "x:xx")
    }
    inputs = {"mods": {"x": [], "group": [], "xx": []}, "formula": "~ x * group + x * xx"}

    def kept(formula):
        return meta_regression._columns_of(formula, columns, inputs)

    assert kept("~ x") == ["intrcpt", "x"]
    assert kept("~ 1") == ["intrcpt"]
    assert kept("~group+xx") == ["intrcpt", "groupb", "groupc", "xx"]
    assert kept("~ x*group") == ["intrcpt", "x", "groupb", "groupc", "x:groupb", "x:groupc"]
    assert kept("~ x*group*xx") == list(columns)
    for without in ("~ x - 1", "~ x -1", "~ 0 + x", "~ x + 0"):
        assert kept(without) == ["x"]


def test_what_r_lost_to_its_integers_is_excused_and_what_it_printed_is_compared():
    """metafor 3.8.1: ``rma.mh(measure="RD", ...)`` of integer columns has no standard error."""
    counts = {"ai": [5000, 300], "n1i": [900000, 40000], "ci": [6000, 310], "n2i": [910000, 41000]}
    checks = find_adapter("mh_peto_glmm")

    def run_one(columns, **expected):
        return checks({"inputs": {**columns, "measure": "RD"}, "expected": expected})

    (beta, se) = run_one(counts, beta=-0.001, se=None)
    assert (bool(beta.excuse), bool(se.excuse)) == (False, True)
    assert not beta.passed
    small = {name: [value // 100 for value in values] for name, values in counts.items()}
    assert not any(one.excuse for one in run_one(small, beta=-0.001, se=None))


def test_a_p_value_that_was_rounded_near_1_is_excused_and_a_wrong_one_fails():
    near, far, equal = multilevel_robust._rounded_p(
        [2.4903e-15, 0.02, 0.3], [2.4425e-15, 0.02001, 0.3]
    )
    assert [one.passed for one in (near, far, equal)] == [False, False, True]
    assert [bool(one.excuse) for one in (near, far, equal)] == [True, False, False]


def test_without_an_intercept_an_r2_that_only_later_versions_print_is_excused():
    case = next(
        c for c in cases_of("meta_regression") if "intrcpt" not in c["expected"]["coefnames"]
    )
    del case["expected_metafor5"]
    found = find_adapter("meta_regression")(case)
    assert [one.quantity for one in found if one.excuse] == ["R2"]
    assert all(one.passed for one in found if not one.excuse)


def test_a_group_of_numbers_that_is_null_and_a_study_without_an_effect_are_left_out(tmp_path):
    case = next(c for c in cases_of("rma_uni") if "confint_PL" in c["expected"])
    case["expected"]["confint_PL"] = case["expected"]["confint_QP"] = None
    for name, value in (("yi", None), ("vi", 0.2)):
        case["inputs"][name].insert(3, value)
    write(tmp_path, "rma_uni", [case])
    (result,) = run(tmp_path)
    assert (result.passed, result.failures) == (1, [])


def test_an_interval_without_width_is_excused_and_no_other_refusal(tmp_path):
    case = next(c for c in cases_of("rma_uni") if c["inputs"]["method"] == "FE")
    equal = {**case, "inputs": {**case["inputs"], "yi": [0.2] * len(case["inputs"]["yi"])}}
    for width, refusals in ((0.0, 0), (0.1, 1)):
        for test in ("knha", "adhoc"):
            equal["expected"]["tests"][test]["se"] = width
        write(tmp_path, "rma_uni", [equal])
        (result,) = run(tmp_path)
        assert sum(failure.quantity == "error" for failure in result.failures) == refusals
