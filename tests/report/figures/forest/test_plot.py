"""Forest plots, checked by the coordinates and texts of their SVG."""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass, replace
from io import BytesIO
from itertools import combinations
from xml.etree import ElementTree as ET

import matplotlib as mpl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from evidence.errors import BadInput, Caution
from evidence.report.figures.forest.plot import (
    ForestPlot,
    ForestRow,
    choose_limits,
    choose_ticks,
    draw_forest_plot,
)
from evidence.report.figures.forest.records import all_texts
from evidence.report.record import Figure, Named, Shown, Text, plain, read_svg

#: Coordinates are written with three decimals.
WRITTEN = 1.5e-3
SVG = "{http://www.w3.org/2000/svg}"
POINTS_17_CM, POINTS_25_CM = 17 / 2.54 * 72, 25 / 2.54 * 72


class Numbers:
    """Hands out ids as the ledger does."""

    def __init__(self) -> None:
        self.count = 0

    def shown(self, text: str) -> Shown:
        self.count += 1
        return Shown(f"n{self.count}", text)

    def named(self, text: str) -> Named:
        self.count += 1
        return Named(f"t{self.count}", text)


def interval(ids: Numbers, low: float, high: float) -> Text:
    return ("(", ids.shown(f"{math.exp(low):.2f}"), " to ", ids.shown(f"{math.exp(high):.2f}"), ")")


def study(ids: Numbers, label: str, yi: float, half: float, weight: float | None) -> ForestRow:
    return ForestRow(
        label=(label if label.isalpha() else ids.named(label),),
        columns=(
            (ids.shown("12"), "/", ids.shown("120")),
            (ids.shown("20"), "/", ids.shown("118")),
        ),
        estimate=yi,
        ci_low=yi - half,
        ci_high=yi + half,
        weight=weight,
        estimate_text=(ids.shown(f"{math.exp(yi):.2f}"), " ", *interval(ids, yi - half, yi + half)),
        weight_text=() if weight is None else (ids.shown(f"{100 * weight:.1f}"), "%"),
    )


def summary(ids: Numbers, yi: float, half: float) -> ForestRow:
    return replace(study(ids, "Summary", yi, half, None), columns=(), kind="summary")


def prediction(ids: Numbers, low: float, high: float) -> ForestRow:
    return ForestRow(
        label=("Prediction interval",),
        ci_low=low,
        ci_high=high,
        estimate_text=interval(ids, low, high),
        kind="prediction",
    )


def plot_of(rows: list[ForestRow], **changes: object) -> ForestPlot:
    low, high = choose_limits(rows, "log", 0.0)
    ticks = choose_ticks(rows, "log", 0.0)
    plot = ForestPlot(
        id="relapse",
        number=("Figure ", Named("t1001", "1")),
        title=("Relapse",),
        alt=("Forest plot",),
        column_headers=(("Study",), ("Alemtuzumab n/N",), ("Interferon n/N",)),
        estimate_header=("Risk ratio (", Named("t1002", "95%"), " CI)"),
        weight_header=("Weight",),
        rows=tuple(rows),
        scale="log",
        null=0.0,
        axis_label=("Risk ratio (log scale)",),
        favours=(("Favours alemtuzumab",), ("Favours interferon",)),
        footer=(("Heterogeneity: I² = ", Shown("n9001", "62.1"), "%"),),
        ticks=tuple((at, (Named(f"t{2000 + i}", text),)) for i, (at, text) in enumerate(ticks)),
        limits=(low, high),
    )
    return replace(plot, **changes)


def usual_plot(**changes: object) -> ForestPlot:
    ids = Numbers()
    effects = [(-0.6, 0.3, 0.5), (-0.2, 0.5, 0.3), (0.1, 0.8, 0.2)]
    rows = [study(ids, f"Trial {i}", *effect) for i, effect in enumerate(effects)]
    plot = plot_of([*rows, summary(ids, -0.3, 0.3), prediction(ids, -0.9, 0.4)])
    return replace(plot, **changes)


