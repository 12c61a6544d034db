import importlib
import json
import os
import pkgutil
import re
import runpy
import subprocess
import sys

import numpy as np
import pytest

import evidence
from evidence import (
    Verification,
    effect_size,
    gosh,
    meta_regression,
    pool,
    pool_proportions,
    sensitivity,
)
from evidence.interfaces import notebook
from evidence.results import Result

#: Runs the cells of a notebook in a shell of IPython, as Jupyter does; prints what each showed.
SHELL = """
import json, sys
from pathlib import Path
from IPython.core.interactiveshell import InteractiveShell

shell = InteractiveShell.instance()
shown = []
shell.displayhook.write_format_data = lambda data, metadata=None: shown.append(data)
cells = Path(sys.argv[1]).read_text(encoding="utf-8").split("# %%")
for cell in cells[1:]:
    head, _, code = cell.partition("\\n")
    if "[markdown]" not in head:
        shell.run_cell(code, store_history=False).raise_error()
print(json.dumps([{kind: str(text) for kind, text in data.items()} for data in shown]))
"""


@pytest.fixture(scope="module")
def session(project, tmp_path_factory):
    """What the cells of the quickstart show in a notebook."""
    quickstart = project / "docs" / "notebooks" / "quickstart.py"
    # IPython warns when another environment than its own is active
    environment = {name: v for name, v in os.environ.items() if name != "VIRTUAL_ENV"}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", SHELL, str(quickstart)],
        env=environment,
        capture_output=True,
        text=True,
        cwd=tmp_path_factory.mktemp("notebook"),
        check=False,
    )
    assert done.returncode == 0, done.stderr + done.stdout[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


def test_results_are_shown_as_tables_after_a_plain_import(session):
    tables = [data["text/html"] for data in session if "text/html" in data]
    for part in (
        "reported numbers of",
        "HR of 3 studies, log scale",
        "Hazard ratio (HR) of 3 studies",
        "<li>Relapse rate: rate ratio",
    ):
        assert any(part in table for table in tables), part


def test_a_forest_plot_is_shown_as_a_picture(session):
    pictures = [data["image/svg+xml"] for data in session if "image/svg+xml" in data]
    assert len(pictures) == 1
    assert "Confirmed disability worsening" in pictures[0]


def test_a_synthesis_is_shown_in_a_terminal_as_it_prints(session):
    assert any(data["text/plain"].startswith("Summary of 3 studies") for data in session)


def test_the_quickstart_runs_as_a_script(project, in_empty_folder, capsys):
    left = runpy.run_path(str(project / "docs" / "notebooks" / "quickstart.py"))
    text = capsys.readouterr().out
    assert "Did you mean disability-worsening" in text
    assert re.search(r"^cochrane-2025  0\.\d\d \(0\.\d\d to \d\.\d\d\)$", text, re.MULTILINE)
    assert left["pooled"].k == 3
    assert list(in_empty_folder.iterdir()) == []


def test_the_quickstart_agrees_with_the_declared_analysis(project):
    left = runpy.run_path(str(project / "docs" / "notebooks" / "quickstart.py"))
    assert left["pooled"].estimate == pytest.approx(left["summary"]["estimate"], rel=1e-9)


def test_the_synthesis_notebook_runs_and_its_numbers_fit_together(project):
    left = runpy.run_path(str(project / "docs" / "notebooks" / "synthesis.py"))
    assert left["panel"].chosen is not None
    assert left["worlds"].k.size > 1000
    assert left["posterior"].to_frame().loc[0, "quantity"] == "mu"
    assert left["fit"].k == len(left["years"])


# --- tables ---------------------------------------------------------------------------------------


def test_without_a_notebook_nothing_is_registered():
    code = "import IPython, evidence; print(IPython.get_ipython())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "None\n"


def test_the_types_that_are_registered_exist():
    for address in notebook.HTML:
        module, _, name = address.rpartition(".")
        found = getattr(__import__(module, fromlist=[name]), name)
        assert (found.__module__, found.__qualname__) == (module, name)


def test_every_result_with_a_table_is_a_result():
    own_display = set(notebook.HTML)
    for module in pkgutil.walk_packages(evidence.__path__, "evidence."):
        for name, kind in vars(importlib.import_module(module.name)).items():
            own = isinstance(kind, type) and kind.__module__ == module.name
            if own and hasattr(kind, "to_frame"):
                shown = issubclass(kind, Result) or f"{module.name}.{name}" in own_display
                assert shown, f"{module.name}.{name} has to_frame and no table"


def test_of_a_very_long_table_the_first_rows_are_shown():
    rng = np.random.default_rng(1)
    html = notebook.frame_html(gosh(rng.normal(size=8), np.full(8, 0.1)))
    assert html.count("<tr>") == notebook.FRAME_ROWS + 1
    assert "holds 195 more" in html


def test_no_digit_is_lost():
    effects = effect_size("GEN", yi=[1 / 3, 2e-9, -123456.789], vi=[1 / 7, 0.1, 1e300])
    html = notebook.effect_sizes_html(effects)
    for value in (1 / 3, 2e-9, -123456.789, 1 / 7, 1e300):
        assert repr(value) in html
    fit = pool([0.1, 0.3, 0.2], [0.04, 0.05, 0.06])
    html = notebook.synthesis_html(fit)
    for value in (fit.estimate, fit.se, fit.tau2_ci_high, fit.p_value, *fit.weights):
        assert f">{float(value)!r}<" in html


def test_any_result_with_a_table_shows_what_it_prints_and_its_table():
    yi, vi = [0.1, 0.3, 0.2, 0.5], [0.04, 0.05, 0.06, 0.03]
    regression = notebook.frame_html(meta_regression(yi, vi, {"dose <b>": [1.0, 2.0, 3.0, 4.5]}))
    assert regression.startswith("<pre>Meta-regression of 4 studies")
    assert '<td style="text-align:left">dose &lt;b&gt;</td>' in regression
    left_out = notebook.frame_html(sensitivity(yi, vi, labels=["A", "B", "C", "D"]))
    assert left_out.startswith("<p>Sensitivity</p><table>")
    assert '<th scope="col">study</th>' in left_out


def test_names_are_escaped():
    label = '<script>alert(1)</script> & "co"'
    effects = effect_size("RR", ai=[4], n1i=[123], ci=[11], n2i=[139], labels=[label])
    found = Verification(slug="a<b", numbers=1, computations=2, problems=(label,))
    for html in (
        notebook.effect_sizes_html(effects),
        notebook.synthesis_html(pool(effects)),
        notebook.synthesis_html(pool_proportions([1], [9], labels=[label])),
        notebook.verification_html(found),
    ):
        assert "<script>" not in html
        assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp;" in html


def test_the_dataset_shows_its_counts_and_first_rows(trials):
    html = notebook.trials_html(trials)
    assert f"({len(trials)} reported numbers of" in html
    assert f"holds the other {len(trials) - notebook.ROWS} too" in html
    assert html.count("<tr>") == notebook.ROWS + 1
    part = trials.where(result_id=next(trials.rows())["result_id"])
    assert "holds the other" not in notebook.trials_html(part)


def test_effects_of_several_data_sets_say_so():
    effects = effect_size("GEN", yi=[[0.1, 0.2], [0.3, 0.4]], vi=[[1.0, 1.0], [1.0, 1.0]])
    assert notebook.effect_sizes_html(effects) == "<p>GEN: 2 studies in 2 data sets</p>"
