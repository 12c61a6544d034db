"""Dates and numbers give the same order, and what is neither is refused."""

from datetime import date

import numpy as np
import pytest

from evidence.errors import BadInput, EmptySelection, UnknownName
from evidence.synthesis.inputs.study_order import order_studies

LABELS = ("A", "B", "C")


def test_years_that_are_objects_are_years_and_not_days():
    as_objects = order_studies(np.array([2003, 2001, 2001], dtype=object), LABELS)
    assert as_objects.names == order_studies([2003, 2001, 2001], LABELS).names == ("2001", "2003")
    dates = np.array([date(2003, 1, 1), date(2001, 1, 1), date(2001, 1, 1)], dtype=object)
    assert order_studies(dates, LABELS).names == ("2001-01-01", "2003-01-01")


@pytest.mark.parametrize(
    "order",
    [
        [2001, [2002, 2003], 2004],
        np.array([2001, None, 2003], dtype=object),
        np.array([10**400, 1, 2], dtype=object),
        [2001, 2002],
        "2001",
        ["2001-01-01", "soon", "2003-01-01"],
    ],
)
def test_what_is_no_date_is_refused(order):
    with pytest.raises(BadInput, match="Give one year or date for each study"):
        order_studies(order, LABELS)


def test_other_nonsense_is_refused():
    with pytest.raises(EmptySelection, match="there are none"):
        order_studies([], [])
    with pytest.raises(UnknownName, match="same date"):
        order_studies([1, 2, 3], LABELS, ["together"])
    with pytest.raises(BadInput, match="Names of the studies"):
        order_studies([1, 2, 3], 3)


def test_each_look_has_its_own_studies_and_all_earlier_ones():
    found = order_studies([2003, 2001, 2003, 1999], list("abcd"))
    assert found.added == ((3,), (1,), (0, 2))
    for look in range(len(found.added)):
        inside = {place for members in found.added[: look + 1] for place in members}
        assert set(np.flatnonzero(found.present[:, look])) == inside
