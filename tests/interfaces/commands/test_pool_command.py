import json
from math import exp

import numpy as np
import pytest
from numpy.testing import assert_allclose

from evidence import effect_size, pool, pool_proportions, pool_rates
from evidence.report.figures.forest import show_fit
from evidence.synthesis.pairwise import has_natural_scale, natural_studies, natural_summary

#: Both sides take the same path through double precision, the exponential apart.
SAME = 1e-12

HAZARD_RATIOS = "study,estimate,ci_low,ci_high\nA,0.25,0.11,0.56\nB,0.70,0.40,1.23\n"
TABLES = "study,ai,n1i,ci,n2i,year\nA,4,123,11,139,1948\nB,6,306,29,303,1949\nC,0,40,3,41,1950\n"
EVENTS = {"ai": [4, 6, 0], "n1i": [123, 306, 40], "ci": [11, 29, 3], "n2i": [139, 303, 41]}


@pytest.fixture
def pooled(evidence):
    """Pool a text as a CSV file and return the JSON."""

    def run(text, *options):
        result = evidence("pool", "-", *options, "--json", stdin=text)
        assert result.exit_code == 0, result.output
        assert result.stdout.count("\n") == 1
        return json.loads(result.stdout)

    return run


# --- the numbers are those of the library ---------------------------------------------------------


def test_events_pool_as_the_library_pools_them(pooled):
    expected = pool(effect_size("RR", **EVENTS, labels=["A", "B", "C"]), method="DL", test="knha")
    found = pooled(TABLES, "--measure", "RR", "--method", "DL", "--test", "knha")
    summary = found["summary"]
    for name in ("estimate", "se", "ci_low", "ci_high", "tau2", "i2", "q_p", "p_value", "k", "df"):
        assert summary[name] == getattr(expected, name)
    assert found["natural_scale"]["estimate"] == exp(expected.estimate)
    assert [study["study"] for study in found["studies"]] == ["A", "B", "C"]
    assert [study["yi"] for study in found["studies"]] == expected.yi.tolist()
    assert found["decisions"] == list(expected.decisions)
    assert found["columns"] == ["ai", "n1i", "ci", "n2i"]


def test_effects_as_given_need_no_measure_and_have_no_other_scale(pooled):
    found = pooled("yi,sei\n0.1,0.2\n0.3,0.1\n0.2,0.3\n")
    expected = pool([0.1, 0.3, 0.2], np.array([0.2, 0.1, 0.3]) ** 2)
    assert found["measure"] == "GEN"
    assert found["natural_scale"] is None
    assert_allclose(found["summary"]["estimate"], expected.estimate, rtol=SAME)


def test_printed_ratios_are_read_at_their_own_level(pooled):
    fit = pooled(HAZARD_RATIOS, "-m", "HR", "--level", "0.9")
    wide = pooled(HAZARD_RATIOS, "-m", "HR", "--printed-level", "0.9")
    assert fit["level"] == 0.9
    assert wide["level"] == 0.95
    assert wide["studies"][0]["vi"] > fit["studies"][0]["vi"]


@pytest.mark.parametrize("sizes", ["xi,ni\n0,20\n3,40\n", "xi,mi\n0,20\n3,37\n"])
def test_counts_of_single_arms_keep_their_exact_intervals(pooled, sizes):
    ni = [20, 40]
    expected = pool_proportions([0, 3], ni, transform="PFT")
    found = pooled("xi,ni\n0,20\n3,40\n", "-m", "PFT")
    assert found["natural_scale"]["estimate"] == expected.estimate
    assert [study["ci_high"] for study in found["studies"]] == expected.ci_highs.tolist()
    assert pooled(sizes, "-m", "PAS")["summary"]["k"] == 2


def test_rates_of_single_arms_are_pooled_as_rates(pooled):
    found = pooled("xi,ti\n2,20\n3,40\n", "-m", "IRLN")
    assert found["natural_scale"]["ci_low"] == pool_rates([2, 3], [20, 40]).ci_low


