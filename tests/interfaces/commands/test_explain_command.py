"""``evidence explain`` gives what the library gives, from a CSV file as for ``evidence pool``."""

import json

import pytest

from evidence import explain

TABLES = "study,ai,n1i,ci,n2i\nA,4,123,11,139\nB,6,306,29,303\nC,3,231,11,220\n"
COUNTS = {"ai": [4, 6, 3], "n1i": [123, 306, 231], "ci": [11, 29, 11], "n2i": [139, 303, 220]}
DEATHS = "study,xi,ni\nA,0,32\nB,2,74\nC,1,110\n"
RATIOS = "study,estimate,ci_low,ci_high\nA,0.25,0.11,0.56\nB,0.70,0.40,1.23\n"


@pytest.fixture
def explained(evidence):
    """Explain from a text as a CSV file and return the JSON."""

    def run(text, *options):
        result = evidence("explain", "-", *options, "--json", stdin=text)
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    return run


def test_events_are_searched_as_the_library_searches_them(explained):
    found = explained(TABLES, "--estimate", "0.26", "--ci", "0.14", "0.49")
    expected = explain(**COUNTS, estimate=0.26, ci_low=0.14, ci_high=0.49, labels=list("ABC"))
    assert found["sentence"] == expected.sentence
    assert (found["tried"], found["reproducing"]) == (expected.tried, expected.reproducing)
    assert [one["distance"] for one in found["settings"]] == [
        one.distance for one in expected.settings
    ]


def test_decimals_are_those_that_were_typed(explained):
    found = explained(TABLES, "--estimate", "0.30", "--ci", "0.10", "0.50")
    assert found["decimals"] == 2


def test_ratios_as_printed_are_searched_on_their_scale(explained):
    found = explained(RATIOS, "-m", "HR", "--estimate", "0.44", "--ci", "0.16", "1.19")
    assert found["reproducing"] > 0
    best = found["settings"][0]
    assert (best["measure"], best["test"], best["left_out"]) == ("HR", "z", [])


def test_single_arms_in_per_cent_and_columns_by_name(explained):
    options = ("--estimate", "1.4", "--percent")
    found = explained(DEATHS, *options)
    named = explained(
        DEATHS.replace("xi,ni", "deaths,all"), *options, "--columns", "xi=deaths,ni=all"
    )
    assert named["settings"] == found["settings"]
    assert found["settings"][0]["reproduces"]


def test_the_text_leads_with_the_sentence_and_marks_what_reproduces(evidence):
    result = evidence(
        "explain", "-", "-m", "HR", "--estimate", "0.44", "--ci", "0.16", "1.19", stdin=RATIOS
    )
    first, _, *rest = result.stdout.splitlines()
    assert "settings reproduce 0.44 (0.16 to 1.19)" in first
    assert rest[1].startswith("  = ")


def test_two_files_are_compared_step_by_step(evidence, tmp_path):
    for name, text in (("old.csv", RATIOS), ("new.csv", RATIOS + "C,0.9,0.5,1.62\n")):
        (tmp_path / name).write_text(text)
    files = [str(tmp_path / name) for name in ("old.csv", "new.csv")]
    options = ["-m", "HR", "--against", files[1], "--policy", "metafor"]
    result = evidence("explain", files[0], *options, "--against-policy", "stata", "--json")
    found = json.loads(result.stdout)
    assert [step["what"] for step in found["steps"]] == ["studies", "prediction interval"]
    assert found["steps"][0]["words"] == "with C"
    assert found["unexplained"] == 0.0
    shown = evidence("explain", files[0], *options).stdout
    assert "Most of it is due to studies." in shown


def test_either_a_published_result_or_another_file_is_needed(evidence):
    for options in ((), ("--estimate", "0.5", "--against", "other.csv")):
        result = evidence("explain", "-", *options, stdin=RATIOS)
        assert result.exit_code == 2
        assert "--against" in result.output


@pytest.mark.parametrize(
    ("text", "options", "words"),
    [
        (TABLES, ("--estimate", "a third"), "'a third'"),
        (TABLES, ("--estimate", "0.5", "--subsets", "some"), "some"),
        (RATIOS, ("--estimate", "0.5"), "--measure"),
        (TABLES, ("--estimate", "0.5", "--ci", "0.6", "0.7"), "outside"),
    ],
)
def test_nonsense_is_refused_without_a_traceback(evidence, text, options, words):
    result = evidence("explain", "-", *options, stdin=text)
    assert result.exit_code == 2
    assert words in result.output
