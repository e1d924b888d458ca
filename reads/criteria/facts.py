"""Facts that a reader records: lesions, their states and time points.

Facts are what was seen; nothing here is derived. A value may be wrong in a clinical sense (a
negative size, a target without a state): edit checks have to be able to see it. It cannot be of
a wrong type: that raises CriteriaError at once.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, fields
from decimal import Decimal
from enum import StrEnum
from functools import cache
from typing import Any

from reads.criteria.errors import CriteriaError, missing
from reads.criteria.records import checked_number


class LesionState(StrEnum):
    """State of a known lesion at a time point (criteria.md section 1, point 3)."""

    MEASURED = "MEASURED"
    ABSENT = "ABSENT"
    TOO_SMALL_TO_MEASURE = "TOO_SMALL_TO_MEASURE"
    NOT_EVALUABLE = "NOT_EVALUABLE"
    SPLIT = "SPLIT"
    MERGED = "MERGED"


class NonTargetState(StrEnum):
    """State of non-target disease at a time point."""

    PRESENT = "PRESENT"
    ABSENT = "ABSENT"
    UNEQUIVOCAL_PROGRESSION = "UNEQUIVOCAL_PROGRESSION"
    NOT_EVALUABLE = "NOT_EVALUABLE"


class NewLesionState(StrEnum):
    """State of a new lesion since the last time point (iRECIST follows new lesions)."""

    NEW = "NEW"
    MEASURED = "MEASURED"
    STABLE = "STABLE"
    INCREASED = "INCREASED"
    DECREASED = "DECREASED"
    ABSENT = "ABSENT"
    PRESENT = "PRESENT"
    TOO_SMALL_TO_MEASURE = "TOO_SMALL_TO_MEASURE"
    NOT_EVALUABLE = "NOT_EVALUABLE"


class Certainty(StrEnum):
    """How sure the reader is that a finding is a new lesion."""

    UNEQUIVOCAL = "UNEQUIVOCAL"
    EQUIVOCAL = "EQUIVOCAL"


class NewLesionCategory(StrEnum):
    """iRECIST class of a new lesion."""

    NEW_TARGET = "NEW_TARGET"
    NEW_NON_TARGET = "NEW_NON_TARGET"


@cache
def decimal_fields(kind: type[Any]) -> tuple[str, ...]:
    """Return the names of the fields of a fact class that hold decimals."""
    return tuple(f.name for f in fields(kind) if "Decimal" in str(f.type))


class Facts:
    """Base of all fact classes: checks the types that would otherwise fail deep in the engine."""

    __slots__ = ()

    def __post_init__(self) -> None:
        for name in decimal_fields(type(self)):  # type: ignore[arg-type]
            value = getattr(self, name)
            if value is None:
                continue
            if isinstance(value, tuple):
                for item in value:
                    _check_decimal(item, name)
            else:
                _check_decimal(value, name)


def _check_decimal(value: object, name: str) -> None:
    if type(value) is not Decimal:
        raise CriteriaError(name, "must be a Decimal")
    checked_number(value, name)


@dataclass(frozen=True, kw_only=True)
class LesionFacts(Facts):
    """What is known of any lesion at one time point.

    organ is a location code of `reads.criteria.locations` or free organ text; modality and
    slice thickness are those of the series measured.
    """

    id: str
    organ: str = ""
    location: str = ""
    side: str = ""
    nodal: bool | None = None
    modality: str = ""
    slice_thickness_mm: Decimal | None = None
    reason: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not isinstance(self.id, str) or not self.id.strip():
            raise missing("id")


@dataclass(frozen=True, kw_only=True)
class TargetFacts(LesionFacts):
    """A target lesion measured in one dimension (RECIST family).

    ld_mm longest diameter, sa_mm short axis, fragments_mm the pieces of a split lesion,
    merged_into the lesion that holds a merged one. state None means that nothing was entered.
    treated_on_study: the lesion had local treatment during the study (open question 12).
    """

    state: LesionState | None = None
    ld_mm: Decimal | None = None
    sa_mm: Decimal | None = None
    fragments_mm: tuple[Decimal, ...] = ()
    merged_into: str = ""
    prior_local_therapy: bool = False
    grown_since_therapy: bool = False
    soft_tissue_component: bool | None = None
    simple_cyst: bool = False
    treated_on_study: bool = False


@dataclass(frozen=True, kw_only=True)
class NonTargetFacts(LesionFacts):
    """A non-target lesion; sizes only at baseline, for the checks of selection."""

    state: NonTargetState | None = None
    further_increase: bool | None = None
    ld_mm: Decimal | None = None
    sa_mm: Decimal | None = None


@dataclass(frozen=True, kw_only=True)
class NewLesionFacts(LesionFacts):
    """A lesion that was not there at baseline."""

    certainty: Certainty = Certainty.UNEQUIVOCAL
    category: NewLesionCategory | None = None
    state: NewLesionState | None = None
    first_seen: str = ""
    ld_mm: Decimal | None = None
    sa_mm: Decimal | None = None
    fragments_mm: tuple[Decimal, ...] = ()
    further_increase: bool | None = None


@dataclass(frozen=True, kw_only=True)
class EnteredResponses(Facts):
    """What the reader or site entered and the engine derives as well; for edit checks only."""

    target_response: str | None = None
    non_target_response: str | None = None
    overall_response: str | None = None
    sum_mm: Decimal | None = None


@dataclass(frozen=True, kw_only=True)
class TimePointFacts(Facts):
    """Base of the facts of one time point; a criterion with facts of its own derives from it.

    day counts from the anchor of the study; `date` may stand instead of it, then days count from
    the baseline date. assessed False means that there is no imaging (every response is NE).
    `number` is the visit number as planned, for the check of visit order only.
    """

    id: str
    day: int | None = None
    date: dt.date | None = None
    assessed: bool = True
    baseline: bool = False
    number: Decimal | None = None
    new_therapy: bool = False
    entered: EnteredResponses | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.day is not None and (isinstance(self.day, bool) or not isinstance(self.day, int)):
            raise CriteriaError("day", "must be a whole number")
        if self.date is not None and not isinstance(self.date, dt.date):
            raise CriteriaError("date", "must be a date")


@dataclass(frozen=True, kw_only=True)
class MeasuredTimePoint(TimePointFacts):
    """Time point of the RECIST family: targets, non-targets, new lesions.

    tumour_marker_normal is None when no marker is followed. treatment_start is needed at the
    baseline only, for the check of its age. attributes keeps further facts for edit checks.
    """

    target: tuple[TargetFacts, ...] = ()
    non_target: tuple[NonTargetFacts, ...] = ()
    new_lesions: tuple[NewLesionFacts, ...] = ()
    tumour_marker_normal: bool | None = None
    treatment_start_day: int | None = None
    treatment_start_date: dt.date | None = None
    clinical_decline: bool = False


def lesion_ids(lesions: tuple[LesionFacts, ...], field: str) -> Mapping[str, int]:
    """Return the position of each lesion by identifier.

    Raises CriteriaError naming the second of two lesions with one identifier.
    """
    positions: dict[str, int] = {}
    for position, lesion in enumerate(lesions):
        if lesion.id in positions:
            raise CriteriaError(f"{field}[{position}].id", f"{lesion.id} is there twice")
        positions[lesion.id] = position
    return positions
