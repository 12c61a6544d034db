import pytest

from evidence.errors import BadInput
from evidence.synthesis.inputs.study_sets import MOST_FOR_ALL_SUBSETS, MOST_STUDIES, subsets_of


def test_all_subsets_of_many_studies_are_refused():
    with pytest.raises(BadInput, match="leave-one-out"):
        subsets_of(MOST_FOR_ALL_SUBSETS + 1, "all")


def test_a_subset_of_more_studies_than_that_would_take_hours():
    assert MOST_STUDIES == 22