@pytest.mark.parametrize(
    ("measure", "data"),
    [
        ("RR", EVENTS),
        ("RD", EVENTS),
        ("AS", EVENTS),
        ("HR", {"estimate": [0.5, 0.8], "ci_low": [0.3, 0.6], "ci_high": [0.84, 1.07]}),
        ("ZCOR", {"ri": [0.2, 0.5], "ni": [30, 50]}),
        ("PLO", {"xi": [1, 5], "ni": [30, 50]}),
        ("PFT", {"xi": [1, 5], "ni": [30, 50]}),
        ("IRS", {"xi": [1, 5], "ti": [30, 50]}),
        ("MD", {"yi": [1.0, 2.0], "vi": [0.1, 0.2]}),
    ],
)
def test_text_and_forest_plot_show_the_same_numbers(measure, data):
    fit = pool(effect_size(measure, **data))
    view = show_fit(fit, None)
    place = np.exp if view.scale == "log" else np.asarray
    natural = natural_summary(fit)
    shown = [natural[name] for name in ("estimate", "ci_low", "ci_high")]
    assert_allclose(shown, place(np.array(view.summary)), rtol=SAME)
    assert_allclose(np.transpose(natural_studies(fit)), place(np.array(view.studies)), rtol=SAME)
    assert has_natural_scale(fit) is (measure in ("RR", "HR", "ZCOR", "PLO", "IRS"))


def test_a_ratio_beyond_double_precision_is_null_in_json_and_words_in_text(evidence, pooled):
    huge = "yi,vi\n800,0.1\n801,0.2\n"
    assert pooled(huge, "-m", "RR")["natural_scale"]["estimate"] is None
    assert (
        "summary      beyond double precision"
        in evidence("pool", "-", "-m", "RR", stdin=huge).stdout
    )


# --- what a reader sees ---------------------------------------------------------------------------


def test_the_summary_states_definitions_studies_and_decisions(evidence):
    text = evidence("pool", "-", "--measure", "RR", stdin=TABLES).stdout
    for part in (
        "Risk ratio (RR) of 3 studies",
        "columns ai, n1i, ci, n2i of standard input",
        "summary      0.2577 (95% CI 0.1324 to 0.5017), p <0.0001",
        "log scale    -1.356",
        "restricted maximum likelihood (REML)",
        "Q-profile",
        "from tau2",
        "reports a prediction interval from 5 studies, and there are 3",
        "cochrane-2025 (Cochrane Handbook",
        "Empty cells were corrected (only0, add=0.5) in 1 of 3 studies: C.",
    ):
        assert part in text
    assert text.isascii()
    assert all(len(line) == len(line.rstrip()) for line in text.splitlines())


def test_a_single_study_is_reported_as_it_is(evidence):
    text = evidence("pool", "-", stdin="study,yi,vi\nA,0.5,0.04\n").stdout
    assert "Effect of 1 study" in text
    assert "tau2 by" not in text


def test_commands_to_the_terminal_in_a_name_are_not_obeyed(evidence):
    text = evidence("pool", "-", stdin="study,yi,vi\n\x1b[2JA,0.5,0.04\n").stdout
    assert "\x1b" not in text
    assert "?[2JA" in text


def test_an_interval_that_is_no_longer_symmetric_is_to_be_looked_up_again(pooled):
    cautions = pooled("study,estimate,ci_low,ci_high\nA,0.5,0.25,1.6\n", "-m", "HR")["cautions"]
    assert cautions == [
        "The interval of A is less symmetric around its estimate than the rounding of its numbers "
        "explains. Look it up again."
    ]
    assert pooled(HAZARD_RATIOS, "-m", "HR")["cautions"] == []


@pytest.mark.parametrize(("ending", "start"), [(".svg", b"<svg"), (".PNG", b"\x89PNG")])
def test_a_forest_plot_is_drawn(evidence, in_empty_folder, ending, start):
    result = evidence("pool", "-", "-m", "HR", "--forest", f"plot{ending}", stdin=HAZARD_RATIOS)
    assert start in (in_empty_folder / f"plot{ending}").read_bytes()[:200]
    assert result.stderr == f"Wrote plot{ending}.\n"


# --- which columns --------------------------------------------------------------------------------


def test_two_ways_to_the_measure_are_refused_until_one_is_chosen(evidence, pooled):
    both = "yi,vi,ai,n1i,ci,n2i\n0.5,0.1,4,123,11,139\n0.4,0.2,6,306,29,303\n"
    refused = evidence("pool", "-", "-m", "RR", stdin=both)
    assert refused.exit_code == 2
    assert "--columns ai,n1i,ci,n2i or --columns yi,vi" in refused.stderr
    assert pooled(both, "-m", "RR", "--columns", "yi,vi")["studies"][0]["yi"] == 0.5
    assert pooled(both, "-m", "RR", "--columns", "ai,n1i,ci,n2i")["studies"][0]["yi"] < 0


