"""What every entry of an analysis file shares, and what every section says."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Slug = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9\-]*$")]


class Entry(BaseModel):
    """Base of all entries: unknown keys are refused."""

    model_config = ConfigDict(
        extra="forbid", str_strip_whitespace=True, frozen=True, allow_inf_nan=False
    )


class SectionEntry(Entry):
    """A section of any kind: its kind, its id, its heading, and a note below its summary."""

    kind: str
    id: Slug
    title: str
    note: str | None = None
