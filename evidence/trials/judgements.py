"""Judgements of risk of bias: what each tool asks, and whether a file with them can be right."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import yaml
from pydantic import Field, ValidationError

from evidence.errors import CurationError, UnknownName, refuse
from evidence.trials.curation.schema import CuratedEntry
from evidence.trials.dataset.load import Trials
from evidence.yaml_files import load_yaml

OVERALL = "overall"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """What a tool asks.

    Attributes
    ----------
    domains : tuple of str
        Each must be judged for a study and outcome group.
    words : tuple of str
        Judgements, from the mildest to the gravest; those of ``unranked`` have no such place.
    unranked : tuple of str
        Judgements that say that nothing is known.
    groups : tuple of str
        Outcome groups; ``efficacy`` is relapse, disability and MRI together.
    designs : tuple of str
        Designs of the studies that it is made for.
    """

    domains: tuple[str, ...]
    words: tuple[str, ...]
    unranked: tuple[str, ...]
    groups: tuple[str, ...]
    designs: tuple[str, ...]


_GROUPS = ("efficacy", "relapse", "disability", "mri", "harms")
_OBSERVED = ("single-arm", "cohort", "registry", "case-series")
#: References: Sterne et al. (2019), BMJ 366:l4898 (rob-2); Sterne et al. (2016), BMJ 355:i4919
#: (robins-i); the five questions of ``case-series`` are this project's own.
TOOLS: Mapping[str, Tool] = {
    "rob-2": Tool(
        domains=(
            "randomisation-process",
            "deviations-from-intended-interventions",
            "missing-outcome-data",
            "measurement-of-the-outcome",
            "selection-of-the-reported-result",
            OVERALL,
        ),
        words=("low", "some-concerns", "high"),
        unranked=("no-information",),
        groups=_GROUPS,
        designs=("rct",),
    ),
    "robins-i": Tool(
        domains=(
            "confounding",
            "selection-of-participants",
            "classification-of-interventions",
            "deviations-from-intended-interventions",
            "missing-data",
            "measurement-of-outcomes",
            "selection-of-the-reported-result",
            OVERALL,
        ),
        words=("low", "moderate", "serious", "critical"),
        unranked=("no-information",),
        groups=_GROUPS,
        designs=_OBSERVED,
    ),
    "case-series": Tool(
        domains=(
            "consecutive-inclusion",
            "condition-measured-standard",
            "complete-follow-up",
            "outcomes-clearly-reported",
            "site-described",
        ),
        words=("yes", "no"),
        unranked=("unclear",),
        groups=("all",),
        designs=_OBSERVED,
    ),
}


class Judgement(CuratedEntry):
    """One judgement: a domain of a tool, for a study and a group of its outcomes.

    ``proposed`` until a person has read the source and made it ``confirmed``.
    """

    study_id: str = Field(min_length=1)
    tool: str = Field(min_length=1)
    outcome_group: str = Field(min_length=1)
    domain: str = Field(min_length=1)
    judgement: str = Field(min_length=1)
    reason: str = Field(min_length=8)
    source: str = Field(min_length=1)
    locator: str = Field(min_length=3)
    status: Literal["proposed", "confirmed"]

    @property
    def place(self) -> str:
        """What the tool was used for, in words."""
        return f"{self.study_id}, {self.tool}, {self.outcome_group}"


def read_judgements(path: Path, trials: Trials) -> tuple[Judgement, ...]:
    """Judgements of a file, in its order.

    Parameters
    ----------
    path : Path
        YAML file: a list of mappings with the fields of :class:`Judgement`.
    trials : Trials
        Dataset whose studies and sources the judgements name.

    Raises
    ------
    CurationError
        The file is no such list, a field is missing, a study, source, tool, outcome group, domain
        or judgement is unknown, a tool does not suit the design, a domain is judged twice or not at
        all, or an overall judgement is milder than a domain; all problems are listed.
    """
    problems: list[str] = []
    judgements = list(_entries(_content(path), problems))
    known = {"study": set(trials.studies), "source": set(trials.sources), "tool": set(TOOLS)}
    designs = _designs(trials)
    for index, judgement in judgements:
        faults = [*_unknown_names(judgement, known), *_unsuited_tool(judgement, designs)]
        problems += [f"entry {index}: {fault}" for fault in faults]
    problems += _set_faults(judgement for _, judgement in judgements)
    refuse(CurationError, f"{path.name} has faults; correct each entry, then read again.", problems)
    return tuple(judgement for _, judgement in judgements)


def _content(path: Path) -> list[object]:
    try:
        content, repeated = load_yaml(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        fault = " ".join(str(error).split())
        raise CurationError(f"{path.name} is not valid YAML.", [fault]) from error
    refuse(CurationError, f"{path.name} gives keys twice; keep one of each.", repeated)
    if content is not None and not isinstance(content, list):
        kind = type(content).__name__
        raise CurationError(f"{path.name} must be a list of judgements and is a {kind}.")
    return content or []


def _entries(content: Iterable[object], problems: list[str]) -> Iterator[tuple[int, Judgement]]:
    """Yield the entries that have all fields, with their positions; note the faults of others."""
    for index, entry in enumerate(content):
        try:
            yield index, Judgement.model_validate(entry)
        except ValidationError as error:
            for fault in error.errors():
                field = ".".join(str(part) for part in fault["loc"]) or "entry"
                problems.append(f"entry {index}: {field}: {fault['msg']}")


def _designs(trials: Trials) -> dict[str, str]:
    columns = (trials.table[name].to_pylist() for name in ("study_id", "design"))
    return dict(zip(*columns, strict=True))


def _unknown_names(judgement: Judgement, known: Mapping[str, Collection[str]]) -> Iterator[str]:
    """Yield what an entry names and neither the dataset nor its tool knows."""
    named = {"study": judgement.study_id, "source": judgement.source, "tool": judgement.tool}
    for kind, name in named.items():
        if name not in known[kind]:
            yield str(UnknownName(kind, name, known[kind]))
    tool = TOOLS.get(judgement.tool)
    if tool is None:
        return
    words: list[tuple[str, str, tuple[str, ...]]] = [
        ("outcome group", judgement.outcome_group, tool.groups),
        ("domain", judgement.domain, tool.domains),
        ("judgement", judgement.judgement, tool.words + tool.unranked),
    ]
    for kind, name, names in words:
        if name not in names:
            yield str(UnknownName(f"{judgement.tool} {kind}", name, names))


def _unsuited_tool(judgement: Judgement, designs: Mapping[str, str]) -> Iterator[str]:
    """Yield a fault where the tool is made for other designs than the study's."""
    tool, design = TOOLS.get(judgement.tool), designs.get(judgement.study_id)
    if tool is not None and design is not None and design not in tool.designs:
        suited = ", ".join(tool.designs)
        yield f"{judgement.place}: the tool is for {suited}, and the study's design is {design}"


