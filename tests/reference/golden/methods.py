"""Writes docs/methods.md: formula, source and function of each method, and the agreement reached.

``python -m tests.reference.golden.methods [DIR]``, from the root of the project. What the page
says of a method stands in ``tests/reference/methods``: ``golden.yaml`` for what the golden files
compare, ``elsewhere.yaml`` for what other tests check, ``sources.yaml`` for the documents both
name. The agreement is computed from the golden files.
"""

import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import yaml

from tests.reference.golden import Outcome, evaluate
from tests.reference.golden._agreement import Agreement, agreement, by_method, numbers_of

TARGET = Path("docs/methods.md")
REFERENCES = Path("tests/reference/data")
FOLDER = Path(__file__).parents[1] / "methods"
HEADERS = ("method", "formula", "computed by", "source", "agreement", "reference value")
HEADERS_ELSEWHERE = ("method", "formula", "computed by", "source", "checked against")
#: Where tolerances are defined, each under a comment that says why it is not 0.
TOLERANCES = ("compare.py", "small_study.py")
#: A gap below this is the rounding of the last bits, which differs between processors.
ROUNDING = 1e-12
#: From here on a gap comes from the reference, and the number that has it is named.
NAMED = 1e-9

Row = Mapping[str, object]


def load(name: str) -> dict:
    """Return one of the files that say what the page says of a method."""
    return yaml.safe_load((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))


def rows_of(section: Mapping[str, object]) -> Iterator[Row]:
    """Rows of a section, with what the section says for all that do not say it themselves."""
    for row in section["rows"]:
        shared = {
            name: str(section[name]).replace("{case}", str(row.get("case", "")))
            for name in ("use", "r")
            if name in section
        }
        yield {**shared, "source": section.get("source", []), **row}


def page(outcomes: list[Outcome]) -> str:
    """Return docs/methods.md."""
    golden, elsewhere = load("golden"), load("elsewhere")
    found = by_method(outcomes)
    lines = [golden["opening"].strip(), ""]
    for topic, section in golden["topics"].items():
        methods = found.get(topic, {})
        rows = list(rows_of(section))
        cells = [_golden_cells(row, agreement(numbers_of(row, methods))) for row in rows]
        lines += _section(section, HEADERS, cells, rows)
    lines += [elsewhere["opening"].strip(), ""]
    for section in elsewhere["sections"]:
        rows = list(rows_of(section))
        lines += _section(section, HEADERS_ELSEWHERE, [_checked_cells(row) for row in rows], rows)
    lines += ["# Tolerances and sources", "", "## Tolerances of the golden run", "", *_tolerances()]
    lines += ["", "## Sources", "", *_sources()]
    return "\n".join(lines).rstrip() + "\n"


def _section(
    section: Mapping[str, object], headers: tuple[str, ...], cells: list[list[str]], rows: list[Row]
) -> list[str]:
    remarks = [f"- {row['name']}: {row['remark']}" for row in rows if "remark" in row]
    return [
        f"## {section['title']}",
        "",
        str(section["text"]).strip(),
        "",
        *_table(headers, cells),
        "",
        *(["Remarks:", "", *remarks, ""] if remarks else []),
    ]


def _table(headers: tuple[str, ...], rows: list[list[str]]) -> list[str]:
    body = ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    return [f"| {' | '.join(headers)} |", "|" + "---|" * len(headers), *body]


def _common_cells(row: Row) -> list[str]:
    r = f"<br>R: `{row['r']}`" if row.get("r") else ""
    use = "<br>".join(f"`{call}`" for call in calls(row))
    return [str(row["name"]), str(row["formula"]), use + r, "; ".join(row["source"])]


def calls(row: Row) -> list[str]:
    """Public functions of a row, each as it is called."""
    return str(row["use"]).split("; ")


def _golden_cells(row: Row, one: Agreement) -> list[str]:
    return [*_common_cells(row), _reached(one), one.example]


def _reached(one: Agreement) -> str:
    gap = f"{one.largest:.0e}" if one.largest >= ROUNDING else f"below {ROUNDING:.0e}"
    if one.worst and one.largest >= NAMED:
        allowed = max(one.worst.tolerance.relative, one.worst.tolerance.absolute)
        gap += f" ({one.worst.quantity}; {allowed:.0e} allowed)"
    more = f", {one.excused} not compared" if one.excused else ""
    return f"{gap}<br>{one.numbers} numbers, {one.cases} case{'s'[: one.cases > 1]}{more}"


def _checked_cells(row: Row) -> list[str]:
    return [*_common_cells(row), "<br>".join(_checked(check) for check in row["checked"])]


def _checked(check: Mapping[str, str]) -> str:
    """What a test compares with, how closely, and the module it is in."""
    closely = str(check["within"])
    closely = f"within {closely}" if closely[0].isdigit() else closely
    return f"{check['what']}: {closely} (`{Path(check['test'].split('::')[0]).stem}`)"


def _tolerances() -> list[str]:
    """A table of the tolerances with their causes, read from where they are defined."""
    pattern = re.compile(r"((?:#: .*\n)+)([A-Z0-9_, ]+) = (Tolerance\(.*)")
    rows = []
    for name in TOLERANCES:
        text = (Path(__file__).parent / name).read_text(encoding="utf-8")
        for comment, names, values in pattern.findall(text):
            cause = " ".join(line.removeprefix("#: ") for line in comment.splitlines())
            numbers = re.findall(r"Tolerance\(([^,]+), ([^)]+)\)", values)
            for constant, (absolute, relative) in zip(names.split(", "), numbers, strict=True):
                rows.append([f"`{constant}`", absolute, relative, cause, f"`{name}`"])
    return _table(("name", "absolute", "relative", "cause", "defined in"), rows)


def source_key(source: str, known: Mapping[str, str]) -> str:
    """Key of a source in ``sources.yaml``; a page or chapter may follow it after a comma."""
    return source if source in known else source.split(", ")[0]


def _sources() -> list[str]:
    return [f"- {key}: {text}" for key, text in sorted(load("sources").items(), key=_folded)]


def _folded(item: tuple[str, str]) -> str:
    return item[0].casefold()


if __name__ == "__main__":
    directory = Path(sys.argv[1]) if len(sys.argv) > 1 else REFERENCES
    TARGET.write_text(page(evaluate(directory)), encoding="utf-8")
    print(f"Wrote {TARGET}.")
