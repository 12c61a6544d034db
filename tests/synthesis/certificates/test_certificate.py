"""Who agrees with a pooled result, what divergence is known, and that a disagreement is refused."""

import json
from dataclasses import FrozenInstanceError, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import evidence
from evidence import pool
from evidence.errors import BadInput, NotEstimable, VerificationError
from evidence.synthesis.certificates import certificate as module
from evidence.synthesis.certificates.certificate import certify, certify_effects, require_agreement
from evidence.synthesis.certificates.records import (
    AGREES,
    DISAGREES,
    DIVERGES,
    ROUNDING,
    ReferenceCase,
)
from evidence.synthesis.engines import EngineValue
from evidence.synthesis.heterogeneity import ESTIMATORS

DATA = Path(__file__).parents[2] / "reference" / "data" / "rma_uni.json"
YI, VI = [0.10, 0.30, 0.35, 0.65, -0.05], [0.03, 0.03, 0.05, 0.01, 0.05]
METAFOR_NAMES = {"FE": "CE"}


def references():
    """Values of metafor 3.8.1 for every case of the reference file, Wald and Knapp-Hartung."""
    found = {}
    for case in json.loads(DATA.read_text(encoding="utf-8"))["cases"]:
        method = case["id"].rsplit("_", 1)[-1]
        if method not in {*ESTIMATORS, "FE"}:
            continue
        expected, data = case["expected"], case["inputs"]
        for test in ("z", "knha"):
            if test not in expected["tests"]:
                continue
            one = expected["tests"][test]
            pinned = {"tau2": expected["tau2"], "q": expected["QE"]}
            pinned |= {"estimate": one["beta"], "se": one["se"]}
            found[f"{case['id']} {test}"] = ReferenceCase(
                yi=tuple(data["yi"]),
                vi=tuple(data["vi"]),
                method=METAFOR_NAMES.get(method, method),
                test=test,
                pinned={name: value for name, value in pinned.items() if value is not None},
            )
    return found


REFERENCES = references()


def engines(certificate):
    return {one.engine.split()[0] for one in certificate.witnesses}


# --- who is asked -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        *(
            (name, {"PyMARE", "statsmodels", "own"})
            for name in ("CE", "DL", "ML", "REML", "HE", "HS", "SJ")
        ),
        *((name, {"statsmodels", "own"}) for name in ("PM", "EB")),
    ],
)
def test_each_estimator_is_repeated_by_an_engine_and_by_the_stacked_solution(method, expected):
    found = certify(pool(YI, VI, method=method, test="adhoc"))
    assert engines(found) == expected
    assert found.agreed
    assert {one.verdict for one in found.witnesses} == {AGREES}
    assert [one.quantity for one in found.quantities] == ["tau2", "estimate", "se", "q"]


def test_an_estimator_no_engine_has_is_vouched_for_at_its_tau2_and_says_so():
    found = certify(pool(YI, VI, method="SJ"))
    assert found.witnesses[0].engine.endswith("at this tau2")
    assert found.witnesses[0].tau2 is None
    assert found.silent == ("PyMARE and statsmodels do not have SJ.",)


def test_one_study_is_repeated_by_own_code_alone():
    found = certify(pool([0.2], [0.04]))
    assert engines(found) == {"own"}
    assert [one.quantity for one in found.quantities] == ["estimate", "se"]
    assert found.agreed
    assert found.tau2 is None


def test_the_search_of_pymare_stops_short_of_the_last_digits_and_within_tolerance():
    found = certify(pool(YI, VI, method="REML"))
    pymare, statsmodels, own = found.witnesses
    assert ROUNDING < pymare.gap < pymare.tolerance == 1e-5
    assert pymare.gap_text == f"{pymare.gap:.1e}"
    assert (own.gap, own.gap_text) == (0.0, "< 1e-12")
    assert statsmodels.engine.endswith("combine_effects at this tau2")
    assert statsmodels.gap == 0.0


# --- pinned values ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", REFERENCES)
def test_every_reference_case_agrees_with_metafor(name):
    case = REFERENCES[name]
    fit = pool(case.yi, case.vi, method=case.method, test=case.test)
    found = certify(fit, references={name: case})
    assert found.witnesses[-1].engine == f"metafor, pinned ({name})"
    assert found.agreed, str(found)


def test_the_reference_cases_are_as_many_as_ever():
    assert len(REFERENCES) >= 200


def test_pinned_values_of_other_data_methods_or_tests_are_no_witness():
    fit = pool(YI, VI, method="DL", test="z")
    case = ReferenceCase(
        yi=tuple(YI), vi=tuple(VI), method="DL", test="z", pinned={"tau2": fit.tau2}
    )
    others = {
        "same": case,
        "data": replace(case, yi=(0.2, *YI[1:])),
        "method": replace(case, method="PM"),
        "test": replace(case, test="knha"),
        "k": replace(case, yi=case.yi[:4], vi=case.vi[:4]),
    }
    named = [one.engine for one in certify(fit, references=others).witnesses]
    assert [name for name in named if "pinned" in name] == ["metafor, pinned (same)"]


def test_faulty_pinned_values_are_refused_together():
    bad = ReferenceCase(
        yi=(0.1,), vi=(0.1,), method="DL", test="z", pinned={"tau": 0.1, "se": np.nan}
    )
    with pytest.raises(BadInput, match=r"tau is 0.1(.|\n)*se is nan(.|\n)*no value"):
        certify(pool(YI, VI), references={"a": bad, "b": replace(bad, pinned={})})


# --- disagreement -------------------------------------------------------------------------------


def an_engine_that_gives(monkeypatch, **changes):
    def changed(yi, vi, method):
        fit = pool(yi, vi, method=method, test="z")
        value = {"tau2": fit.tau2, "estimate": fit.estimate, "se": fit.se} | changes
        return EngineValue(engine="other 1.0", **value)

    monkeypatch.setattr(module, "engine_value", changed)


