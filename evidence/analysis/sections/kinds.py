"""All kinds of section, by the name that a file gives them: the one place where they are listed.

What an analysis file may declare, how a section is made, what moved in it and which rows it uses
are all looked up here.
"""

from __future__ import annotations

from collections.abc import Mapping

from evidence.analysis.sections.audit.section_kind import AUDIT
from evidence.analysis.sections.pooled.section_kinds import POOLED_KINDS
from evidence.analysis.sections.review.section_kind import REVIEW_TABLE
from evidence.analysis.shared.section_kind import SectionKind

KINDS: Mapping[str, SectionKind] = {
    kind.name: kind for kind in (*POOLED_KINDS, REVIEW_TABLE, AUDIT)
}
