"""The forest plot of a fit, as a notebook asks for it."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest

import evidence
from evidence import FigureFile, effect_size, pool, pool_proportions, pool_rates
from evidence.errors import BadInput, UnknownName
from evidence.report.figures.forest.figure import forest_plot

TABLES = {
    "ai": [49, 82, 147, 20, 15],
    "n1i": [222, 376, 426, 170, 90],
    "ci": [45, 75, 104, 29, 14],
    "n2i": [111, 187, 202, 87, 92],
}
NAMES = ["CAMMS223", "CARE-MS I", "CARE-MS II", "Fourth", "Fourth"]


def words(figure: FigureFile) -> list[str]:
    return re.findall(r">([^<>]+)</text>", figure.svg)


def fit_of(measure: str = "RR", **options: object):
    return pool(effect_size(measure, **TABLES, labels=NAMES), **options)


def test_ratios_are_shown_as_ratios_with_their_summary_and_prediction_interval():
    fit = fit_of()
    figure = forest_plot(fit, favours=("Favours alemtuzumab", "Favours interferon"))
    shown = words(figure)
    assert "Risk ratio (95%\u00a0CI)" in shown
    for at in (fit.estimate, fit.ci_low, fit.ci_high):
        assert any(f"{math.exp(at):.2f}" in text for text in shown)
    assert "Random-effects summary" in " ".join(shown).replace("  ", " ")
    assert "95% prediction interval" in shown
    assert any(text.startswith("Heterogeneity: τ² = ") for text in shown)
    assert shown.count("Fourth") == 2


def test_a_fit_without_prediction_interval_or_tau2_says_so_by_their_absence():
    figure = forest_plot(fit_of(policy="common"))
    everything = " ".join(words(figure))
    assert "prediction" not in everything
    assert "τ²" not in everything
    assert "Common-effect" in everything


def test_one_study_has_no_summary():
    figure = forest_plot(pool([0.2], [0.04], labels=["Only"]))
    assert "diamond" not in figure.svg
    assert "One study; nothing was pooled." in words(figure)


def test_differences_stay_as_they_are():
    shown = words(forest_plot(fit_of("RD")))
    assert "Risk difference" in shown
    assert "Ratio" not in " ".join(shown)


def test_effects_without_a_measure_are_logs_if_that_is_said():
    fit = pool(np.log([0.5, 0.7]), [0.04, 0.05])
    assert any("0.50" in text for text in words(forest_plot(fit, transform="exp")))
    assert any(text.startswith("−0.69") for text in words(forest_plot(fit)))


def test_the_scale_of_analysis_is_shown_on_request():
    assert "Risk ratio, log scale" in words(forest_plot(fit_of(), transform="none"))


@pytest.mark.parametrize("measure", ["PLO", "PAS", "PR"])
def test_proportions_are_shown_in_per_cent_by_both_routes(measure):
    summary = pool_proportions([9, 12, 30], [20, 30, 40], transform=measure)
    expected = f"{100 * summary.estimate:.1f} ({100 * summary.ci_low:.1f}"
    for fit in (summary, summary.fit):
        shown = words(forest_plot(fit))
        assert any(text.startswith(expected) for text in shown)
        assert "Proportion (%)" in shown


@pytest.mark.parametrize("measure", ["PFT", "PLN"])
def test_every_transformation_of_a_proportion_has_a_plot(measure):
    summary = pool_proportions([0, 12, 30], [20, 30, 40], transform=measure)
    for fit in (summary, summary.fit):
        assert forest_plot(fit).svg.count('class="square"') == 3


def test_rates_are_shown_as_rates():
    shown = words(forest_plot(pool_rates([3, 0, 5], [200, 300, 400])))
    assert "Incidence rate" in shown


def test_further_columns_and_other_labels_are_shown():
    figure = forest_plot(fit_of(), labels=list("ABCDE"), columns={"Year": range(2001, 2006)})
    shown = words(figure)
    assert {"A", "E", "Year", "2001", "2005"} <= set(shown)


def test_a_title_stands_above_and_names_the_drawing():
    figure = forest_plot(fit_of(), title="Relapse at 2 years & later")
    assert words(figure)[0] == "Relapse at 2 years &amp; later"
    assert 'aria-label="Relapse at 2 years &amp; later"' in figure.svg
    assert repr(figure) == "FigureFile(kind='forest plot', title='Relapse at 2 years & later')"


def test_a_figure_is_saved_by_its_ending(tmp_path):
    figure = forest_plot(fit_of())
    assert figure.save(tmp_path / "a.svg").read_text(encoding="utf-8") == figure._repr_svg_()
    assert figure.save(str(tmp_path / "a.PNG")).read_bytes() == figure.png
    with pytest.raises(BadInput, match=r"ends in \.svg or \.png"):
        figure.save(tmp_path / "a.pdf")


def test_nonsense_is_refused_with_advice():
    with pytest.raises(BadInput, match=r"labels: 1 given\n.*'Year': 2 given"):
        forest_plot(fit_of(), labels=["A"], columns={"Year": [1, 2]})
    with pytest.raises(UnknownName, match="exp"):
        forest_plot(fit_of(), transform="expo")
    with pytest.raises(BadInput, match="natural scale"):
        forest_plot(pool_proportions([9, 12], [20, 30]), transform="exp")
    with pytest.raises(BadInput, match="no null value"):
        forest_plot(pool_proportions([9, 12], [20, 30]), favours=("left", "right"))


# other results than a summary


GROUPS = ["late", "early", "early", "late", "late"]


def texts_in_order(figure: FigureFile) -> list[str]:
    """Words of a figure without the bold parts' own spaces."""
    return [" ".join(text.split()) for text in words(figure)]


