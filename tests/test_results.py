import math
from collections.abc import Mapping
from dataclasses import FrozenInstanceError, dataclass
from typing import ClassVar

import numpy as np
import pytest

from evidence.results import (
    PRINTED_ROWS,
    PRINTED_WIDTH,
    Result,
    ResultOfColumns,
    frame_of,
    with_bounds,
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OneRow(Result):
    estimate: float
    df: float | None
    weights: np.ndarray
    decisions: tuple[str, ...]

    OMITTED = ("weights",)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ByStudy(ResultOfColumns):
    effect: np.ndarray
    labels: tuple[str, ...]
    method: str = "REML"

    COLUMNS = ("effect",)
    INDEX = "labels"


ONE = OneRow(estimate=1 / 3, df=None, weights=np.ones(4), decisions=("First.", "Second."))


def test_a_row_has_a_cell_for_each_field_that_is_not_omitted():
    frame = ONE.to_frame()
    assert frame.columns.tolist() == ["estimate", "df", "decisions"]
    assert frame.loc[0, "estimate"] == 1 / 3
    assert frame.loc[0, "decisions"] == "First. Second."


def test_print_shows_four_digits_and_nothing_where_there_is_nothing():
    assert str(ONE).splitlines() == [
        "OneRow",
        "  estimate   0.3333",
        "  decisions  First. Second.",
    ]


def test_a_result_is_a_frozen_record_without_a_dictionary():
    with pytest.raises(FrozenInstanceError):
        ONE.estimate = 2.0
    assert not hasattr(ONE, "__dict__")
    assert repr(ONE).startswith("OneRow(estimate=0.333")


def test_columns_have_a_row_for_each_study():
    result = ByStudy(effect=np.array([0.5, math.nan]), labels=("A", "B"))
    frame = result.to_frame()
    assert (frame.index.name, frame.index.tolist()) == ("study", ["A", "B"])
    assert frame.columns.tolist() == ["effect"]
    assert [line.split() for line in str(result).splitlines()[1:]] == [
        ["study", "effect"],
        ["A", "0.5"],
        ["B"],
    ]


def test_print_says_what_it_leaves_out():
    @dataclass(frozen=True, slots=True, kw_only=True, eq=False)
    class Wide(ResultOfColumns):
        labels: tuple[str, ...]

        INDEX = "labels"

        def _columns(self):
            return {f"a_column_{i}": np.arange(50.0) for i in range(20)}

    lines = str(Wide(labels=tuple(map(str, range(50))))).splitlines()
    assert max(map(len, lines[:-1])) <= PRINTED_WIDTH + 2
    assert lines[-2] == f"  and {50 - PRINTED_ROWS} more rows"
    assert lines[-1].startswith("  .to_frame() has also: a_column_")
    assert lines[-1].endswith("a_column_19")


def test_texts_are_joined_as_the_class_says():
    @dataclass(frozen=True, slots=True, kw_only=True)
    class Joined(Result):
        left_out: tuple[str, ...]

        JOINED: ClassVar[Mapping[str, str]] = {"left_out": "; "}

    assert Joined(left_out=("A", "B")).to_frame().loc[0, "left_out"] == "A; B"


def test_records_are_rows():
    frame = frame_of([ONE, ONE], ["estimate", "decisions"], {"decisions": "|"})
    assert frame["decisions"].tolist() == ["First.|Second."] * 2
    assert frame_of([], ["estimate"]).columns.tolist() == ["estimate"]


def test_bounds_are_two_columns():
    assert with_bounds({"a": 1, "ci": (2, 3)}, ci="ci") == {"a": 1, "ci_low": 2, "ci_high": 3}
    assert with_bounds({"ci": None}, ci="ci") == {"ci_low": None, "ci_high": None}
