import json
import shutil
from pathlib import Path

import pytest

from evidence.analysis.declared import all_slugs
from evidence.analysis.run.report_files import build_report, report_contents, to_json, write_index
from evidence.report.record import read_html

SLUGS = all_slugs()
SMALL = "pulsed-tolerability"
FIGURES = "alemtuzumab-vs-interferon"


def files_of(folder: Path) -> dict[str, bytes]:
    """Return the files below a folder by name, as bytes."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture
def refused_writing(monkeypatch):
    """Let the disk be full after the first file of a report."""
    write, written = Path.write_bytes, []

    def full(self: Path, content: bytes) -> int:
        if written:
            raise OSError(28, "No space left on device")
        written.append(self)
        return write(self, content)

    monkeypatch.setattr(Path, "write_bytes", full)


def test_a_report_is_page_word_file_tables_figures_results_and_ledger(runs, tmp_path):
    paths = build_report(runs[FIGURES], tmp_path)
    names = {str(path.relative_to(tmp_path / FIGURES)) for path in paths}
    tables = {f"tables/{table.id}.csv" for table in runs[FIGURES].document.tables()}
    figures = {f"figures/{figure.id}.svg" for figure in runs[FIGURES].document.figures()}
    assert tables
    assert figures
    assert names == {
        "report.html", "report.docx", "results.json", "ledger.json", *tables, *figures,
    }  # fmt: skip
    assert set(files_of(tmp_path / FIGURES)) == names


def test_drawings_are_written_as_pixels_on_request(runs, tmp_path):
    build_report(runs[FIGURES], tmp_path, png=True)
    pixels = sorted((tmp_path / FIGURES / "figures").glob("*.png"))
    assert len(pixels) == len(list(runs[FIGURES].document.figures()))
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in pixels)


@pytest.mark.parametrize("slug", SLUGS)
def test_the_same_run_gives_the_same_bytes(runs, built, slug):
    assert report_contents(runs[slug]) == files_of(built / slug)


@pytest.mark.parametrize("slug", [SMALL, FIGURES])
def test_the_same_data_give_the_same_bytes(trials, built, project, slug):
    from evidence.analysis.run.analysis_run import run_analysis

    again = run_analysis(project / "analyses" / f"{slug}.yaml", trials=trials)
    assert report_contents(again) == files_of(built / slug)


@pytest.mark.committed
@pytest.mark.parametrize("slug", SLUGS)
def test_the_committed_report_is_what_the_code_gives_now(built, project, slug):
    reports = project / "reports"
    if not reports.is_dir():
        pytest.skip("reports/ is not here")
    committed, fresh = files_of(reports / slug), files_of(built / slug)
    committed = {name: content for name, content in committed.items() if name[-4:] != ".png"}
    assert sorted(committed) == sorted(fresh)
    stale = [name for name, content in fresh.items() if committed[name] != content]
    assert stale == [], "stale: run `make report` and commit what it writes"


@pytest.mark.committed
def test_the_committed_index_is_what_the_code_gives_now(runs, project, tmp_path):
    reports = project / "reports"
    if not reports.is_dir():
        pytest.skip("reports/ is not here")
    fresh = write_index(list(runs.values()), tmp_path).read_bytes()
    assert (reports / "index.html").read_bytes() == fresh, "stale: run `make report`"


def test_a_report_is_replaced_as_a_whole(runs, tmp_path):
    build_report(runs[SMALL], tmp_path)
    (tmp_path / SMALL / "tables" / "of-last-year.csv").write_text("1\n")
    build_report(runs[SMALL], tmp_path)
    assert files_of(tmp_path / SMALL) == report_contents(runs[SMALL])
    assert [path.name for path in tmp_path.iterdir()] == [SMALL]


def test_an_interrupted_build_leaves_the_report_of_before(runs, tmp_path, refused_writing):
    (tmp_path / SMALL).mkdir()
    (tmp_path / SMALL / "report.html").touch()
    with pytest.raises(OSError, match="No space"):
        build_report(runs[SMALL], tmp_path)
    assert files_of(tmp_path) == {f"{SMALL}/report.html": b""}


def test_a_first_build_that_is_interrupted_leaves_no_report(runs, tmp_path, refused_writing):
    with pytest.raises(OSError, match="No space"):
        build_report(runs[SMALL], tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_report_that_cannot_be_put_in_place_leaves_the_one_of_before(
    runs, tmp_path, built, monkeypatch
):
    shutil.copytree(built / SMALL, tmp_path / SMALL)
    rename = Path.rename

    def refuse_staging(self: Path, target: Path) -> Path:
        if target.name == SMALL and not self.name.endswith(".old"):
            raise PermissionError(13, "in use")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", refuse_staging)
    with pytest.raises(PermissionError):
        build_report(runs[SMALL], tmp_path)
    assert files_of(tmp_path / SMALL) == files_of(built / SMALL)


def test_others_can_read_a_report(runs, tmp_path):
    build_report(runs[SMALL], tmp_path)
    assert (tmp_path / SMALL).stat().st_mode & 0o755 == 0o755


def test_json_has_one_layout_and_no_nan():
    assert to_json({"b": [1], "a": "τ²"}) == '{\n "b": [\n  1\n ],\n "a": "τ²"\n}\n'
    with pytest.raises(ValueError, match="JSON"):
        to_json({"a": float("nan")})


def test_the_files_of_results_and_ledger_are_what_the_run_holds(runs, built):
    for slug, run in runs.items():
        for name, content in (("results", run.results), ("ledger", run.ledger)):
            stated = json.loads((built / slug / f"{name}.json").read_text(encoding="utf-8"))
            assert stated == json.loads(json.dumps(content))


def test_the_index_leads_to_every_report_and_its_numbers_have_origins(runs, tmp_path):
    text = write_index(list(runs.values()), tmp_path).read_text(encoding="utf-8")
    found = read_html(text)
    assert found.orphans == ()
    for kind, pairs in (("numbers", found.numbers), ("names", found.names)):
        for name, shown in pairs:
            assert found.ledger[kind][name]["text"] == shown
    assert len(found.numbers) > 20
    for slug in runs:
        assert f'href="{slug}/report.html"' in text


def test_origins_of_the_index_stand_on_the_index(runs, tmp_path):
    ledger = read_html(write_index(list(runs.values()), tmp_path).read_text("utf-8")).ledger
    for entry in ledger["numbers"].values():
        origin = entry["of"].rpartition("#")[0]
        assert origin in ledger["computations"] or origin in ledger["reported"]


def test_the_module_writes_only_below_the_folder_it_was_given(runs, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "deep").mkdir()
    build_report(runs[SMALL], Path("deep") / "reports")
    assert [path.name for path in tmp_path.iterdir()] == ["deep"]
