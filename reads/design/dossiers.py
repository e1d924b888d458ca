"""Who may see the clinical dossier, when, and of which time points: the one place of that rule.

A design says ``never``, ``time_point``, ``global_review`` or ``oncology_review``. What is shown at
each time point stays shown in the reviews that follow from it; the other two are "only". Whatever
is shown keeps the sequential lock: never a time point later than the one that is read. Where a
criterion weighs steroids and clinical status (the RANO family), the images are judged first and
fixed by the opening.

Sources: FDA, Clinical Trial Imaging Endpoint Process Standards (2018), III.C (blinding to clinical
data); Wen 2010 and Wen 2023 for the two steps of RANO.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from reads.design.document import ReadDesign
from reads.design.response_items import BRAIN

TIME_POINT, GLOBAL, ONCOLOGY = "time_point", "global", "oncology"
#: what a design may say -> the kinds of reads that are shown a dossier
SHOWN_IN: dict[str, tuple[str, ...]] = {
    "never": (),
    "time_point": (TIME_POINT, GLOBAL, ONCOLOGY),
    "global_review": (GLOBAL,),
    "oncology_review": (ONCOLOGY,),
}
#: section of the standard form that rests on the dossier
CLINICAL_SECTION = "clinical"


@dataclass(frozen=True, slots=True)
class Answer:
    """Whether a dossier may be opened now; ``why`` is for the reader and tells nothing hidden."""

    allowed: bool
    why: str = ""


NOT_SHOWN = "The charter does not show the clinical dossier in this read."
NOT_HERE = "This read has no dossier of that time point."
NOT_STARTED = "Start the read before you open its dossier."
IMAGES_FIRST = (
    "Judge the images first. The dossier opens when every answer before the section on steroids "
    "and clinical status is given and no check of them is open."
)


def is_shown(design: ReadDesign, kind: str) -> bool:
    """Tell whether the design shows dossiers in reads of a kind."""
    return kind in SHOWN_IN[design.dossiers]


def is_shown_in_case(design: ReadDesign) -> bool:
    """Tell whether an adjudicator sees what the readers of the case were shown."""
    return "dossier" in design.adjudication.sees and design.dossiers != "never"


def images_come_first(design: ReadDesign, kind: str) -> bool:
    """Tell whether a read of a kind is done in two steps: images, then clinical data."""
    return kind == TIME_POINT and not set(BRAIN).isdisjoint(design.criteria)


def sequences_shown(
    design: ReadDesign, kind: str, sequence: int, there: Iterable[int]
) -> list[int]:
    """Return the places of the time points whose dossiers a read may open.

    Args:
        sequence: the place of the read. there: the places of the subject's time points.
    """
    if not is_shown(design, kind):
        return []
    return sorted(place for place in there if place <= sequence)


def may_open(
    design: ReadDesign, kind: str, *, is_open: bool, images_judged: bool, was_seen: bool
) -> Answer:
    """Say whether a dossier of a read may be opened now.

    Args:
        is_open: the read is under way. images_judged: the answers about the images can be fixed.
        was_seen: the reader opened this very version in this read before.
    """
    if not is_shown(design, kind):
        return Answer(False, NOT_SHOWN)
    if was_seen:
        # What was seen cannot be unseen; looking again is logged like the first time.
        return Answer(True)
    if not is_open:
        return Answer(False, NOT_STARTED)
    if images_come_first(design, kind) and not images_judged:
        return Answer(False, IMAGES_FIRST)
    return Answer(True)
