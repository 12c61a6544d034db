import json
import shutil

import pytest

from evidence import Verification

SLUG = "pulsed-tolerability"


@pytest.fixture
def own_report(built_project, in_project, tmp_path):
    """A copy of a report, to be damaged."""
    shutil.copytree(built_project / "reports" / SLUG, tmp_path / "copies" / SLUG)
    return tmp_path / "copies" / SLUG


# --- run ------------------------------------------------------------------------------------------


def test_an_analysis_prints_its_key_results(evidence, in_project):
    text = evidence("run", "alemtuzumab-vs-interferon").stdout
    assert text.startswith("Alemtuzumab against interferon")
    assert "  - Relapse rate: rate ratio" in text


def test_without_a_name_all_analyses_run(evidence, in_project):
    found = [json.loads(line) for line in evidence("run", "--json").stdout.splitlines()]
    slugs = sorted(path.stem for path in (in_project / "analyses").glob("*.yaml"))
    assert [one["analysis"] for one in found] == slugs


def test_the_json_is_the_content_of_the_results_file(evidence, in_project):
    found = json.loads(evidence("run", SLUG, "--json").stdout)
    file = in_project / "reports" / SLUG / "results.json"
    assert found == json.loads(file.read_text(encoding="utf-8"))


def test_the_reports_of_the_named_analyses_are_written(evidence, in_project, tmp_path):
    result = evidence("run", f"analyses/{SLUG}.yaml", "--output", tmp_path / "drafts")
    assert f"files to {tmp_path / 'drafts'}." in result.stderr
    assert [path.name for path in (tmp_path / "drafts").iterdir()] == [SLUG]
    found = (tmp_path / "drafts" / SLUG / "report.html").read_bytes()
    assert found == (in_project / "reports" / SLUG / "report.html").read_bytes()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("kind: review-table", "kind: review-tabel"), "sections.0"),
        (("subtitle:", "subtitel:"), "subtitel"),
        (("title:", "title: [\n"), "is not valid YAML"),
        (("slug: pulsed", "slug: plused"), "the slug is the file's name"),
    ],
    ids=["kind", "key", "syntax", "slug"],
)
def test_a_typing_error_in_an_analysis_is_refused(
    evidence, in_project, files_below, tmp_path, change, message
):
    file = tmp_path / f"{SLUG}.yaml"
    content = (in_project / "analyses" / file.name).read_text(encoding="utf-8")
    assert change[0] in content
    file.write_text(content.replace(*change, 1), encoding="utf-8")
    before = files_below(tmp_path)
    result = evidence("run", file, "--output", tmp_path / "drafts")
    assert result.exit_code == 2
    assert file.name in result.stderr
    assert message in result.stderr
    assert "Traceback" not in result.stderr
    assert files_below(tmp_path) == before


def test_an_unknown_outcome_is_refused(evidence, in_project, tmp_path):
    file = tmp_path / "alemtuzumab-vs-interferon.yaml"
    content = (in_project / "analyses" / file.name).read_text(encoding="utf-8")
    file.write_text(content.replace("disability-worsening\n", "disability\n"), encoding="utf-8")
    result = evidence("run", file)
    assert result.exit_code == 2
    assert "no outcome 'disability'" in result.stderr
    assert "disability-worsening" in result.stderr


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("alemtuzumab-vs-interferons", "Did you mean alemtuzumab-vs-interferon"),
        ("nowhere/a.yaml", "nowhere/a.yaml was asked for and is not there"),
    ],
)
def test_an_unknown_analysis_is_refused_before_any_is_run(
    evidence, in_project, tmp_path, name, message
):
    result = evidence("run", SLUG, name, "--output", tmp_path / "drafts")
    assert result.exit_code == 2
    assert message in result.stderr
    assert result.stdout == ""
    assert not (tmp_path / "drafts").exists()


# --- report ---------------------------------------------------------------------------------------


