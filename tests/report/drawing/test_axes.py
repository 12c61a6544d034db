"""Axes of forest plots: what they hold, and that their labels can be read."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence.errors import BadInput
from evidence.report.drawing.axes import MOST, NARROWEST_PLOT, Axis, choose_axis
from evidence.report.drawing.lettering import width_of

#: The axis is described by logs of decimal numbers, which are rounded once.
ROUNDING = 1e-12


def log_axis(*intervals: tuple[float, float, float], **pooled: list[float]) -> Axis:
    """Axis for ratios, each with its bounds."""
    low, middle, high = np.log(np.array(intervals)).T.tolist()
    logs = {name: np.log(values).tolist() for name, values in pooled.items()}
    return choose_axis(middle, low, high, **logs, scale="log", null=0.0)


def test_ratios_have_the_usual_ticks():
    axis = log_axis((0.11, 0.3, 0.9), (0.2, 1.1, 4.5))
    assert axis.labels == ("0.1", "0.2", "0.5", "1", "2", "5")
    assert axis.ticks == pytest.approx(
        [math.log(float(text)) for text in axis.labels], abs=ROUNDING
    )


def test_ratios_close_to_one_have_close_ticks():
    assert log_axis((0.85, 0.9, 1.0), (0.95, 1.05, 1.2)).labels == ("0.9", "1", "1.1", "1.2")


def test_a_wide_range_has_one_tick_for_some_decades():
    labels = log_axis((1e-6, 1e-4, 1e-2), (1e2, 1e4, 1e6)).labels
    assert "1" in labels
    assert len(labels) <= MOST


def test_a_whisker_that_dwarfs_the_rest_is_cut():
    axis = log_axis((0.5, 0.7, 0.9), (0.6, 0.8, 1.0), (0.001, 0.7, 500.0))
    assert math.exp(axis.low) > 0.1
    assert math.exp(axis.high) < 10


def test_a_whisker_that_is_a_little_longer_is_not_cut():
    assert math.exp(log_axis((0.5, 0.7, 0.9), (0.6, 0.8, 1.0), (0.4, 0.7, 1.3)).high) >= 1.3


def test_a_prediction_interval_may_be_longer_than_a_whisker():
    studies = [(0.5, 0.7, 0.9), (0.6, 0.8, 1.0)]
    axis = log_axis(*studies, pooled_low=[0.35], pooled_high=[1.8])
    assert axis.low <= math.log(0.35)
    assert axis.high >= math.log(1.8)


def test_proportions_run_from_0_to_100_percent_unless_all_are_small():
    usual = choose_axis([0.2, 0.8], [0.1, 0.6], [0.4, 0.95], scale="proportion", null=None)
    assert (usual.low, usual.high) == (0.0, 1.0)
    assert usual.labels == ("0", "20", "40", "60", "80", "100")
    rare = choose_axis([0.01], [0.0], [0.028], scale="proportion", null=None)
    assert (rare.low, rare.high, rare.labels) == (0.0, 0.03, ("0", "1", "2", "3"))


def test_differences_have_round_ticks_with_the_same_decimals_and_a_typographic_minus():
    axis = choose_axis([-0.7], [-1.6], [0.2], scale="identity", null=0.0)
    assert axis.labels == ("−1.5", "−1.0", "−0.5", "0", "0.5")


def test_an_axis_on_which_few_labels_have_room_is_widened_to_three_of_them():
    axis = choose_axis([-0.07], [-0.16], [0.02], scale="identity", null=0.0)
    assert axis.labels == ("−0.2", "−0.1", "0", "0.1")
    assert (axis.low, axis.high) == (-0.2, 0.1)


def test_an_axis_without_estimates_is_there_all_the_same():
    assert choose_axis([], scale="log", null=0.0).labels == (
        "0.1",
        "0.2",
        "0.5",
        "1",
        "2",
        "5",
        "10",
    )
    assert choose_axis([], scale="proportion", null=None).high == 1.0


def test_there_is_room_on_both_sides_of_the_null_value():
    axis = log_axis((0.2, 0.3, 0.5))
    assert axis.high >= 0.15 * (axis.high - axis.low)


@settings(max_examples=50, deadline=None, derandomize=True)
@given(
    st.lists(st.tuples(st.floats(-9, 9), st.floats(0, 9)), min_size=1, max_size=9),
    st.sampled_from(["log", "identity"]),
    st.sampled_from([0.0, None]),
    st.sampled_from([1e-4, 1.0]),
)
def test_the_axis_holds_every_estimate_and_its_labels_keep_apart(effects, scale, null, unit):
    middle = [unit * y for y, _ in effects]
    low = [unit * (y - half) for y, half in effects]
    high = [unit * (y + half) for y, half in effects]
    axis = choose_axis(middle, low, high, scale=scale, null=null)
    assert axis.low <= min(middle)
    assert max(middle) <= axis.high
    assert null is None or axis.low < null < axis.high
    assert all(axis.low <= tick <= axis.high for tick in axis.ticks)
    assert 1 <= len(axis.ticks) == len(set(axis.labels)) <= MOST
    at = np.array(axis.ticks) * NARROWEST_PLOT / (axis.high - axis.low)
    half = np.array([width_of(text) / 2 for text in axis.labels])
    assert np.all(at[1:] - half[1:] > at[:-1] + half[:-1])


def test_nonsense_is_refused_with_advice():
    with pytest.raises(BadInput, match="nan is not finite"):
        choose_axis([math.nan], scale="log", null=0.0)
    with pytest.raises(BadInput, match="in pairs"):
        choose_axis([0.1], [0.0], scale="log", null=0.0)
    with pytest.raises(BadInput, match="none of log"):
        choose_axis([0.1], scale="ratio", null=0.0)