@pytest.mark.parametrize("mode", ["separate", "common"])
def test_subgroups_have_headings_subtotals_and_the_test_between_them(mode):
    found = evidence.pool_subgroups(
        effect_size("RR", **TABLES, labels=NAMES), groups=GROUPS, tau2=mode
    )
    figure = forest_plot(found)
    shown = texts_in_order(figure)
    places = [shown.index(text) for text in ("early", "CARE-MS I", "late", "CAMMS223")]
    assert places == sorted(places)
    assert shown.count("Fourth") == 2
    assert "Risk ratio (95% CI)" in [text.replace("\u00a0", " ") for text in words(figure)]
    for effect in found.effects:
        assert any(f"{math.exp(effect.estimate):.2f}" in text for text in shown)
    everything = " ".join(shown)
    assert f"Subtotal ({found.effects[0].k} studies)" in everything
    assert "Subgroup differences:" in everything
    assert "Random-effects summary" in everything
    shares = [found.overall.weights[list(effect.rows)].sum() for effect in found.effects]
    assert sum(shares) == pytest.approx(1.0, abs=1e-12)
    for share in shares:
        assert f"{100 * share:.1f}%" in shown


def test_a_subgroup_of_one_study_has_no_subtotal():
    found = evidence.pool_subgroups(effect_size("RR", **TABLES), groups=list("abbbb"))
    assert "Subtotal (1 study)" not in " ".join(texts_in_order(forest_plot(found)))


@pytest.mark.parametrize("pooled", [evidence.pool_mantel_haenszel, evidence.pool_peto])
def test_common_effects_of_counts_show_their_weights(pooled):
    tables = {**TABLES, "ai": [49, 0, 147, 20, 15], "ci": [45, 0, 104, 29, 14]}
    found = pooled(**tables, labels=["A", "B", "C", "D", "E"])
    shown = texts_in_order(forest_plot(found))
    assert "not estimable" in shown
    for share in found.weights[[0, 2, 3, 4]]:
        assert f"{100 * share:.1f}%" in shown
    assert f"{math.exp(found.estimate):.2f}" in " ".join(shown)
    assert "common effect" in " ".join(shown)


def test_weights_stand_at_their_studies_when_others_were_left_out():
    tables = {**TABLES, "ai": [0, 49, 147, 20, 15], "ci": [0, 45, 104, 29, 14]}
    found = evidence.pool_peto(**tables, drop00=True, labels=["A", "A", "C", "D", "E"])
    assert found.k == 4
    shown = texts_in_order(forest_plot(found))
    assert shown.index(f"{100 * found.weights[0]:.1f}%") > shown.index("not estimable")


def test_a_ratio_that_is_not_estimable_has_no_summary_and_says_why():
    found = evidence.pool_mantel_haenszel(ai=[0, 0], n1i=[9, 9], ci=[0, 0], n2i=[9, 9])
    figure = forest_plot(found)
    assert "summary" not in " ".join(words(figure))
    assert "The ratio of odds is not estimable" in " ".join(words(figure))


def test_each_row_of_a_leave_one_out_or_cumulative_analysis_is_a_summary():
    effects = effect_size("RR", **TABLES, labels=NAMES)
    left_out = evidence.leave_one_out(effects)
    shown = texts_in_order(forest_plot(left_out, labels=["A", "B", "C", "D", "E"]))
    assert "Study left out" in " ".join(shown)
    for at, name in zip(left_out.estimate, "ABCDE", strict=True):
        assert shown.index(name) < next(
            i for i, text in enumerate(shown) if text.startswith(f"{math.exp(at):.2f} (")
        )
    added = evidence.cumulative(effects, order=[5, 4, 3, 2, 1])
    shown = texts_in_order(forest_plot(added, labels=["A", "B", "C", "D", "E"]))
    assert "Study added" in " ".join(shown)
    assert [text for text in shown if text in "ABCDE"] == ["E", "D", "C", "B", "A"]


def test_a_sensitivity_analysis_shows_both_and_the_summary_of_all():
    found = evidence.sensitivity(effect_size("RR", **TABLES, labels=NAMES))
    shown = " ".join(texts_in_order(forest_plot(found)))
    for part in ("Without one study", "One study after another", "All studies"):
        assert part in shown


def test_what_cannot_be_drawn_is_refused_with_advice():
    fit = fit_of()
    for wrong in (None, [fit, fit], effect_size("RR", **TABLES), evidence.gosh(fit)):
        with pytest.raises(BadInput, match="Give the result of pool"):
            forest_plot(wrong)
