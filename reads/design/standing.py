"""Which decisions of a design nobody but people carries out yet, said before it is signed."""

from __future__ import annotations

from reads.design.document import ReadDesign


def by_hand(design: ReadDesign) -> list[str]:
    """Return the decisions that the platform states but does not act on."""
    rows = ((design.dossiers != "never", "showing clinical dossiers"),)
    return [text for is_wanted, text in rows if is_wanted]
