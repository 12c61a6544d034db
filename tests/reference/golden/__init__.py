"""Runner of the golden files: results of R, compared with what this package computes.

Each JSON file has a ``topic`` and ``cases``. The module of this folder that is named like the
topic has a function ``checks(case)``, which calls the package with the case's inputs and returns a
list of :class:`tests.reference.golden.compare.Check`, or raises ``NotSupported``. A topic without a
module is not supported. What is called depends on the inputs of a case, never on its name.
"""

import json
import re
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from evidence.errors import UnknownName
from tests.reference.golden.compare import Check, NotSupported

#: Groups of numbers; null stands for a group that R could not compute.
BLOCKS = (
    *("tests", "z", "t", "knha", "adhoc", "fit_stats", "confint_QP", "confint_PL", "ci_by_level"),
    *("predict", "anova_btt", "LRT", "t_test", "robust", "CR0", "CR1", "CR2_satterthwaite"),
    *("profile_ci_sigma2", "metafor", "exact", "agq7", "laplace", "expected_metafor5"),
)
Adapter = Callable[[dict], list[Check]]


class Given(dict):
    """An object of a file; a key that it lacks makes its case one that is not supported."""

    def __missing__(self, key: object) -> object:
        raise NotSupported(f"a case without {key}")


class NoCases(Exception):
    """There is nothing to run; the message says what was looked for, and where."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A quantity that differs, or an error in place of a result."""

    case: str
    quantity: str
    got: object
    expected: object


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one case gave: its checks, or why it could not be compared, or the error it met."""

    topic: str
    case: object
    checks: list[Check] = field(default_factory=list)
    not_supported: str = ""
    error: str = ""


@dataclass(slots=True)
class TopicResult:
    """Counts of one topic."""

    topic: str
    cases: int = 0
    passed: int = 0
    failed: int = 0
    not_supported: int = 0
    largest_error: float = 0.0
    failures: list[Failure] = field(default_factory=list)
    excused: list[tuple[str, Check]] = field(default_factory=list)
    reasons: dict[str, int] = field(default_factory=dict)

    def add(self, case: object, adapter: Adapter | None) -> None:
        """Run one case and count it."""
        self.count(_outcome(self.topic, case, adapter))

    def count(self, outcome: Outcome) -> None:
        """Count one case that was run."""
        self.cases += 1
        if outcome.not_supported:
            self.not_supported += 1
            count = self.reasons.get(outcome.not_supported, 0)
            self.reasons[outcome.not_supported] = count + 1
        elif outcome.error:
            self.failed += 1
            self.failures.append(Failure(_name(outcome.case), "error", outcome.error, "a result"))
        else:
            self._count_checks(_name(outcome.case), outcome.checks)

    def _count_checks(self, case: str, checks: list[Check]) -> None:
        compared = [check for check in checks if not check.excuse]
        self.excused += [(case, check) for check in checks if check.excuse and not check.passed]
        wrong = [check for check in compared if not check.passed]
        self.largest_error = max(
            self.largest_error, *(check.relative_error for check in compared), 0.0
        )
        self.failures += [Failure(case, c.quantity, c.got, c.expected) for c in wrong]
        if wrong:
            self.failed += 1
        else:
            self.passed += 1


def _of_a_strange_form(error: Exception) -> bool:
    """Whether an adapter could not read its case, rather than the package refuse or fail."""
    raised_in = Path(traceback.extract_tb(error.__traceback__)[-1].filename)
    misread = isinstance(error, KeyError | TypeError | AttributeError | IndexError)
    return misread and raised_in.parent == Path(__file__).parent


def _without_empty_blocks(value: object) -> object:
    """What is expected, less the groups of numbers that R did not print."""
    if not isinstance(value, dict):
        return value
    return Given(
        (name, _without_empty_blocks(item))
        for name, item in value.items()
        if item is not None or name not in BLOCKS
    )


def _name(case: object) -> str:
    return str(case.get("id", "a case without id")) if isinstance(case, dict) else "no object"


def run(directory: Path) -> list[TopicResult]:
    """Run every case of every golden file in ``directory``."""
    return tally(evaluate(directory))


def evaluate(directory: Path) -> list[Outcome]:
    """Outcome of every case of every golden file in ``directory``, in the order of the files."""
    found = [
        _outcome(topic, case, find_adapter(topic))
        for topic, cases in _read(directory)
        for case in cases
    ]
    if not found:
        raise NoCases(f"{directory} holds no JSON file with a topic and cases.")
    return found


def tally(outcomes: list[Outcome]) -> list[TopicResult]:
    """Counts of each topic, by name."""
    results: dict[str, TopicResult] = {}
    for outcome in outcomes:
        results.setdefault(outcome.topic, TopicResult(outcome.topic)).count(outcome)
    return [results[topic] for topic in sorted(results)]


def _outcome(topic: str, case: object, adapter: Adapter | None) -> Outcome:
    """Run one case; a name that the package does not know is not supported."""
    try:
        if adapter is None:
            raise NotSupported("no adapter for this topic")
        if not isinstance(case, dict):
            raise NotSupported("a case that is not an object")
        checks = adapter(_without_empty_blocks(case))
        if not any(not check.excuse for check in checks):
            raise NotSupported("nothing to compare")
    except (NotSupported, UnknownName) as reason:
        return Outcome(topic, case, not_supported=str(reason))
    except Exception as error:  # a case that cannot be run is a failure of that case alone
        what = f"{type(error).__name__}: {error}"
        if _of_a_strange_form(error):
            return Outcome(topic, case, not_supported=f"a form that is not known ({what})")
        return Outcome(topic, case, error=what)
    return Outcome(topic, case, checks)


def find_adapter(topic: str) -> Adapter | None:
    """Return the function that runs the cases of a topic, if there is one."""
    if not re.fullmatch("[a-z][a-z0-9_]*", topic) or topic == "compare":
        return None
    name = f"{__name__}.{topic}"
    return getattr(import_module(name), "checks", None) if find_spec(name) else None


def _read(directory: Path) -> Iterator[tuple[str, list]]:
    if not directory.is_dir():
        raise NoCases(f"{directory} is not a directory.")
    for path in sorted(directory.glob("*.json")):
        try:
            content = json.loads(path.read_text(encoding="utf-8"), object_hook=Given)
        except ValueError as error:
            raise NoCases(f"{path} is not JSON: {error}") from error
        if isinstance(content, dict) and "topic" in content and "cases" in content:
            cases = content["cases"]
            yield str(content["topic"]), cases if isinstance(cases, list) else [cases]


def report(results: list[TopicResult]) -> str:
    """One line a topic, then what differs, what is excused and what is not supported."""
    width = max(len("topic"), *(len(result.topic) for result in results))
    head = f"{'topic':<{width}}  cases  passed  failed  not supported  largest relative error"
    lines = [head, *(_line(result, width) for result in results)]
    lines += _section(
        "Failures (case, quantity, got, expected):",
        [
            f"{f.case}  {f.quantity}  got {f.got}  expected {f.expected}"
            for result in results
            for f in result.failures
        ],
    )
    lines += _section(
        "Not compared, because the reference is wrong (case, quantity, got, expected, cause):",
        [
            f"{case}  {c.quantity}  got {c.got}  expected {c.expected}  {c.excuse}"
            for result in results
            for case, c in result.excused
        ],
    )
    lines += _section(
        "Not supported (topic, cases, reason):",
        [
            f"{result.topic}  {count}  {reason}"
            for result in results
            for reason, count in sorted(result.reasons.items())
        ],
    )
    return "\n".join(lines)


def _line(result: TopicResult, width: int) -> str:
    return (
        f"{result.topic:<{width}}  {result.cases:>5}  {result.passed:>6}  {result.failed:>6}  "
        f"{result.not_supported:>13}  {result.largest_error:>22.2e}"
    )


def _section(title: str, lines: list[str]) -> list[str]:
    return ["", title, *(f"  {line}" for line in lines)] if lines else []
