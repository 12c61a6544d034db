"""Writes docs/methods.md: formula and source of each method, and the agreement that was reached.

``python -m tests.reference.golden.methods [DIR]``, from the root of the project. The formulas stand
in ``methods.yaml`` beside this file; the agreement is computed from the golden files.
"""

import re
import sys
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from tests.reference.golden import _read, find_adapter
from tests.reference.golden.compare import Check, NotSupported

TARGET = Path("docs/methods.md")
REFERENCES = Path("tests/reference/data")
HEADERS = (
    "method", "formula", "source", "cases", "numbers", "largest relative gap", "reference value",
)  # fmt: skip
#: Names of methods that only the call of a case tells.
CALLED = re.compile(
    r"\b(leave1out|influence|cumul|baujat|blup|gosh|regtest|ranktest|trimfill|fsn|selmodel|hc|tes"
    r"|metabias|robust|robu|vcalc|rma\.mv|rma\.mh|rma\.peto|rma\.glmm)\("
)


@dataclass(slots=True)
class Agreement:
    """What the cases of one method gave."""

    cases: int = 0
    numbers: int = 0
    outside: int = 0
    largest: float = 0.0
    example: str = ""
    excused: int = 0
    checks: list[Check] = field(default_factory=list)

    def add(self, case: dict, checks: list[Check]) -> None:
        """Count one case."""
        compared = [check for check in checks if not check.excuse]
        numeric = [check for check in compared if isinstance(check.expected, float)]
        self.cases += 1
        self.numbers += len(compared)
        self.outside += sum(not check.passed for check in compared)
        self.excused += sum(bool(check.excuse) and not check.passed for check in checks)
        self.largest = max([self.largest, *(check.relative_error for check in compared)])
        if not self.example and numeric:
            first = numeric[0]
            self.example = f"{case['dataset']}: {first.quantity} = {first.expected:.10g}"


def method_of(topic: str, case: dict) -> str:
    """Return the method that a case is about."""
    inputs = case["inputs"]
    called = [name for name in CALLED.findall(case["call"])]
    if topic == "conversions":
        return re.sub(r"_\d+$", "", case["id"])
    if topic in ("influence", "small_study", "multilevel_robust"):
        return called[-1] if called else "other"
    if topic == "mh_peto_glmm":
        return f"{called[-1]} {inputs.get('model', inputs.get('measure', ''))}".strip()
    if topic in ("rma_uni", "meta_regression"):
        return str(inputs["method"])
    return str(inputs.get("measure", "study intervals"))


def agreements(directory: Path) -> dict[tuple[str, str], Agreement]:
    """Run every case and return what was reached, by topic and method."""
    found: dict[tuple[str, str], Agreement] = {}
    for topic, cases in _read(directory):
        adapter = find_adapter(topic)
        for case in cases if adapter else []:
            try:
                checks = adapter(case)
            except NotSupported:
                continue
            found.setdefault((topic, method_of(topic, case)), Agreement()).add(case, checks)
    return found


def page(found: dict[tuple[str, str], Agreement]) -> str:
    """Return docs/methods.md."""
    content = yaml.safe_load((Path(__file__).parent / "methods.yaml").read_text(encoding="utf-8"))
    lines = [content["opening"].strip(), ""]
    for topic, section in content["topics"].items():
        lines += [f"## {section['title']}", "", section["text"].strip(), ""]
        rows = {name: one for (of, name), one in found.items() if of == topic}
        lines += [
            f"| {' | '.join(HEADERS)} |",
            "|---|---|---|---:|---:|---:|---|",
            *(_row(name, rows[name], section.get("methods", {})) for name in sorted(rows)),
            "",
        ]
    for section in content["checked_elsewhere"].values():
        lines += [f"## {section['title']}", "", section["text"].strip(), ""]
        lines += ["| method | formula | source | held to |", "|---|---|---|---|"]
        lines += [
            _cells([f"`{name}`", one["formula"], one["source"], one["held_to"]])
            for name, one in section["methods"].items()
        ]
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def _row(name: str, one: Agreement, methods: dict) -> str:
    entry = methods.get(name, {})
    gap = f"{one.largest:.1e}" if one.largest else "0"
    if one.excused:
        gap += f" ({one.excused} not compared)"
    cells = [
        f"`{name}`",
        entry.get("formula", ""),
        entry.get("source", ""),
        str(one.cases),
        str(one.numbers),
        gap,
        one.example,
    ]
    return _cells(cells)


def _cells(cells: list[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


if __name__ == "__main__":
    directory = Path(sys.argv[1]) if len(sys.argv) > 1 else REFERENCES
    TARGET.write_text(page(agreements(directory)), encoding="utf-8")
    print(f"Wrote {TARGET}.")
