"""What the curated entries must say together: known words, known arms, and counts that fit.

One entry on its own is checked in :mod:`evidence.trials.schema`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from evidence.errors import UnknownName
from evidence.trials.entry_rows import result_id
from evidence.trials.schema import ResultEntry, SourceEntry, StudyFile
from evidence.vocabulary import Vocabulary

_COUNTS = ("n", "events", "count", "studies", "person_years")
_PROPORTIONS = ("proportion", "km_proportion")


def study_faults(
    stem: str, study: StudyFile, vocabulary: Vocabulary, sources: Mapping[str, SourceEntry]
) -> Iterator[str]:
    """Yield what does not hold in a study's file, whose name without suffix is ``stem``."""
    if stem != study.study_id:
        yield f"study_id: {study.study_id!r} must be the file's name"
    yield from _unknown_words(vocabulary, "designs", study.design, "design")
    yield from _unknown_words(vocabulary, "populations", study.population, "population")
    for name, arm in study.arms.items():
        yield from _unknown_words(vocabulary, "therapies", arm.therapy, f"arms.{name}.therapy")
    for index, entry in enumerate(study.results):
        for fault in _entry_faults(entry, study, vocabulary, sources):
            yield f"results.{index} ({entry.outcome}, {entry.statistic}): {fault}"
    yield from _impossible_counts(study)


def repeated_results(studies: Iterable[StudyFile]) -> Iterator[str]:
    """Yield the entries that would have the ``result_id`` of an earlier one."""
    seen: dict[str, str] = {}
    for study in studies:
        for index, entry in enumerate(study.results):
            name = result_id(study, entry)
            if name in seen:
                where = f"{study.study_id}.yaml: results.{index}"
                yield f"{where}: same result_id as {seen[name]} ({name}); give it `n: 2`"
            seen.setdefault(name, f"results.{index}")


def _unknown_words(vocabulary: Vocabulary, kind: str, word: str, field: str) -> Iterator[str]:
    try:
        vocabulary.term(kind, word)
    except UnknownName as error:
        yield f"{field}: {error}"


def _entry_faults(
    entry: ResultEntry, study: StudyFile, vocabulary: Vocabulary, sources: Mapping[str, SourceEntry]
) -> Iterator[str]:
    words = {"outcomes": entry.outcome, "statistics": entry.statistic, "units": entry.unit}
    for kind, word in words.items():
        yield from _unknown_words(vocabulary, kind, word, kind[:-1])
    if entry.finding is not None:
        yield from _unknown_words(vocabulary, "findings", entry.finding, "finding")
    for field, arm in (("arm", entry.arm), ("comparator_arm", entry.comparator_arm)):
        if arm is not None and arm not in study.arms:
            yield f"{field}: {arm!r} is not an arm of this file ({', '.join(study.arms)})"
    source = sources.get(entry.source)
    if source is None:
        yield f"source: {entry.source!r} is not in sources.yaml"
    elif (source.file is not None) != (entry.lines is not None):
        yield "lines: needed where the source's text is at hand, and only there"
    yield from _out_of_bounds(entry)


def _out_of_bounds(entry: ResultEntry) -> Iterator[str]:
    value, statistic = entry.value, entry.statistic
    if value is None:
        return
    if statistic in _COUNTS and value < 0:
        yield f"value: {value:g} is negative, and {statistic} counts something"
    if statistic in _PROPORTIONS and entry.unit == "%" and not 0 <= value <= 100:
        yield f"value: {value:g} % is not a proportion of patients"
    if statistic.endswith("_ratio") and value <= 0:
        yield f"value: a ratio of {value:g} has no logarithm"


def _impossible_counts(study: StudyFile) -> Iterator[str]:
    """Events of an arm cannot exceed the largest number of patients printed for it."""
    sizes = _largest_sizes(study)
    for index, entry in enumerate(study.results):
        size, events = sizes.get(entry.arm, 0.0), entry.value
        if entry.statistic == "events" and events is not None and 0 < size < events:
            place = f"results.{index} ({entry.outcome})"
            yield f"{place}: {events:g} events in an arm of {size:g} patients"


def _largest_sizes(study: StudyFile) -> Mapping[str | None, float]:
    sizes: dict[str | None, float] = defaultdict(float)
    for entry in study.results:
        whole = entry.definition is None and entry.subgroup is None
        if entry.statistic == "n" and whole and entry.value is not None:
            sizes[entry.arm] = max(sizes[entry.arm], entry.value)
    return sizes
