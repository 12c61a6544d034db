import json
from collections import Counter
from types import SimpleNamespace

import pytest

from evidence.analysis.declared import used_rows
from evidence.analysis.run import software_versions
from evidence.analysis.sections.audit.report import Audit, audit_section
from evidence.analysis.shared import Context
from evidence.analysis.verify import Replay
from evidence.report import write_csv
from evidence.report.html import write_html
from evidence.report.record import Document, Ledger, Origins, plain, read_docx, read_html
from evidence.report.word import write_docx
from evidence.trials.audit import RULES

DECLARED = {
    "title": "Contradictions",
    "subtitle": "Numbers that cannot be true together",
    "sections": [{"kind": "audit", "id": "findings", "title": "Findings", "note": "A note."}],
}


@pytest.fixture(scope="module")
def written(trials):
    """Return the audit's section, document and ledger, as a report would have them."""
    ledger = Ledger(trials, DECLARED, software_versions())
    context = Context(trials=trials, ledger=ledger, rows_in_use=used_rows(trials))
    entry = Audit(**DECLARED["sections"][0])
    section = audit_section(context, entry, "sections/0")
    document = Document(
        slug="audit",
        title=(context.declared_text("title"),),
        subtitle=(context.declared_text("subtitle"),),
        blocks=section.blocks,
    )
    return SimpleNamespace(
        section=section, document=document, ledger=ledger.to_dict("audit"), trials=trials
    )


def table(written, name):
    return next(one for one in written.document.tables() if one.id == name)


def test_every_number_of_the_page_and_the_word_file_has_an_origin(written):
    page = read_html(write_html(written.document, written.ledger))
    word = read_docx(write_docx(written.document, written.ledger))
    assert not page.orphans
    assert not word.orphans
    assert page.numbers
    for rendered in (page, word):
        for name, text in (*rendered.numbers, *rendered.names):
            kind = "numbers" if name.startswith("n") else "names"
            assert written.ledger[kind][name]["text"] == text


def test_the_ledger_repeats_every_number_from_the_dataset(written):
    stored = json.loads(json.dumps(written.ledger))
    origins = Origins(trials=written.trials, analysis=DECLARED, software=software_versions())
    assert list(Replay(stored, origins).problems()) == []


def test_a_changed_calculation_is_found(written):
    stored = json.loads(json.dumps(written.ledger))
    name = next(
        key for key, record in stored["computations"].items()
        if record["function"].endswith("difference_of")
    )  # fmt: skip
    stored["computations"][name]["result"]["text"] = "39 and 39 differ by 0"
    origins = Origins(trials=written.trials, analysis=DECLARED, software=software_versions())
    assert any(name in problem for problem in Replay(stored, origins).problems())


def test_the_tables_hold_every_finding_once_in_the_order_of_consequence(written):
    findings = written.section.results["findings"]
    shown = [
        plain(row.cells[0].text)
        for name in ("findings", "findings-explained")
        for row in table(written, name).rows
        if row.kind != "group"
    ]
    assert shown == [str(finding["rank"]) for finding in findings]


def test_a_finding_shows_its_numbers_their_places_and_the_arithmetic(written):
    rows = [plain(text.text) for row in table(written, "findings").rows for text in row.cells]
    cell = next(text for text in rows if "39 and 30 differ by 9" in text)
    printed = rows[rows.index(cell) - 1]
    assert "39%" in printed
    assert "30%" in printed
    assert "line 244" in printed
    assert "line 297" in printed


def test_the_rules_table_counts_what_each_rule_finds(written):
    findings = written.section.results["findings"]
    counts = Counter(finding["severity"] for finding in findings)
    rows = table(written, "findings-rules").rows
    assert len(rows) == len(RULES)
    totals = [sum(int(text) for row in rows if (text := plain(row.cells[i].text)) != "—")
              for i in range(1, 5)]  # fmt: skip
    names = ("contradiction", "tension", "within rounding", "different estimand")
    assert totals == [counts[name] for name in names]
    assert written.section.results["rules"]["one-quantity-two-values"]["contradiction"] > 0


def test_the_headline_counts_the_contradictions(written):
    findings = written.section.results["findings"]
    count = sum(finding["severity"] == "contradiction" for finding in findings)
    assert f"find {count} contradictions" in plain(written.section.headline)


def test_the_rows_in_use_are_those_of_the_ledgers(trials, runs):
    used = used_rows(trials)
    for slug, run in runs.items():
        reported = set(run.ledger["reported"])
        if not any("findings" in section for section in run.results["sections"].values()):
            assert used[slug] <= reported
            assert used[slug]  # others are shown beside the effects


def test_findings_about_numbers_in_use_say_so(written, trials):
    used = used_rows(trials)
    assert any(finding["used_by"] for finding in written.section.results["findings"])
    for finding in written.section.results["findings"]:
        users = sorted(slug for slug, rows in used.items() if set(rows) & set(finding["rows"]))
        assert finding["used_by"] == users


def test_the_table_of_findings_is_a_csv_file(written):
    lines = write_csv(table(written, "findings")).split("\r\n")
    assert lines[0].startswith("No.,Study and quantity,As printed")
    assert len([line for line in lines if line]) > len(RULES)


def test_results_are_json_without_nan(written):
    json.dumps(written.section.results, allow_nan=False)
