"""Numbers, options and names of a call are read, or refused with what was found."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal

from evidence.errors import BadInput
from evidence.input_checks import InputCheck, is_truth, real_number, study_names, whole_number

NAN = float("nan")


@pytest.mark.parametrize(
    "given",
    [
        [1.0, NAN],
        (1, None),
        np.ma.masked_array([1.0, 2.0], mask=[False, True]),
        np.ma.masked_array([1, 2], mask=[False, True]),
        pd.Series([1.0, None], index=[7, 8]),
        pd.Series([1, None], dtype="Int64"),
    ],
)
def test_what_is_masked_or_none_is_missing(given):
    assert_array_equal(InputCheck("A number").array("x", given), [1.0, NAN])


@pytest.mark.parametrize(
    "given",
    [
        [1 + 2j],
        np.array([1 + 2j]),
        np.array(["2020-01-01"], dtype="datetime64[D]"),
        pd.Series(pd.to_datetime(["2020-01-01"])),
        [10**400],
        [[1.0, 2.0], [3.0]],
        ["many"],
        {1.0, 2.0},
        iter([1.0]),
    ],
)
def test_what_is_no_real_number_is_a_fault(given):
    check = InputCheck("A number")
    check.array("x", given)
    with pytest.raises(BadInput, match="x holds something that is not a number"):
        check.refuse()


@pytest.mark.parametrize("given", ["0.9", None, [0.9], 0.9 + 0j, np.array([0.9]), 10**400, NAN])
def test_no_range_holds_what_is_no_real_number(given):
    assert not 0.0 < real_number(given) < 1.0


@pytest.mark.parametrize("given", [2, 2.0, np.float32(2), np.int64(2), np.array(2.0)])
def test_one_number_of_any_type_is_read(given):
    assert real_number(given) == 2.0
    assert whole_number(given, 1, 3)


@pytest.mark.parametrize("given", [0, 4, 2.5, True, "2", None, NAN, float("inf")])
def test_other_than_whole_numbers_of_the_range_are_told(given):
    assert not whole_number(given, 1, 3)


def test_only_true_and_false_are_truths():
    assert is_truth(True)
    assert is_truth(np.False_)
    assert not any(map(is_truth, [0, 1.0, "yes", None, NAN]))


def test_names_are_texts_and_no_number_is_a_list_of_names():
    assert study_names([1, "b"]) == ("1", "b")
    with pytest.raises(BadInput, match="were given as 3"):
        study_names(3)