# reading the SVG


@dataclass(frozen=True)
class Box:
    text: str
    left: float
    right: float
    baseline: float
    size: float

    def touches(self, other: Box) -> bool:
        apart = abs(self.baseline - other.baseline) >= 0.95 * min(self.size, other.size)
        return not apart and min(self.right, other.right) - max(self.left, other.left) > 0.01


def root_of(figure: Figure) -> ET.Element:
    return ET.fromstring(figure.svg)


def shapes(figure: Figure, name: str) -> list[list[tuple[float, float]]]:
    paths = [path for path in root_of(figure).iter(f"{SVG}path") if path.get("class") == name]
    found = [re.findall(r"(-?[\d.]+) (-?[\d.]+)", path.get("d", "")) for path in paths]
    return [[(float(x), float(y)) for x, y in points] for points in found]


def boxes(figure: Figure) -> list[Box]:
    texts = [text for text in root_of(figure).iter(f"{SVG}text") if (text.text or "").strip()]
    return [
        Box(
            text=text.text or "",
            left=float(text.get("x", "")),
            right=float(text.get("x", "")) + float(text.get("textLength", "")),
            baseline=float(text.get("y", "")),
            size=float(text.get("font-size", "")),
        )
        for text in texts
    ]


def paper(figure: Figure) -> tuple[float, float]:
    _, _, width, height = root_of(figure).get("viewBox", "").split()
    return float(width), float(height)


def axis_ends(figure: Figure) -> tuple[float, float]:
    ((left, _), (right, _)) = shapes(figure, "axis")[0]
    return left, right


def place(figure: Figure, plot: ForestPlot, position: float) -> float:
    left, right = axis_ends(figure)
    low, high = plot.limits
    return left + (position - low) / (high - low) * (right - left)


