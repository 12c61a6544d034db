import numpy as np
import pyarrow as pa
import pytest

from evidence import Trials
from evidence.trials.audit.report import RULES, SEVERITIES, audit
from tests.trials.audit.audit_rows import reported


@pytest.fixture(scope="module")
def report(trials):
    return audit(trials)


def neda(value, **more):
    return reported("neda-3", "proportion", "drug", value, **{"months": 24, **more})


def rate(value, **more):
    return reported("annualised-relapse-rate", "rate", "drug", value, **{"months": 24, **more})


def test_every_rule_has_its_own_name_and_a_title_without_digits():
    names = [rule.name for rule in RULES]
    assert len(set(names)) == len(names)
    assert all(rule.title and not any(c.isdigit() for c in rule.title) for rule in RULES)


def test_every_finding_names_a_rule_rows_of_the_dataset_and_what_would_settle_it(report, trials):
    rules = {rule.name for rule in RULES}
    for finding in report.findings:
        assert finding.rule in rules
        assert finding.severity in SEVERITIES
        assert finding.rows
        assert all(trials.row(row)["result_id"] == row for row in finding.rows)
        assert finding.arithmetic
        assert finding.settle
        assert not any(character.isdigit() for character in finding.claim + finding.settle)


def test_a_finding_keeps_its_calculation_so_that_it_can_be_repeated(report, trials):
    from evidence.report.record import run

    for finding in report.findings:
        calculation = finding.calculation
        values = {
            name: _value(given, trials) if isinstance(given, str) else [
                _value(one, trials) for one in given
            ]
            for name, given in calculation.inputs.items()
        }  # fmt: skip
        again = run(calculation.function, values, calculation.options)
        assert again == calculation.result


def _value(address, trials):
    result_id, _, column = address.partition("#")
    return float(trials.row(result_id)[column])


def test_contradictions_are_not_explained_by_rounding(report):
    for finding in report.of("contradiction", "tension"):
        assert 0 < finding.gap <= 1
    assert all(finding.gap == 0 for finding in report.of("within rounding"))


def test_the_same_dataset_gives_the_same_findings_in_the_same_order(report, trials):
    again = audit(trials)
    assert [(f.rank, f.rule, f.rows) for f in again.findings] == [
        (f.rank, f.rule, f.rows) for f in report.findings
    ]


#: What the audit has to find in the literature: rule, study, part of the arithmetic, severity.
KNOWN = [
    ("one-quantity-two-values", "care-ms-1", "39 and 30 differ by 9", "contradiction"),
    ("one-quantity-two-values", "care-ms-2", "39 and 32 differ by 7", "contradiction"),
    ("one-quantity-two-values", "clarity", "44 and 47 differ by 3", "contradiction"),
    ("one-quantity-two-values", "clarity", "433 and 456 differ by 23", "contradiction"),
    ("one-quantity-two-values", "camms223-extension", "30 and 38 differ by 8", "contradiction"),
    ("one-quantity-two-values", "camms223-extension", "13 and 16 differ by 3", "contradiction"),
    ("one-quantity-two-values", "sormani-2017", "68 and 67 differ by 1", "contradiction"),
    ("one-quantity-two-values", "sormani-2017", "23.3 and 23 differ by 0.3", "within rounding"),
    ("p-values-of-one-comparison", "care-ms-2", "p = 0.012 and p = 0.0012", "contradiction"),
    ("p-values-of-one-comparison", "care-ms-2", "p = 0.0084 is not p < 0.001", "contradiction"),
    ("legend-of-significance-marks", "care-ms-2", "with the marks exchanged", "contradiction"),
    ("free-of-event-against-event", "care-ms-1-extension", "80% + 18% = 98%", "contradiction"),
    ("numbered-parts-of-a-whole", "care-ms-2-extension", "the whole is 42.0", "within rounding"),
    (
        "percentage-without-numerator",
        "weinstock-guttman-cyclophosphamide",
        "69% of 17 would be 11.73",
        "contradiction",
    ),
    ("percentage-without-numerator", "zephir-progressive", "78.6% of 362", "contradiction"),
    ("relative-effect-against-arms", "care-ms-1", "1 − 0.18 / 0.39 = 53.8%", "within rounding"),
    ("relative-effect-against-arms", "care-ms-1", "1 − 8 / 11 = 27.3%", "within rounding"),
    ("cumulative-dose-over-maximum", "van-de-wyngaert-2001", "12 × 13 = 156 mg/m2", "tension"),
]


