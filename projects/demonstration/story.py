"""What happens in the demonstration, as data: subjects, their visits, and how far each has got."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from imaging.phantom import Defects

#: days of the schedule, counted from enrolment
SCHEDULE = (
    ("baseline", "Baseline", 0, 28, 0),
    ("week6", "Week 6", 42, 7, 7),
    ("week12", "Week 12", 84, 7, 7),
    ("week18", "Week 18", 126, 7, 7),
)
CODES = tuple(code for code, *_ in SCHEDULE)


@dataclass(frozen=True, slots=True)
class Visit:
    """One visit's scans and how far they get.

    Attributes:
        day: scan day counted from enrolment.
        until: ``sent`` (waits in QC), ``queried``, ``corrected`` or ``released``.
        asked_after: days between receipt and the query.
        signed: which readers sign (1, 2).
        second_scale: factor of the second reader's diameters; makes readers differ.
        adjudicated: the case is decided.
        looks: the readers open the clinical dossier while they read; ``again``: reader 1 once more
            after signing.
        unknown_delay: the technologist does not state the contrast delay.
    """

    code: str
    day: int
    until: str = "released"
    defects: Defects = field(default_factory=Defects)
    signed: tuple[int, ...] = ()
    second_scale: float = 1.0
    adjudicated: bool = False
    looks: bool = False
    again: bool = False
    unknown_delay: bool = False
    asked_after: int = 1


@dataclass(frozen=True, slots=True)
class Life:
    """One subject: where, since when, with which course of disease."""

    number: int
    site: int
    enrolled: int
    course: str
    visits: tuple[Visit, ...] = ()
    not_done: str = ""
    screening: bool = False
    matrix: int = 256


def _released(*codes: str, signed: tuple[int, ...] = (1, 2)) -> tuple[Visit, ...]:
    return tuple(Visit(code, _day(code), signed=signed) for code in codes)


def _looked(*codes: str) -> tuple[Visit, ...]:
    """Return released visits of which the readers opened the dossier of the baseline."""
    first, *rest = _released(*codes)
    return (replace(first, looks=True, again=True), *rest)


def _day(code: str) -> int:
    planned = dict((c, day) for c, _, day, _, _ in SCHEDULE)[code]
    return planned - 5 if code == "baseline" else planned + 1


_BASE = _released("baseline")
_MISSING = Defects(missing_slices=(17, 18, 19, 20))

LIVES: tuple[Life, ...] = (
    # read, locked and delivered; the next visit is due
    Life(1, 0, -121, "partial_response", _looked("baseline", "week6", "week12"), matrix=512),
    Life(2, 1, -118, "progression_by_new_lesion", _looked("baseline", "week6", "week12")),
    Life(3, 2, -133, "complete_response", _released("baseline", "week6", "week12")),
    # readers differed, the adjudicator decided
    Life(
        4,
        0,
        -80,
        "stable_disease",
        (*_BASE, Visit("week6", 43, signed=(1, 2), second_scale=1.3, adjudicated=True)),
    ),
    # readers differ, the case waits
    *(
        Life(
            5 + n,
            n % 3,
            -64 - 2 * n,
            ("stable_disease", "progression_by_size")[n % 2],
            (*_BASE, Visit("week6", 41 + n, signed=(1, 2), second_scale=1.32)),
        )
        for n in range(5)
    ),
    # one reader signed, the other has it to do
    Life(10, 1, -58, "response_then_regrowth", (*_BASE, Visit("week6", 43, signed=(1,)))),
    Life(11, 2, -57, "partial_response", (*_BASE, Visit("week6", 40, signed=(1,))), matrix=512),
    # ready to read
    *(
        Life(12 + n, n % 3, -16 - n, "partial_response", _released("baseline", signed=()))
        for n in range(5)
    ),
    # waits in quality control
    *(
        Life(17 + n, n % 3, -3 - n, "stable_disease", (Visit("baseline", -4, until="sent"),))
        for n in range(4)
    ),
    Life(33, 2, -5, "partial_response", (Visit("baseline", -3, until="sent"),)),
    # asked at the site
    Life(
        21,
        0,
        -24,
        "stable_disease",
        (Visit("baseline", -5, until="queried", defects=_MISSING),),
        matrix=512,
    ),
    Life(22, 1, -20, "stable_disease", (Visit("baseline", -5, until="queried", defects=_MISSING),)),
    Life(
        23,
        0,
        -66,
        "stable_disease",
        (*_BASE, Visit("week6", 56, until="queried", asked_after=1)),
    ),
    Life(
        24,
        2,
        -12,
        "stable_disease",
        (Visit("baseline", -5, until="queried", unknown_delay=True),),
    ),
    Life(
        25,
        0,
        -14,
        "stable_disease",
        (Visit("baseline", -6, until="queried", defects=Defects(thickness_mm=7.5)),),
    ),
    # asked, corrected and released
    Life(
        26,
        0,
        -30,
        "progression_by_size",
        (Visit("baseline", -5, until="corrected", defects=_MISSING),),
    ),
    # two patients in one upload: held
    Life(
        27,
        1,
        -6,
        "stable_disease",
        (Visit("baseline", -4, until="sent", defects=Defects(second_patient_from=20)),),
    ),
    # visits that were not done, are late, are due, or not yet expected
    Life(28, 2, -70, "partial_response", _BASE, not_done="Subject was in hospital for a fracture"),
    Life(29, 1, -75, "partial_response", _BASE),
    Life(30, 0, -8, "stable_disease"),
    Life(31, 2, -2, "stable_disease"),
    Life(32, 0, 6, "stable_disease", screening=True),
)
