"""The rows of the dataset, indexed for the audit, and how surely two of them mean one quantity."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from evidence.trials.audit.basis.definitions import (
    Match,
    same_core,
    same_definition,
    same_months,
    same_words,
)
from evidence.trials.audit.basis.rounding import Interval, rounded, scaled
from evidence.trials.dataset.load import Trials
from evidence.trials.rows.columns import Row
from evidence.trials.rows.printed import decimals_printed

#: Statistics that are counted, so that no rounding is in them.
COUNTS = frozenset(("n", "events", "count", "studies"))
#: Units that are one another's multiples: the common unit, and how many of it.
_SCALES = {
    "proportion": ("%", 100.0),
    "years": ("months", 12.0),
    "weeks": ("months", 12.0 / 52.0),
    "days": ("months", 12.0 / 365.25),
    "lesions/scan": ("lesions", 1.0),
    "g/m2": ("mg/m2", 1000.0),
    "g": ("mg", 1000.0),
}
#: Statistics whose numbers may be set side by side, by what they say.
_FAMILIES = {
    "km_proportion": "proportion",
    "change": "relative_reduction",
    "amount": "location",
    "mean": "location",
    "median": "location",
}
#: Value of a contrast that means no effect.
NO_EFFECT = {
    "risk_ratio": 1.0,
    "odds_ratio": 1.0,
    "rate_ratio": 1.0,
    "hazard_ratio": 1.0,
    "relative_reduction": 0.0,
    "mean_difference": 0.0,
    "standardised_mean_difference": 0.0,
    "risk_difference": 0.0,
}
#: How many numbers of two arm names must agree, for each that differs, to take them for one arm.
AGREEMENTS = 3
#: Lines within which two numbers of a text are taken to stand together.
PASSAGE = 10
_EARLIER = re.compile(r"\binterim\b|\bconference\b|\bpreliminary\b", re.IGNORECASE)


class Book:
    """The dataset as the rules read it."""

    def __init__(self, trials: Trials) -> None:
        self.trials = trials
        self.rows: list[Row] = list(trials.rows())
        self._decimals: dict[tuple[str, str], int] = {}
        self.by_study: dict[str, list[Row]] = defaultdict(list)
        self._times: dict[tuple[str, str], int] = {}
        self._same_arms: dict[tuple[str, str, str], bool] = {}
        self._cuts: set[tuple[str, str]] = set()
        for row in self.rows:
            self.by_study[str(row["study_id"])].append(row)
            if earlier_cut(row):
                self._cuts.add((str(row["study_id"]), str(row["source"])))

    def decimals(self, row: Row, column: str = "value") -> int | None:
        """Return the decimals that a number is printed with; None if it is counted."""
        if row["statistic"] in COUNTS:
            return None
        key = (str(row["result_id"]), column)
        if key not in self._decimals:
            self._decimals[key] = decimals_printed(row["printed"], row[column])
        return self._decimals[key]

    def interval(self, row: Row, column: str = "value") -> Interval:
        """Return what a printed number can stand for, in its common unit."""
        return scaled(rounded(row[column], self.decimals(row, column)), factor(row))

    def select(self, study_id: str, **wanted: object) -> Iterator[Row]:
        """Yield the rows of a study with the given values that print a plain number."""
        for row in self.by_study.get(study_id, ()):
            if exact(row) and all(row[name] == value for name, value in wanted.items()):
                yield row

    def times(self, study_id: str, outcome: str) -> int:
        """Return for how many times a study has numbers of an outcome."""
        key = (study_id, outcome)
        if key not in self._times:
            there = (row for row in self.by_study[study_id] if row["outcome"] == outcome)
            self._times[key] = len({row["timepoint_months"] for row in there} - {None})
        return self._times[key]

    def earlier(self, row: Row) -> bool:
        """Tell whether the document of a row reports an interim data cut of its study."""
        return (str(row["study_id"]), str(row["source"])) in self._cuts

    def turns(self, one: Row, other: Row) -> bool:
        """Tell whether the choice between two values changes a direction.

        Two values of a contrast lie on both sides of no effect; two values of an arm lie on both
        sides of the same document's or another document's value of the arm compared with.
        """
        if one["statistic"] in COUNTS:
            return False
        if one["comparator_arm"] is not None:
            none = NO_EFFECT.get(str(one["statistic"]))
            return none is not None and (one["value"] - none) * (other["value"] - none) < 0
        return any(_between(one, other, rival) for rival in self._rivals(one))

    def _rivals(self, row: Row) -> Iterator[Row]:
        same = {name: row[name] for name in ("outcome", "statistic", "unit", "subgroup")}
        for rival in self.select(str(row["study_id"]), comparator_arm=None, **same):
            told = rival["arm"] is not None and rival["therapy"] not in (row["therapy"], "any")
            if told and same_months(rival["timepoint_months"], row["timepoint_months"]) == 0:
                yield rival

    def one_arm(self, one: Row, other: Row, column: str = "arm") -> Match:
        """Tell how surely two rows are about the same arm.

        An arm without a dose may stand for one with a dose: it does if the two print the same
        numbers far more often than not.
        """
        first, second = one[column], other[column]
        if first == second:
            return Match.SAME
        if first is None or second is None:
            return Match.DIFFERENT
        same = self._print_the_same(str(one["study_id"]), *sorted((first, second)))
        return Match.OPEN if same else Match.DIFFERENT

    def _print_the_same(self, study_id: str, first: str, second: str) -> bool:
        key = (study_id, first, second)
        if key not in self._same_arms:
            self._same_arms[key] = self._may_be_one(key) and self._mostly_agree(key)
        return self._same_arms[key]

    def _may_be_one(self, key: tuple[str, str, str]) -> bool:
        arms = self.trials.studies[key[0]].get("arms") or {}
        named = [arms[name] for name in key[1:] if name in arms]
        therapies = {arm.get("therapy") for arm in named}
        doses = [arm for arm in named if arm.get("dose")]
        return len(therapies) == 1 and therapies != {"any"} and len(doses) < 2

    def _mostly_agree(self, key: tuple[str, str, str]) -> bool:
        pairs = [
            (one, other)
            for one in self.select(key[0], arm=key[1])
            for other in self.select(key[0], arm=key[2])
            if _same_labels(one, other)
        ]
        agree = sum(self.interval(one).meets(self.interval(other)) for one, other in pairs)
        return agree >= AGREEMENTS * max(1, len(pairs) - agree)


def _between(one: Row, other: Row, rival: Row) -> bool:
    return bool((one["value"] - rival["value"]) * (other["value"] - rival["value"]) < 0)


def _same_labels(one: Row, other: Row) -> bool:
    """Tell whether two rows of different arms are labelled alike in everything else."""
    same = ("outcome", "comparator_arm", "timepoint_months", "subgroup", "analysis_set", "unit")
    return (
        all(one[name] == other[name] for name in same)
        and family(one) == family(other)
        and (same_core(one["outcome_definition"], other["outcome_definition"], str(one["outcome"])))
    )


def exact(row: Row) -> bool:
    """Tell whether a row prints one number without "about", "below" or "above"."""
    return row["value"] is not None and row["value_operator"] == "="


def unit(row: Row) -> str:
    """Return the common unit of a row."""
    return _SCALES.get(row["unit"], (str(row["unit"]), 1.0))[0]


def factor(row: Row) -> float:
    """Return how many common units a unit of the row is."""
    return _SCALES.get(row["unit"], ("", 1.0))[1]


def family(row: Row) -> str:
    """Return what kind of number a row prints, whatever its method."""
    return _FAMILIES.get(row["statistic"], str(row["statistic"]))


def measured_otherwise(one: Row, other: Row) -> bool:
    """Tell whether two numbers of one family are known to be found by different methods."""
    return one["statistic"] != other["statistic"] and "amount" not in (
        one["statistic"],
        other["statistic"],
    )


def earlier_cut(row: Row) -> bool:
    """Tell whether a row says of itself that it is from an interim or conference report."""
    said = (row["note"], row["analysis_set"], row["locator"], row["outcome_definition"])
    return any(_EARLIER.search(text) for text in said if text)


def place(row: Row) -> tuple[str, str]:
    """Return the document and the place in it, such as a table, that a row is printed in."""
    match = re.match(r"(Table|Figure|Panel) ?\w*", str(row["locator"]))
    return str(row["source"]), match[0] if match else "text"


def one_passage(one: Row, other: Row) -> bool:
    """Tell whether two numbers stand together: a few lines apart, or in one place of a document."""
    if one["source"] != other["source"]:
        return False
    if one["line_start"] is None or other["line_start"] is None:
        return bool(one["locator"] == other["locator"])
    return abs(int(one["line_start"]) - int(other["line_start"])) <= PASSAGE


@lru_cache(maxsize=4096)
def plain_subgroup(text: str | None) -> str | None:
    """Return the name of a subgroup without the words that do not tell subgroups apart."""
    return None if text is None else text.casefold().removesuffix(" ms").strip()


def match(one: Row, other: Row, book: Book) -> Match | None:
    """Tell how surely two rows of one study and outcome mean the same quantity; None if not at all.

    Statistic and unit are not looked at.
    """
    if plain_subgroup(one["subgroup"]) != plain_subgroup(other["subgroup"]):
        return None
    arms = max(book.one_arm(one, other), book.one_arm(one, other, "comparator_arm"))
    times = _same_time(one, other, book)
    sets = same_words(one["analysis_set"], other["analysis_set"])
    if Match.DIFFERENT in (arms, times, sets):
        return None
    months = one["timepoint_months"] or other["timepoint_months"]
    definitions = same_definition(
        one["outcome_definition"], other["outcome_definition"], str(one["outcome"]), months=months
    )
    return max(arms, times, sets, definitions)


def _same_time(one: Row, other: Row, book: Book) -> Match:
    """A number without a time need not be that of one time among several."""
    times = same_months(one["timepoint_months"], other["timepoint_months"])
    several = book.times(str(other["study_id"]), str(other["outcome"])) > 1
    return Match.DIFFERENT if times == Match.OPEN and several else times


def by(rows: Iterable[Row], *columns: str) -> dict[tuple[object, ...], list[Row]]:
    """Group rows by columns."""
    groups: dict[tuple[object, ...], list[Row]] = defaultdict(list)
    for row in rows:
        groups[tuple(row[name] for name in columns)].append(row)
    return groups


def best(rows: Sequence[Row], like: Row, book: Book) -> Row | None:
    """Return the row that fits ``like`` best: same document, surest match, then by name."""
    matched = [(row, match(row, like, book)) for row in rows]
    fitting = [
        (row["source"] != like["source"], sure, str(row["result_id"]), row)
        for row, sure in matched
        if sure is not None and sure < Match.DIFFERENT
    ]
    return min(fitting, key=lambda entry: entry[:3])[3] if fitting else None
