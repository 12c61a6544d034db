"""docs/methods.md is what the generator gives, complete, and names only what exists."""

import ast
import importlib
import pkgutil
import re
from functools import cache
from pathlib import Path

import evidence.effects
import evidence.synthesis
from tests.reference.golden._agreement import agreement, by_method, numbers_of
from tests.reference.golden.methods import (
    TARGET,
    calls,
    load,
    page,
    rows_of,
    source_key,
)

ROOT = Path(__file__).parents[2]
#: From here on a gap needs a remark that says where it comes from.
LARGE = 1e-7
#: A gap as the page prints it, with the number it belongs to.
GAP = re.compile(r"(below \de-\d\d|\de-\d\d( \([^)]*allowed\))?)(?=<br>\d+ numbers)")


def golden_rows():
    for topic, section in load("golden")["topics"].items():
        yield from ((topic, row) for row in rows_of(section))


def elsewhere_rows():
    for section in load("elsewhere")["sections"]:
        yield from rows_of(section)


GOLDEN, ELSEWHERE = list(golden_rows()), list(elsewhere_rows())
ROWS = [row for _, row in GOLDEN] + ELSEWHERE
NAMES = [f"{topic} {row['name']}" for topic, row in GOLDEN] + [row["name"] for row in ELSEWHERE]


def printed_gap(text):
    """The gap of a cell; what is below the rounding of the last bits counts as that."""
    return float(re.search(r"\de-\d\d", text).group())


# --- fresh ---------------------------------------------------------------------------------------


def test_the_page_is_what_make_methods_writes(golden_outcomes):
    new, committed = page(golden_outcomes), (ROOT / TARGET).read_text(encoding="utf-8")
    stale = "docs/methods.md is out of date: run `make methods`"
    # the last digits of a gap belong to the processor, so gaps are compared by their size
    assert GAP.sub("gap", new) == GAP.sub("gap", committed), stale
    found = [[printed_gap(match.group()) for match in GAP.finditer(t)] for t in (new, committed)]
    assert len(found[0]) == len(GOLDEN)
    for one, other in zip(*found, strict=True):
        assert max(one, other) < 1e-10 or 0.1 <= one / other <= 10, stale


def test_the_page_does_not_change_from_one_writing_to_the_next(golden_outcomes):
    assert page(golden_outcomes) == page(golden_outcomes)


# --- complete ------------------------------------------------------------------------------------


def test_every_row_has_formula_source_function_and_call_in_r():
    parts = ("name", "formula", "use", "r", "source")
    lacking = [(row.get("name"), part) for row in ROWS for part in parts if not row.get(part)]
    assert lacking == []


def test_every_row_without_golden_cases_says_what_checks_it():
    for row in ELSEWHERE:
        assert row["checked"], row["name"]
        assert all(check["what"] and check["within"] for check in row["checked"]), row["name"]


def test_no_method_stands_twice_in_a_section():
    assert len(set(NAMES)) == len(NAMES)


def test_every_number_of_the_golden_run_is_in_a_row(golden_outcomes):
    for topic, methods in by_method(golden_outcomes).items():
        mine = [row for of, row in GOLDEN if of == topic]
        shown = {id(one) for row in mine for one in numbers_of(row, methods)}
        left = {
            (method, one.quantity)
            for method, numbers in methods.items()
            for one in numbers
            if id(one) not in shown
        }
        assert not left, f"{topic} has numbers in no row of tests/reference/methods/golden.yaml"


def test_every_golden_row_has_numbers_and_a_large_gap_has_its_cause(golden_outcomes):
    found = by_method(golden_outcomes)
    for topic, row in GOLDEN:
        one = agreement(numbers_of(row, found[topic]))
        assert one.numbers > 0, f"{topic}: {row['name']} stands for no number"
        if one.largest > LARGE or one.excused:
            assert row.get("remark"), f"{topic}: {row['name']} needs a remark, {one.largest:.0e}"


def test_every_public_function_with_references_is_in_a_row():
    named = {_path(call).rsplit(".", 1)[-1] for row in ROWS for call in calls(row)}
    sections = load("golden")["topics"].values()
    named |= {name for part in (*ROWS, *sections) for name in part.get("also", [])}
    missing = sorted(
        f"{module.__name__}.{name}"
        for module in _modules(evidence.effects, evidence.synthesis)
        for name in _with_references(module)
        if name not in named
    )
    assert not missing, (
        "these have References and no row in docs/methods.md; add one to "
        f"tests/reference/methods/elsewhere.yaml, or the name to `also` of a row: {missing}"
    )


def _modules(*packages):
    for package in packages:
        for found in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
            yield importlib.import_module(found.name)


def _with_references(module):
    for name, value in vars(module).items():
        here = getattr(value, "__module__", None) == module.__name__
        if here and callable(value) and not name.startswith("_"):
            heading = re.search(r"^\s*References\n\s*-+$", value.__doc__ or "", re.MULTILINE)
            if heading:
                yield name


# --- nothing invented ----------------------------------------------------------------------------


def test_the_functions_of_every_row_exist():
    for row in ROWS:
        for call in calls(row):
            assert callable(_resolve(_path(call))), call


def _path(call):
    return call.split("(", 1)[0]


def _resolve(path):
    module, name = path.rsplit(".", 1)
    return getattr(importlib.import_module(module), name)


def test_the_sources_of_the_rows_are_those_of_the_list():
    known = load("sources")
    used = {source_key(source, known) for row in ROWS for source in row["source"]}
    assert used == set(known)


def test_the_tests_that_rows_name_exist():
    for row in ELSEWHERE:
        for check in row["checked"]:
            file, name = check["test"].split("::")
            assert name in _functions(ROOT / file), check["test"]


@cache
def _functions(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