def _set_faults(judgements: Iterable[Judgement]) -> Iterator[str]:
    """Yield what is wrong with the domains of one tool, study and outcome group together."""
    places: dict[str, list[Judgement]] = defaultdict(list)
    for judgement in judgements:
        if judgement.tool in TOOLS:
            places[judgement.place].append(judgement)
    for place, entries in places.items():
        tool = TOOLS[entries[0].tool]
        counts = Counter(entry.domain for entry in entries)
        for domain, times in counts.items():
            if times > 1:
                yield f"{place}: {domain} is judged {times} times; keep one"
        missing = [domain for domain in tool.domains if domain not in counts]
        if missing:
            yield f"{place}: not judged: {', '.join(missing)}"
        yield from _mild_overall(place, entries, tool)


def _mild_overall(place: str, entries: Iterable[Judgement], tool: Tool) -> Iterator[str]:
    """Yield a fault where the overall judgement is milder than that of a domain."""
    ranked = {
        entry.domain: tool.words.index(entry.judgement)
        for entry in entries
        if entry.judgement in tool.words
    }
    overall = ranked.pop(OVERALL, None)
    graver = [domain for domain, rank in ranked.items() if overall is not None and rank > overall]
    if graver and overall is not None:
        domain = max(graver, key=lambda name: ranked[name])
        yield (
            f"{place}: overall is {tool.words[overall]}, and {domain} is "
            f"{tool.words[ranked[domain]]}; overall cannot be milder"
        )
