import pytest

from evidence.effects.own_effects import own_numbers
from evidence.errors import BadInput
from evidence.outcomes import study_table

TABLE = b"study,ai,n1i,ci,n2i,note\nA,4,123,11,139,x\nB,6,306,29,303,y\n"
RATIOS = b"study,estimate,ci_low,ci_high\nA,0.5,0.25,1.6\nB,0.7,0.4,1.225\n"


def numbers(content, measure=None, **options):
    return own_numbers(study_table("s.csv", content), measure, **{"chosen": {}, **options})


def test_numbers_of_a_measure_keep_their_places():
    found = numbers(TABLE, "RR")
    assert found.columns == {"ai": [4, 6], "n1i": [123, 306], "ci": [11, 29], "n2i": [139, 303]}
    assert found.labels == ["A", "B"]
    assert found.studies[1].numbers["n2i"].address == "given:s.csv:3:5"
    assert (found.file, found.is_single_arm) == ("s.csv", False)


@pytest.mark.parametrize(
    ("content", "measure", "single"),
    [(b"xi,ni\n1,9\n", "PLO", True), (b"xi,mi\n1,9\n", "PFT", True), (b"xi,ti\n1,9\n", "IR", True),
     (b"yi,vi\n1,9\n", "PLO", False), (b"mi,sdi,ni\n1,9,9\n", "MN", False)],
)  # fmt: skip
def test_single_arms_are_those_with_counts(content, measure, single):
    assert numbers(content, measure).is_single_arm is single


@pytest.mark.parametrize(
    ("content", "measure", "message"),
    [
        (TABLE, None, "Say which with {}measure: RR, OR, RD"),
        (b"study\nA\n", None, "name them: {}columns ai=HEADER"),
        (TABLE, "IRR", "name them: {}columns ai=HEADER"),
        (b"yi,vi,xi,ti\n1,1,1,9\n", "IR", "Say which: {0}columns xi,ti or {0}columns yi,vi."),
    ],
)
@pytest.mark.parametrize("sign", ["", "--"])
def test_advice_names_options_as_the_caller_writes_them(content, measure, message, sign):
    with pytest.raises(BadInput) as refused:
        numbers(content, measure, sign=sign)
    assert f" {message.format(sign)}" in str(refused.value)


def test_an_asymmetric_interval_is_named_at_its_level():
    (caution,) = numbers(RATIOS, "HR").cautions(level=0.95)
    assert caution.startswith("The interval of A is less symmetric")
    assert numbers(TABLE, "RR").cautions(level=0.95) == ()