def test_all_reports_are_written_as_the_same_bytes_each_time(evidence, in_project, tmp_path):
    result = evidence("report", "--output", tmp_path / "out", "--png")
    assert result.exit_code == 0
    slugs = sorted(path.stem for path in (in_project / "analyses").glob("*.yaml"))
    progress = result.stderr.splitlines()
    assert [line.partition(": ran in ")[0] for line in progress] == slugs
    first, second = result.stdout.splitlines()
    files = [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
    written = f"Wrote {len(slugs)} reports ({len(files) - 1} files) to {tmp_path / 'out'}, and "
    assert first == f"{written}{tmp_path / 'out' / 'index.html'}."
    for part in ("starting", "dataset", "analyses", "writing", "index page", "in all"):
        assert part in second
    figures = (tmp_path / "out" / "alemtuzumab-vs-interferon" / "figures").iterdir()
    assert {path.suffix for path in figures} == {".svg", ".png"}
    for path in (in_project / "reports").rglob("*.*"):
        again = tmp_path / "out" / path.relative_to(in_project / "reports")
        assert again.read_bytes() == path.read_bytes()


def test_a_folder_that_cannot_be_written_is_refused(evidence, in_project, tmp_path):
    (tmp_path / "file").write_text("")
    result = evidence("run", SLUG, "--output", tmp_path / "file" / "out")
    assert result.exit_code == 2
    assert "was to be written, and cannot be" in result.stderr


# --- verify ---------------------------------------------------------------------------------------


def test_all_reports_below_the_folder_are_verified(evidence, in_project, monkeypatch):
    def passes(folder, *, trials):
        return Verification(slug=folder.name, numbers=len(trials), computations=2, problems=())

    monkeypatch.setattr("evidence.analysis.verify.verification.verify_report", passes)
    result = evidence("verify")
    slugs = sorted(path.stem for path in (in_project / "analyses").glob("*.yaml"))
    assert [line.partition(":")[0] for line in result.stdout.splitlines()] == [*slugs, "index"]
    assert all(line.endswith("repeated, no problem") for line in result.stdout.splitlines())


def test_a_changed_number_is_found(evidence, own_report):
    page = own_report / "report.html"
    text = page.read_text(encoding="utf-8")
    number = next(iter(json.loads((own_report / "ledger.json").read_bytes())["numbers"].values()))
    assert f">{number['text']}<" in text
    page.write_text(text.replace(f">{number['text']}<", ">987654<"), encoding="utf-8")
    result = evidence("verify", own_report)
    assert result.exit_code == 1
    assert "987654" in result.stdout
    assert result.stderr == "1 of 1 report did not pass.\n"
    found = json.loads(evidence("verify", own_report, "--json").stdout)
    assert found["slug"] == SLUG
    assert any("987654" in problem for problem in found["problems"])


@pytest.mark.parametrize("damage", ["missing", "no zip"])
def test_a_damaged_file_is_a_problem_and_the_other_reports_are_still_verified(
    evidence, in_project, own_report, damage
):
    word = own_report / "report.docx"
    word.unlink() if damage == "missing" else word.write_bytes(b"no zip")
    result = evidence("verify", own_report, f"reports/{SLUG}")
    assert result.exit_code == 1
    assert "report.docx" in result.stdout
    assert result.stdout.splitlines()[-1].endswith("no problem")


def test_what_is_no_report_is_refused_before_any_is_verified(evidence, in_project):
    result = evidence("verify", f"reports/{SLUG}", "analyses")
    assert result.exit_code == 2
    assert "analyses was to be verified and has no ledger.json" in result.stderr
    assert result.stdout == ""


def test_a_shell_may_name_all_of_the_folder(evidence, in_project):
    result = evidence("verify", f"reports/{SLUG}", "reports/index.html")
    assert result.exit_code == 0, result.output
    assert [line.partition(":")[0] for line in result.stdout.splitlines()] == [SLUG, "index"]


def test_a_changed_digit_of_the_index_page_is_found(evidence, in_project):
    page = in_project / "reports" / "index.html"
    text = page.read_text(encoding="utf-8")
    place = text.index('data-n="') + len('data-n="n')
    digit = str((int(text[place]) + 1) % 10)
    page.write_text(text[:place] + digit + text[place + 1 :], encoding="utf-8")
    result = evidence("verify", "reports/index.html")
    assert result.exit_code == 1
    assert "is not the page" in result.stdout


def test_without_reports_there_is_advice(evidence, in_empty_folder):
    result = evidence("verify")
    assert result.exit_code == 2
    assert "Write them with `evidence report`" in result.stderr