@pytest.mark.parametrize(("rule", "study", "arithmetic", "severity"), KNOWN)
def test_what_is_known_to_differ_is_found(report, rule, study, arithmetic, severity):
    found = [f for f in report.by(rule) if f.study_id == study and arithmetic in f.arithmetic]
    assert {f.severity for f in found} == {severity}


def test_a_dataset_without_contradictions_has_no_findings(audited):
    report = audited(neda("39"), neda("39", source="page"), neda("45", months=36))
    assert len(report) == len(report.to_frame()) == 0
    assert report.rows == 3
    assert repr(report).endswith(
        "0 contradiction, 0 tension, 0 within rounding, 0 different estimand)"
    )


def test_severity_goes_before_use_and_use_before_size(trials_of):
    rows = [
        neda("39"), neda("34", source="page"),
        neda("39", study="beta"), neda("9", study="beta", source="page"),
        rate("0.22", study="gamma"), rate("0.23", study="gamma", source="page"),
    ]  # fmt: skip
    trials = trials_of(*rows)
    plain = audit(trials)
    assert [(f.study_id, f.severity) for f in plain.findings] == [
        ("beta", "contradiction"),
        ("alpha", "contradiction"),
        ("gamma", "tension"),
    ]
    used = audit(trials, used={"pooled": ["r1", "r4"], "table": {"r0"}})
    assert [f.study_id for f in used.findings] == ["alpha", "beta", "gamma"]
    assert used.findings[0].used_by == ("pooled", "table")
    assert [f.rank for f in used.findings] == [1, 2, 3]


def test_a_choice_that_turns_the_comparison_of_the_arms_is_marked(audited):
    control = reported("neda-3", "proportion", "control", "35", months=24)
    (finding,) = audited(neda("39"), neda("30"), control).of("contradiction")
    assert finding.turns
    control["value"] = 20.0
    (finding,) = audited(neda("39"), neda("30"), control).of("contradiction")
    assert not finding.turns


def test_a_choice_between_contrasts_on_both_sides_of_no_effect_is_marked(audited):
    def ratio(value, source):
        whole = {"against": "control", "months": 24, "source": source}
        return reported("relapse", "hazard_ratio", "drug", value, **whole)

    (finding,) = audited(ratio("0.70", "paper"), ratio("1.30", "page")).of("contradiction")
    assert finding.turns


def test_the_frame_has_one_row_a_finding(report):
    frame = report.to_frame()
    assert len(frame) == len(report) > 0
    assert list(frame["rank"]) == list(np.arange(len(report)) + 1)
    assert {"severity", "rule", "study_id", "claim", "arithmetic", "rows"} <= set(frame)
    assert frame["severity"].isin(SEVERITIES).all()


def test_a_part_of_the_dataset_can_be_audited(trials, report):
    part = audit(trials.where(study_id=["sormani-2017", "zephir-progressive"]))
    assert {finding.study_id for finding in part.findings} == {
        "sormani-2017",
        "zephir-progressive",
    }
    assert 0 < len(part) < len(report)


#: Numbers that a rule may divide by or take the logarithm of.
AWKWARD = (0.0, 1.0, -1.0, 100.0, 1e6)


@pytest.mark.parametrize("seed", [1, 2])
def test_no_number_stops_the_audit(trials, seed):
    chance = np.random.default_rng(seed)
    columns = {name: trials.table[name].to_pylist() for name in trials.columns}
    for name in ("value", "ci_low", "ci_high", "range_low", "range_high"):
        for i in chance.choice(len(trials), 500, replace=False):
            if columns[name][i] is not None:
                columns[name][i] = float(chance.choice(AWKWARD))
                columns["printed"][i] = [*columns["printed"][i], f"{columns[name][i]:g}"]
    table = pa.table(columns, schema=trials.table.schema)
    report = audit(Trials(table=table, sha256="0" * 64))
    assert len(report) > 0
    assert all(np.isfinite(finding.gap) for finding in report.findings)
