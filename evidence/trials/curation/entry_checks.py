"""What the curated entries must say together: known words, known arms, and counts that fit.

One entry on its own is checked in ``schema``.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from evidence.errors import UnknownName
from evidence.trials.curation.entry_rows import result_id
from evidence.trials.curation.schema import MemberEntry, ResultEntry, SourceEntry, StudyFile
from evidence.vocabulary import Vocabulary

_COUNTS = ("n", "events", "count", "studies", "person_years")
_PROPORTIONS = ("proportion", "km_proportion")


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What an entry may name: words and documents (None if not readable), and study_ids."""

    vocabulary: Vocabulary | None
    sources: Mapping[str, SourceEntry] | None
    studies: Collection[str]


def study_faults(stem: str, study: StudyFile, known: Known) -> Iterator[str]:
    """Yield what does not hold in a study's file, whose name without suffix is ``stem``.

    A field that has a fault of its own, or is missing, is None and is passed over; so is ``n`` of
    an entry whose name is not known for such a fault.
    """
    if study.study_id is not None and stem != study.study_id:
        yield f"study_id: {study.study_id!r} must be the file's name"
    yield from _unknown_words(known, "designs", study.design, "design")
    yield from _unknown_words(known, "populations", study.population, "population")
    for other in study.overlaps or []:
        if other not in known.studies:
            yield f"overlaps: {UnknownName('study', other, known.studies)}"
    yield from _members_faults(study, known)
    for name, arm in (study.arms or {}).items():
        yield from _unknown_words(known, "therapies", arm.therapy, f"arms.{name}.therapy")
    for index, entry in enumerate(study.results):
        for fault in _entry_faults(entry, study, known):
            yield f"results.{index} ({entry.outcome}, {entry.statistic}): {fault}"
    yield from _impossible_counts(study)


def _members_faults(study: StudyFile, known: Known) -> Iterator[str]:
    members = study.members or []
    if members and study.design not in (None, "meta-analysis"):
        yield f"members: only a meta-analysis pools studies, and this is {study.design!r}"
    named = Counter(member.name for member in members if member.name is not None)
    yield from (f"members: {name!r} stands {n} times" for name, n in named.items() if n > 1)
    for index, member in enumerate(members):
        for fault in _member_faults(member, study, known):
            yield f"members.{index} ({member.name}): {fault}"


def _member_faults(member: MemberEntry, study: StudyFile, known: Known) -> Iterator[str]:
    if member.study_id is not None and member.study_id == study.study_id:
        yield f"study_id: {member.study_id!r} is the meta-analysis itself"
    elif member.study_id is not None and member.study_id not in known.studies:
        yield f"study_id: {UnknownName('study', member.study_id, known.studies)}"
    if known.sources is not None and member.source is not None:
        yield from _unlisted_source(member.source, known.sources)


def repeated_results(studies: Iterable[StudyFile]) -> Iterator[str]:
    """Yield the entries that would have the ``result_id`` of an earlier one."""
    seen: dict[str, str] = {}
    for study in studies:
        for index, entry in enumerate(study.results):
            if not (entry.n and study.study_id):
                continue
            name = result_id(study, entry)
            if name in seen:
                where = f"{study.study_id}.yaml: results.{index}"
                yield f"{where}: same result_id as {seen[name]} ({name}); give it `n: 2`"
            seen.setdefault(name, f"results.{index}")


def _unknown_words(known: Known, kind: str, word: str | None, field: str) -> Iterator[str]:
    if known.vocabulary is None or word is None:
        return
    try:
        known.vocabulary.term(kind, word)
    except UnknownName as error:
        yield f"{field}: {error}"


def _entry_faults(entry: ResultEntry, study: StudyFile, known: Known) -> Iterator[str]:
    words = {"outcomes": entry.outcome, "statistics": entry.statistic, "units": entry.unit}
    for kind, word in {**words, "findings": entry.finding}.items():
        yield from _unknown_words(known, kind, word, kind[:-1])
    for field, arm in (("arm", entry.arm), ("comparator_arm", entry.comparator_arm)):
        if arm is not None and study.arms is not None and arm not in study.arms:
            yield f"{field}: {arm!r} is not an arm of this file ({', '.join(study.arms)})"
    if known.sources is not None and entry.source is not None:
        yield from _source_faults(entry, known.sources)
    yield from _out_of_bounds(entry)


def _source_faults(entry: ResultEntry, sources: Mapping[str, SourceEntry]) -> Iterator[str]:
    source = sources.get(entry.source)
    if source is None:
        yield from _unlisted_source(entry.source, sources)
    elif entry.n and (source.file is not None) != (entry.lines is not None):
        yield "lines: needed where the source's text is at hand, and only there"


def _unlisted_source(name: str, sources: Mapping[str, SourceEntry]) -> Iterator[str]:
    if name not in sources:
        yield f"source: {name!r} is not in sources.yaml"


def _out_of_bounds(entry: ResultEntry) -> Iterator[str]:
    value, statistic = entry.value, entry.statistic
    if value is None or statistic is None:
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
        counted = entry.outcome == "participants" and entry.statistic == "n"
        if counted and whole and entry.value is not None:
            sizes[entry.arm] = max(sizes[entry.arm], entry.value)
    return sizes
