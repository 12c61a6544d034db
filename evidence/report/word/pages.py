"""Pages of a Word file: their size, and which blocks stand on pages that lie on their side."""

from __future__ import annotations

from collections.abc import Sequence

from evidence.report.record.document import Block, Figure, Heading, Listing, Paragraph, Table

#: A4 and its margins, in twentieths of a point.
SIDES, MARGIN = (11906, 16838), 1134
#: Room for a drawing above its caption, in cm; by whether the page lies on its side.
ROOM = {False: (17.0, 22.0), True: (25.7, 13.5)}
#: As many paragraphs below a heading go with it onto the page of a wide table.
LEAD = 2


def orientations(blocks: Sequence[Block]) -> list[bool]:
    """Return for each block whether its page lies on its side.

    Wide tables and figures do, with the heading and short text that lead to them and the small
    print that follows.
    """
    wide = [_is_wide(block) for block in blocks]
    for at, block in enumerate(blocks):
        if _is_wide(block):
            start = _lead(blocks, wide, at)
            wide[start:at] = [True] * (at - start)
        elif at and isinstance(block, Paragraph) and block.kind == "note":
            wide[at] = wide[at - 1]
    return wide


def _is_wide(block: Block) -> bool:
    if isinstance(block, Figure):
        return block.width_cm > ROOM[False][0]
    return isinstance(block, Table) and block.landscape


def _lead(blocks: Sequence[Block], wide: Sequence[bool], at: int) -> int:
    """Return the index of the first block that belongs on the page of the wide block at ``at``."""
    start = at
    while start and at - start < LEAD and isinstance(blocks[start - 1], (Paragraph, Listing)):
        start -= 1
    if not (start and (isinstance(blocks[start - 1], Heading) or wide[start - 1])):
        start = at
    while start and isinstance(blocks[start - 1], Heading):
        start -= 1
    return start


def section(wide: bool) -> str:
    """Return the properties of a section whose pages lie on their side, or do not."""
    size = f'w:w="{SIDES[wide]}" w:h="{SIDES[not wide]}"' + ' w:orient="landscape"' * wide
    edges = " ".join(f'w:{edge}="{MARGIN}"' for edge in ("top", "right", "bottom", "left"))
    return (
        f'<w:sectPr><w:pgSz {size}/><w:pgMar {edges} w:header="567" w:footer="567" '
        'w:gutter="0"/><w:cols w:space="708"/></w:sectPr>'
    )
