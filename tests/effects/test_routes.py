from itertools import product

import pytest

from evidence.effects.measures import GIVEN, MEASURES, PUBLISHED, find_measure
from evidence.effects.routes import (
    COLUMN_NAMES,
    columns_on,
    find_route,
    names_of,
    open_measures,
    open_routes,
)

WAYS = [
    (name, route, chosen)
    for name, spec in MEASURES.items()
    for route in spec.routes
    for chosen in product(*route)
]


@pytest.mark.parametrize(("name", "route", "chosen"), WAYS)
def test_columns_of_an_open_route_are_arguments_of_that_route(name, route, chosen):
    """Whoever chooses among columns and whoever reads arguments agree on every measure."""
    found = {*chosen, *(["ci_high"] if "ci_low" in chosen else [])}
    spec = find_measure(name)
    assert route in open_routes(spec, found)
    assert find_route(spec, columns_on(route, found)) == route


@pytest.mark.parametrize(("name", "route", "chosen"), WAYS)
def test_a_route_is_closed_as_soon_as_one_number_is_missing(name, route, chosen):
    for missing in chosen:
        assert route not in open_routes(find_measure(name), {*chosen} - {missing})


@pytest.mark.parametrize(
    ("found", "columns"),
    [
        (("estimate", "ci_low", "ci_high"), ["estimate", "ci_low", "ci_high"]),
        (("p_value", "ci_high", "ci_low", "estimate"), ["estimate", "ci_low", "ci_high"]),
        (("p_value", "ci_low", "estimate"), ["estimate", "p_value"]),
        (("p_value", "ci_high", "estimate"), ["estimate", "p_value"]),
    ],
)
def test_a_whole_interval_goes_before_a_p_value(found, columns):
    assert open_routes(find_measure("HR"), found) == (PUBLISHED,)
    assert columns_on(PUBLISHED, found) == columns


@pytest.mark.parametrize("limit", ["ci_low", "ci_high"])
def test_half_an_interval_opens_no_route(limit):
    assert open_routes(find_measure("HR"), ("estimate", limit)) == ()


def test_of_variance_and_standard_error_the_variance_is_used_and_of_counts_all():
    assert columns_on(GIVEN, ("sei", "vi", "yi")) == ["yi", "vi"]
    table = find_measure("RR").needs
    assert columns_on(table, ("di", "ci", "n1i", "bi", "ai")) == ["ai", "bi", "n1i", "ci", "di"]


def test_every_measure_that_columns_allow_is_named():
    assert open_measures(("xi", "ti")) == ["IR", "IRLN", "IRS", "IRFT"]
    assert open_measures(("yi", "vi")) == list(MEASURES)
    assert open_measures(("study",)) == []


def test_a_column_can_have_any_name_that_an_argument_has():
    assert {"ai", "ci_low", "ci_high", "p_value", "vi", "sei", "ti"} <= COLUMN_NAMES
    assert names_of(PUBLISHED) == ("estimate", "ci_low", "ci_high", "p_value")
