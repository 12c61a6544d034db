"""What the golden run reached for a row of docs/methods.md: numbers, largest gap, an example."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from tests.reference.golden import Outcome
from tests.reference.golden.compare import Check

#: Names of methods that only the call of a case tells.
CALLED = re.compile(
    r"\b(leave1out|influence|cumul|baujat|blup|gosh|regtest|ranktest|trimfill|fsn|selmodel|hc|tes"
    r"|metabias|robust|robu|vcalc|rma\.mv|rma\.mh|rma\.peto|rma\.glmm)\("
)
#: Quantities that make a poor example of a method.
BESIDE = re.compile(r"pval|\bse_")
#: Inputs that tell the methods of one R function apart.
PARTS = {
    "metabias": "method_bias",
    "fsn": "type",
    "selmodel": "type",
    "trimfill": "estimator",
    "tes": "test",
}


@dataclass(frozen=True, slots=True)
class Compared:
    """One number that was compared, and the case it comes from."""

    case: str
    dataset: str
    check: Check

    @property
    def quantity(self) -> str:
        """Name of the number without its place in an array."""
        return re.sub(r"\[\d+\]", "", self.check.quantity)


@dataclass(frozen=True, slots=True)
class Agreement:
    """What the cases of one row gave; ``excused`` numbers are known to be wrong in R."""

    cases: int
    numbers: int
    excused: int
    worst: Check | None
    example: str

    @property
    def largest(self) -> float:
        """Largest relative gap."""
        return self.worst.relative_error if self.worst else 0.0


def method_of(topic: str, case: dict) -> str:
    """Return the method that a case is about."""
    inputs = case["inputs"]
    called = CALLED.findall(case["call"])
    if topic == "conversions":
        return re.sub(r"_\d+$", "", case["id"])
    if topic in ("influence", "small_study", "multilevel_robust"):
        # diagnostics of one fit may be asked for together; robust tests follow their model
        name = called[0 if topic == "influence" else -1] if called else "other"
        return f"{name} {inputs[PARTS[name]]}" if name in PARTS else name
    if topic == "mh_peto_glmm":
        return f"{called[-1]} {inputs['measure']} {inputs.get('model') or ''}".strip()
    if topic in ("rma_uni", "meta_regression"):
        return str(inputs["method"])
    if topic == "proportions_rates" and "ll" in case["expected"]:
        return f"rma.glmm {inputs['measure']}"
    return str(inputs.get("measure", "study intervals"))


def by_method(outcomes: list[Outcome]) -> dict[str, dict[str, list[Compared]]]:
    """Every number that was compared, by topic and method."""
    found: dict[str, dict[str, list[Compared]]] = {}
    for place, one in enumerate(outcomes):
        case = str(place), str(one.case.get("dataset"))
        numbers = [Compared(*case, check) for check in one.checks]
        methods = found.setdefault(one.topic, {})
        if numbers:
            methods.setdefault(method_of(one.topic, one.case), []).extend(numbers)
    return found


def numbers_of(row: Mapping[str, object], methods: dict[str, list[Compared]]) -> list[Compared]:
    """Numbers of the row's ``case`` or cases whose names match its ``quantities``."""
    cases = row.get("case", list(methods))
    names = cases if isinstance(cases, list) else [cases]
    pattern = re.compile(str(row.get("quantities", ".*")))
    return [
        one
        for name in names
        for one in methods.get(str(name), [])
        if pattern.fullmatch(one.quantity)
    ]


def agreement(numbers: list[Compared]) -> Agreement:
    """Sum up the numbers of one row."""
    compared = [one for one in numbers if not one.check.excuse]
    return Agreement(
        cases=len({one.case for one in numbers}),
        numbers=len(compared),
        excused=sum(bool(one.check.excuse) and not one.check.passed for one in numbers),
        worst=max((one.check for one in compared), key=lambda c: c.relative_error, default=None),
        example=_example(compared),
    )


def _example(numbers: list[Compared]) -> str:
    """One reference value, if there is one a result rather than a p value, an error or a count."""
    ranked = [
        (bool(BESIDE.search(one.quantity)), isinstance(one.check.expected, int), place, one)
        for place, one in enumerate(numbers)
        if isinstance(one.check.expected, int | float) and not isinstance(one.check.expected, bool)
    ]
    if not ranked:
        return ""
    first = min(ranked, key=lambda found: found[:3])[-1]
    return f"{first.dataset}: {first.check.quantity} = {first.check.expected:.10g}"