def test_columns_of_other_names_are_named(pooled):
    given = "Trial,Treated,Total 1,Control,Total 2\nA,4,123,11,139\nB,6,306,29,303\n"
    chosen = "study=trial,ai=Treated,n1i=total 1,ci=Control,n2i=Total 2"
    found = pooled(given, "-m", "RR", "--columns", chosen)
    assert [study["study"] for study in found["studies"]] == ["A", "B"]
    assert found["columns"] == ["ai", "n1i", "ci", "n2i"]


# --- bad input ------------------------------------------------------------------------------------

BAD_INPUT = {
    "wrong column": ("study,yi\nA,1\n", (), "needs yi, (vi or sei). It has the columns study, yi"),
    "no measure": (HAZARD_RATIOS, (), "Say which with --measure: RR, OR, RD, IRR, IRD, MD, HR"),
    "unknown measure": (TABLES, ("-m", "RRR"), "no measure 'RRR'. Did you mean"),
    "measure in small letters": (TABLES, ("-m", "rr"), "written in capitals: 'RR'"),
    "columns missing": (TABLES, ("-m", "IRR"), "IRR (incidence rate ratio) was asked of standard"),
    "negative n": (TABLES.replace("123", "-123"), ("-m", "RR"), "n1i must be above 0, and is -123"),
    "events > n": (TABLES.replace("4,123", "400,123"), ("-m", "RR"), "ai = 400 exceeds n1i = 123"),
    "interval": (HAZARD_RATIOS.replace("0.25", "0.65"), ("-m", "HR"), "does not hold its estimate"),
    "negative ratio": (HAZARD_RATIOS.replace("0.11", "-1"), ("-m", "HR"), "row 1 (A)"),
    "no variance": ("yi,vi\n1,0\n", (), "vi must be above 0, and is 0"),
    "words": ("study,yi,vi\nA,big,1\n", (), "line 2 (A): yi is 'big', which is not a number"),
    "empty file": ("", (), "is empty. Give a CSV file"),
    "no studies": ("yi,vi\n", (), "no study below its headers"),
    "policy": (HAZARD_RATIOS, ("-m", "HR", "--policy", "cochrane"), "Did you mean cochrane-2025"),
    "method": (HAZARD_RATIOS, ("-m", "HR", "--method", "RELM"), "Did you mean REML"),
    "test": (HAZARD_RATIOS, ("-m", "HR", "--test", "chi"), "no test of the summary 'chi'"),
    "prediction": (HAZARD_RATIOS, ("-m", "HR", "--prediction", "x"), "'x'"),
    "level": (HAZARD_RATIOS, ("-m", "HR", "--level", "95"), "such as 0.95 (not 95)"),
    "level in words": (HAZARD_RATIOS, ("--level", "high"), "'high' is not a valid float"),
    "column": (HAZARD_RATIOS, ("-m", "HR", "--columns", "ai=b"), "'b' stands there 0 times"),
    "role": (HAZARD_RATIOS, ("-m", "HR", "--columns", "estimat"), "Did you mean estimate"),
    "figure": (HAZARD_RATIOS, ("-m", "HR", "--forest", "a.pdf"), "ends in .svg or .png"),
    "place": (HAZARD_RATIOS, ("-m", "HR", "--forest", "no/a.svg"), "no/a.svg was to be written"),
}


@pytest.mark.parametrize(("text", "options", "message"), BAD_INPUT.values(), ids=BAD_INPUT)
def test_bad_input_is_refused_with_advice(
    evidence, in_empty_folder, files_below, text, options, message
):
    (in_empty_folder / "studies.csv").write_text(text, encoding="utf-8")
    before = files_below(in_empty_folder)
    result = evidence("pool", "studies.csv", *options)
    assert result.exit_code == 2
    assert message.replace("standard", "studies.csv") in result.stderr
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    assert files_below(in_empty_folder) == before


def test_a_missing_file_is_refused(evidence):
    result = evidence("pool", "nowhere.csv")
    assert result.exit_code == 2
    assert "nowhere.csv was to be pooled and cannot be read" in result.stderr