def middle(points: list[tuple[float, float]]) -> tuple[float, float]:
    xs, ys = zip(*points, strict=True)
    return (min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2


def side(points: list[tuple[float, float]]) -> float:
    return max(x for x, _ in points) - min(x for x, _ in points)


# marks


def test_squares_and_ticks_stand_where_their_values_are():
    plot = usual_plot()
    figure = draw_forest_plot(plot)
    studies = [row for row in plot.rows if row.kind == "study"]
    squares = shapes(figure, "square")
    assert len(squares) == len(studies)
    for row, square, whisker in zip(studies, squares, shapes(figure, "whisker"), strict=True):
        assert middle(square)[0] == pytest.approx(place(figure, plot, row.estimate), abs=WRITTEN)
        ends = [place(figure, plot, bound) for bound in row.ci]
        assert [x for x, _ in whisker] == pytest.approx(ends, abs=WRITTEN)
        assert whisker[0][1] == pytest.approx(middle(square)[1], abs=WRITTEN)
    for (position, _), tick in zip(plot.ticks, shapes(figure, "tick"), strict=True):
        assert tick[0][0] == pytest.approx(place(figure, plot, position), abs=WRITTEN)
    assert shapes(figure, "null")[0][0][0] == pytest.approx(place(figure, plot, 0.0), abs=WRITTEN)


def test_areas_of_squares_are_in_the_ratio_of_the_weights():
    areas = [side(square) ** 2 for square in shapes(draw_forest_plot(usual_plot()), "square")]
    assert areas[0] / areas[1] == pytest.approx(0.5 / 0.3, rel=1e-3)
    assert areas[0] / areas[2] == pytest.approx(0.5 / 0.2, rel=1e-3)


def test_the_diamond_and_the_prediction_bar_span_their_intervals():
    plot = usual_plot()
    figure = draw_forest_plot(plot)
    low, top, high, bottom = shapes(figure, "diamond")[0]
    expected = [place(figure, plot, value) for value in (-0.6, -0.3, 0.0, -0.3)]
    assert [low[0], top[0], high[0], bottom[0]] == pytest.approx(expected, abs=WRITTEN)
    bar = shapes(figure, "prediction")[0]
    ends = [place(figure, plot, -0.9), place(figure, plot, 0.4)]
    assert [min(x for x, _ in bar), max(x for x, _ in bar)] == pytest.approx(ends, abs=WRITTEN)
    assert bar[0][1] > bottom[1]
    assert not shapes(figure, "arrow")


def test_an_interval_that_leaves_the_axis_ends_in_an_arrow():
    plot = usual_plot(limits=(-0.65, 0.5), ticks=((0.0, ("one",)),))
    figure = draw_forest_plot(plot)
    left, right = axis_ends(figure)
    tips = Counter(arrow[0][0] for arrow in shapes(figure, "arrow"))
    # the lower bounds are -0.9, -0.7 and -0.7, and -0.9 of the prediction interval
    assert tips == {left: 4, right: 1}


def test_a_study_that_is_all_off_the_axis_is_an_arrow_and_no_square():
    plot = usual_plot(limits=(-0.1, 2.0), ticks=((0.0, ("one",)),), rows=usual_plot().rows[:1])
    plot = replace(plot, rows=(replace(plot.rows[0], estimate=-3.0, ci_low=-4.0, ci_high=-2.0),))
    figure = draw_forest_plot(plot)
    left, _ = axis_ends(figure)
    assert not shapes(figure, "square")
    assert [arrow[0][0] for arrow in shapes(figure, "arrow")] == [left]
    assert all(x >= left for x, _ in shapes(figure, "whisker")[0])


def test_a_diamond_is_cut_at_the_ends_of_the_axis():
    ids = Numbers()
    rows = [study(ids, "A", 0.1, 0.2, 1.0), summary(ids, 0.1, 9.0)]
    plot = plot_of(rows, limits=(-1.0, 1.0), ticks=((0.0, ("one",)),))
    figure = draw_forest_plot(plot)
    left, right = axis_ends(figure)
    xs = [x for x, _ in shapes(figure, "diamond")[0]]
    assert (min(xs), max(xs)) == pytest.approx((left, right), abs=WRITTEN)
    assert len(shapes(figure, "arrow")) == 2


def test_a_study_without_weight_has_an_open_square_among_weighted_ones():
    ids = Numbers()
    rows = [study(ids, "A", 0.1, 0.2, 1.0), study(ids, "B", 0.2, 0.2, None)]
    svg = draw_forest_plot(plot_of(rows)).svg
    fills = re.findall(r'class="square" d="[^"]*" fill="([^"]*)"', svg)
    assert fills[1] == "#ffffff" != fills[0]
    unweighted = draw_forest_plot(plot_of([replace(row, weight=None) for row in rows]))
    fills = re.findall(r'class="square" d="[^"]*" fill="([^"]*)"', unweighted.svg)
    assert fills[0] == fills[1] != "#ffffff"


def test_a_square_too_small_to_see_has_a_tick():
    ids = Numbers()
    rows = [study(ids, "A", 0.1, 0.2, 0.999), study(ids, "B", 0.2, 0.9, 0.001)]
    figure = draw_forest_plot(plot_of(rows))
    assert len(shapes(figure, "estimate")) == 1


# texts


def written(plot: ForestPlot) -> Counter[tuple[str, str]]:
    """Ids and texts of the spans that are drawn."""
    spans = [span for text in all_texts(plot) for span in text if not isinstance(span, str)]
    return Counter((span.id, span.text) for span in spans)


def test_every_number_and_name_stands_in_its_own_group_once_for_each_time_it_is_given():
    plot = usual_plot()
    again = plot.rows[0].weight_text
    plot = replace(plot, footer=(*plot.footer, ("The largest weight is ", *again, ".")))
    figure = draw_forest_plot(plot)
    seen = read_svg(figure.svg)
    assert Counter((*seen.numbers, *seen.names)) == written(plot)
    assert seen.orphans == ()
    ids = [group.get("id") for group in root_of(figure).iter(f"{SVG}g")]
    assert len(ids) == len(set(ids)) == sum(written(plot).values())
    assert {f"{again[0].id}-1", f"{again[0].id}-2"} <= set(ids)


def test_plain_words_are_all_there_and_have_no_id():
    plot = usual_plot()
    figure = draw_forest_plot(plot)
    everything = "".join(box.text for box in boxes(figure)).replace(" ", "")
    for text in all_texts(plot):
        assert plain(text).replace(" ", "") in everything
    assert all(group.get("id", "")[0] in "nt" for group in root_of(figure).iter(f"{SVG}g"))


def test_a_long_name_is_wrapped_within_its_group_and_reads_as_it_was_given():
    name = (
        "Small open-label trial of alemtuzumab 24 mg in patients with early active disease (2015)"
    )
    ids = Numbers()
    rows = [replace(study(ids, "A", -0.3, 0.4, 1.0), label=(Named("t5", name),))]
    figure = draw_forest_plot(plot_of(rows))
    assert ("t5", name) in read_svg(figure.svg).names
    group = next(g for g in root_of(figure).iter(f"{SVG}g") if g.get("id") == "t5-1")
    assert len(group) > 1


def test_rows_with_the_same_label_are_all_drawn():
    ids = Numbers()
    rows = [study(ids, "Same", -0.1 * i, 0.3, 0.2) for i in range(5)]
    figure = draw_forest_plot(plot_of(rows))
    assert [box.text for box in boxes(figure)].count("Same") == 5
    assert len(shapes(figure, "square")) == 5


def test_a_study_without_estimate_keeps_its_row():
    ids = Numbers()
    silent = ForestRow(label=("Silent",), columns=(("none",), ("none",)), estimate_text=("–",))
    figure = draw_forest_plot(plot_of([study(ids, "A", 0.1, 0.3, 1.0), silent]))
    assert "Silent" in [box.text for box in boxes(figure)]
    assert len(shapes(figure, "square")) == 1


def test_there_is_a_bar_only_if_there_is_a_prediction_interval():
    ids = Numbers()
    figure = draw_forest_plot(plot_of([study(ids, "A", 0.1, 0.3, 1.0), summary(ids, 0.1, 0.3)]))
    assert not shapes(figure, "prediction")
    assert len(shapes(figure, "diamond")) == 1


def test_signs_that_mean_something_to_xml_or_to_matplotlib_are_shown_as_they_are():
    ids = Numbers()
    odd = 'A & B <C> "$x^2$" \\alpha'
    rows = [replace(study(ids, "A", 0.1, 0.3, 1.0), label=(Named("t5", odd),))]
    assert ("t5", odd) in read_svg(draw_forest_plot(plot_of(rows)).svg).names


def test_a_sign_that_the_font_lacks_is_announced():
    ids = Numbers()
    rows = [replace(study(ids, "A", 0.1, 0.3, 1.0), label=("試験",))]
    with pytest.warns(Caution, match="Latin"):
        draw_forest_plot(plot_of(rows))


# layout


def crowded_plot(k: int, label: str = "Trial", **changes: object) -> ForestPlot:
    ids = Numbers()
    rows = [ForestRow(label=("Patients who had not been treated before",), kind="group")]
    for i in range(k):
        rows.append(study(ids, f"{label} {i} ({1960 + i})", -0.6 + 0.02 * i, 0.2 + 0.05 * i, 1 / k))
    rows += [summary(ids, -0.4, 0.1), prediction(ids, -1.2, 0.5)]
    note = "Heterogeneity between the trials is large, and the summary is to be read with caution"
    rows.append(ForestRow(label=(note,), kind="note"))
    return plot_of(rows, **changes)


def assert_clean(figure: Figure) -> None:
    """No text over another, over the marks, or off the paper."""
    width, height = paper(figure)
    found = boxes(figure)
    for box in found:
        assert box.left >= 0, box
        assert box.right <= width, box
        assert box.size < box.baseline + 0.5 * box.size <= height + 0.3 * box.size, box
    by_line = sorted(found, key=lambda box: box.baseline)
    clashes = [(a, b) for a, b in combinations(by_line, 2) if a.touches(b)]
    assert not clashes
    left, _ = axis_ends(figure)
    floor = shapes(figure, "axis")[0][0][1]
    for name in ("square", "whisker", "diamond", "arrow", "prediction"):
        for points in shapes(figure, name):
            assert min(x for x, _ in points) >= left - 6
            assert max(x for x, _ in points) <= width
            assert max(y for _, y in points) <= floor
    beside = [box for box in found if box.baseline < floor]
    assert max(box.right for box in beside) <= left - 6


@pytest.mark.parametrize("k", [1, 2, 7, 23, 40, 60])
def test_no_text_overlaps_another_or_leaves_the_paper(k):
    figure = draw_forest_plot(crowded_plot(k))
    assert_clean(figure)
    assert figure.width_cm == 17.0
    assert len(shapes(figure, "square")) == k


@pytest.mark.parametrize(
    "changes",
    [
        {"favours": None, "footer": ()},
        {"weight_header": (), "axis_label": ("A label that is long " * 6,)},
        {"favours": (("Favours a treatment with a very long name " * 2,), ("Worse",))},
        {"column_spanners": ((), ("Patients with a relapse",), ("Patients with a relapse",))},
        {"column_spanners": (("A header that needs much room over a column",), (), ())},
        {"estimate_header": ("Risk ratio, inverse variance, random effects, per cent",)},
        {"footer": (("A footnote that goes on and on " * 9,),) * 3},
        {"ticks": tuple((0.01 * i, ("one hundred thousand",)) for i in range(6))},
    ],
)
def test_long_texts_find_room(changes):
    assert_clean(draw_forest_plot(crowded_plot(4, **changes)))


@pytest.mark.parametrize("label", ["A" * 90, "A trial with a long name " * 8, "x"])
def test_long_labels_find_room(label):
    assert_clean(draw_forest_plot(crowded_plot(5, label=label)))


def test_a_plot_with_many_columns_is_turned_and_one_with_more_is_widened():
    ids = Numbers()
    for count, least in ((5, POINTS_25_CM - 1), (30, POINTS_25_CM + 1)):
        row = study(ids, "A", -0.3, 0.4, 1.0)
        row = replace(row, columns=((Shown("n1", "123456/123456"),),) * count)
        headers = (("Study",), *((("Header",),) * count))
        figure = draw_forest_plot(plot_of([row], column_headers=headers))
        assert_clean(figure)
        assert paper(figure)[0] >= least
    assert figure.width_cm == pytest.approx(paper(figure)[0] / 72 * 2.54, abs=0.01)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(
    st.lists(
        st.tuples(
            st.text("abc XYZ-/&", max_size=60), st.floats(-6, 6), st.floats(0, 9), st.floats(0, 1)
        ),
        min_size=1,
        max_size=12,
    )
)
def test_whatever_the_studies_every_row_is_drawn_and_nothing_overlaps(studies):
    ids = Numbers()
    rows = [replace(study(ids, "A", y, h, w), label=(label,)) for label, y, h, w in studies]
    figure = draw_forest_plot(plot_of(rows))
    assert_clean(figure)
    assert len(shapes(figure, "square")) == len(rows)


def test_nothing_is_smaller_than_eight_points_on_paper():
    assert min(box.size for box in boxes(draw_forest_plot(crowded_plot(60)))) >= 8.0


def test_headers_shared_by_neighbours_are_written_once():
    spanner = ("Patients with a relapse",)
    figure = draw_forest_plot(usual_plot(column_spanners=((), spanner, spanner)))
    words = " ".join(box.text.strip() for box in boxes(figure))
    assert words.count("Patients") == 1
    assert len(shapes(figure, "rule")) == 2


# files


def test_the_same_plot_gives_the_same_bytes_whatever_the_global_settings():
    first = draw_forest_plot(usual_plot())
    with mpl.rc_context({"lines.linewidth": 9, "path.sketch": (1, 100, 2), "savefig.dpi": 30}):
        second = draw_forest_plot(usual_plot())
    assert first.svg == second.svg
    assert first.png == second.png


def test_global_settings_are_left_alone():
    before = dict(mpl.rcParams)
    draw_forest_plot(usual_plot())
    assert dict(mpl.rcParams) == before


def test_the_png_shows_the_paper_at_220_dots_per_inch():
    figure = draw_forest_plot(usual_plot())
    image = Image.open(BytesIO(figure.png))
    width, height = paper(figure)
    assert image.size == (int(width / 72 * 220), int(height / 72 * 220))
    assert width == pytest.approx(POINTS_17_CM, abs=WRITTEN)
    assert set(image.info) <= {"dpi"}


def test_the_figure_keeps_what_is_said_about_it():
    plot = usual_plot()
    figure = draw_forest_plot(plot)
    assert (figure.id, figure.number, figure.title, figure.alt) == (
        plot.id,
        plot.number,
        plot.title,
        plot.alt,
    )


# refusals


def first_row(**changes: object) -> ForestPlot:
    plot = usual_plot()
    return replace(plot, rows=(replace(plot.rows[0], **changes), *plot.rows[1:]))


@pytest.mark.parametrize(
    ("plot", "advice"),
    [
        (lambda: usual_plot(rows=()), "at least one study"),
        (lambda: usual_plot(limits=(1.0, -1.0)), "not two numbers in order"),
        (lambda: usual_plot(limits=(math.nan, 1.0)), "not two numbers in order"),
        (lambda: usual_plot(null=9.0), "null 9.0 is outside"),
        (lambda: usual_plot(null=None), "no null value"),
        (lambda: usual_plot(ticks=((9.0, ("far",)),)), "tick 'far'"),
        (lambda: usual_plot(scale="ratio"), "none of log"),
        (lambda: usual_plot(column_headers=()), "header of the labels"),
        (lambda: usual_plot(column_headers=(("Study",),)), "2 cells and the plot has 0"),
        (lambda: usual_plot(column_spanners=((),)), "one for each"),
        (lambda: first_row(estimate=math.nan), "has estimate nan"),
        (lambda: first_row(ci_high=math.inf), "has ci_high inf"),
        (lambda: first_row(estimate=5.0), "out of order"),
        (lambda: first_row(ci_low=None), "one bound"),
        (lambda: first_row(weight=50.0), "not a percentage"),
        (lambda: first_row(weight=-0.1), "part of 1"),
        (lambda: first_row(kind="note"), "has numbers to draw"),
        (lambda: first_row(kind="summary", ci_low=None, ci_high=None), "both bounds"),
        (lambda: first_row(kind="prediction", ci_low=None, ci_high=None), "leave the row out"),
        (lambda: first_row(label=("two\nlines",)), "line break"),
    ],
)
def test_nonsense_is_refused_with_advice(plot, advice):
    with pytest.raises(BadInput, match=re.escape(advice)):
        draw_forest_plot(plot())


def test_a_percentage_given_as_a_proportion_is_refused():
    row = ForestRow(label=("A",), estimate=55.0, ci_low=40.0, ci_high=60.0)
    changes = {"scale": "proportion", "null": None, "favours": None, "rows": (row,)}
    with pytest.raises(BadInput, match="proportion is a part of 1"):
        draw_forest_plot(usual_plot(**changes, limits=(0.0, 1.0), ticks=()))


def test_all_faults_are_told_at_once():
    plot = replace(first_row(weight=50.0, estimate=math.nan), favours=None, limits=(2.0, 1.0))
    with pytest.raises(BadInput) as refusal:
        draw_forest_plot(plot)
    assert len(refusal.value.problems) == 2
