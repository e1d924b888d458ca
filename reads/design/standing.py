"""Which decisions of a design nobody but people carries out yet, said before it is signed."""

from __future__ import annotations

from reads.design.document import ReadDesign


def by_hand(design: ReadDesign) -> list[str]:
    """Return the decisions that the platform states but does not act on."""
    seen = set(design.adjudication.sees)
    rows = (
        (
            bool(design.adjudicate_on) and not {"images", "answers"} <= seen,
            "hiding images or answers from the adjudicator",
        ),
    )
    return [text for is_wanted, text in rows if is_wanted]