@pytest.mark.parametrize("quantity", ["tau2", "estimate", "se"])
def test_a_gap_over_tolerance_stops_an_analysis_and_names_engine_and_quantity(
    monkeypatch, quantity
):
    an_engine_that_gives(monkeypatch, **{quantity: 0.4})
    found = certify(pool(YI, VI, method="DL"))
    assert not found.agreed
    assert found.witnesses[0].verdict == DISAGREES
    with pytest.raises(VerificationError, match=f"other 1.0: {quantity} 0.4 against"):
        certify_effects(YI, VI, method="DL", test="z")


@pytest.mark.parametrize("method", ["ML", "REML", "PM", "EB"])
def test_an_engine_that_stopped_before_the_solution_diverges_for_a_known_reason(
    monkeypatch, method
):
    an_engine_that_gives(monkeypatch, tau2=0.001)
    found = certify(pool(YI, VI, method=method))
    assert found.witnesses[0].verdict == DIVERGES
    assert "other 1.0 stopped at tau2 0.001, where" in found.witnesses[0].divergence
    assert found.agreed
    assert found.witnesses[1].verdict == AGREES
    assert "known divergence" in str(found)


@pytest.mark.parametrize("shift", [0.0, 1e-9])
def test_a_wrong_mean_at_the_right_tau2_is_no_known_divergence(monkeypatch, shift):
    tau2 = pool(YI, VI, method="REML").tau2 + shift
    an_engine_that_gives(monkeypatch, estimate=0.9, tau2=tau2)
    assert not certify(pool(YI, VI, method="REML")).agreed


def test_an_engine_without_an_answer_is_named(monkeypatch):
    for name in ("engine_value", "second_engine_value"):
        monkeypatch.setattr(module, name, lambda *_: None)
    found = certify(pool(YI, VI, method="DL"))
    assert engines(found) == {"own"}
    assert found.silent == ("PyMARE and statsmodels gave no finite answer for DL.",)


# --- the record ---------------------------------------------------------------------------------


def test_the_record_is_frozen_prints_and_has_a_row_for_each_witness():
    found = certify(pool(YI, VI, method="REML"))
    with pytest.raises(FrozenInstanceError):
        found.agreed = False
    frame = found.to_frame()
    assert frame["engine"].tolist() == ["certified result", *(w.engine for w in found.witnesses)]
    assert frame["tau2"].iloc[0] == found.tau2
    assert "own code, stacked solution: agrees" in str(found)


def test_the_certificate_of_effects_is_that_of_their_summary():
    options = {"method": "REML", "test": "knha", "level": 0.9, "labels": list("abcde")}
    assert certify_effects(YI, VI, **options) == certify(pool(YI, VI, **options))
    require_agreement(certify_effects(YI, VI))


effects = st.lists(
    st.tuples(st.floats(-3.0, 3.0), st.floats(-4.0, 2.0)), min_size=1, max_size=12
).map(lambda pairs: ([y for y, _ in pairs], [10.0**v for _, v in pairs]))


@settings(max_examples=50, deadline=None, derandomize=True)
@given(effects, st.sampled_from(sorted(ESTIMATORS)))
def test_any_summary_that_can_be_pooled_is_agreed_upon(data, method):
    found = certify(pool(*data, method=method, test="z"))
    assert found.agreed, str(found)


# Mantel-Haenszel and single arms

TABLES = {
    "ai": [4, 6, 3, 10],
    "n1i": [123, 306, 231, 90],
    "ci": [11, 29, 11, 18],
    "n2i": [139, 303, 220, 85],
}
TIMES = {"x1i": [4, 6, 3, 10], "t1i": [123.5, 306, 231, 90], "x2i": [11, 29, 11, 18]}
TIMES["t2i"] = [139, 303.25, 220, 85]


@pytest.mark.parametrize(
    ("measure", "data", "engines"),
    [
        ("OR", TABLES, ("statsmodels", "own code")),
        ("RR", TABLES, ("statsmodels", "own code")),
        ("RD", TABLES, ("own code",)),
        ("IRR", TIMES, ("own code",)),
        ("IRD", TIMES, ("own code",)),
    ],
)
def test_a_mantel_haenszel_estimate_is_certified(measure, data, engines):
    fit = evidence.pool_mantel_haenszel(**data, measure=measure)
    found = evidence.certify(fit)
    assert found.agreed
    assert (found.method, found.estimate, found.se) == ("Mantel-Haenszel", fit.estimate, fit.se)
    starts = zip(found.witnesses, engines, strict=True)
    assert all(one.engine.startswith(engine) for one, engine in starts)
    assert bool(found.silent) == (len(engines) == 1)
    own = found.witnesses[-1]
    assert own.gap <= 1e-12
    assert own.se is not None


@pytest.mark.parametrize("field", ["estimate", "se"])
def test_a_changed_mantel_haenszel_estimate_disagrees(field):
    fit = evidence.pool_mantel_haenszel(**TABLES)
    changed = replace(fit, **{field: getattr(fit, field) * (1 + 1e-6)})
    assert not evidence.certify(changed).agreed


def test_an_estimate_that_is_not_there_is_not_certified():
    fit = evidence.pool_mantel_haenszel(ai=[0, 0], n1i=[9, 9], ci=[0, 0], n2i=[9, 9])
    with pytest.raises(NotEstimable, match="there is none"):
        evidence.certify(fit)


def test_a_single_arm_summary_is_certified_on_its_transformed_scale():
    fit = evidence.pool_proportions([4, 6, 3], [123, 306, 231])
    assert evidence.certify(fit).estimate == fit.fit.estimate
