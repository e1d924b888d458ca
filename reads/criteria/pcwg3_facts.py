"""What a reader records for PCWG3: bone scans by new lesions, and soft tissue."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reads.criteria.base import EnteredResponses, Record, TimePointFacts
from reads.criteria.errors import negative, not_among
from reads.criteria.facts import MeasuredTimePoint
from reads.criteria.history import moment_of, read_points
from reads.criteria.measurements import time_point_of

SOFT_TISSUE_ITEMS = ("target", "targets", "non_target", "non_targets")
SOFT_TISSUE_RESPONSES = ("CR", "PR", "SD", "NON-CR/NON-PD", "PD", "NED", "NE")
BONE_RESPONSES = ("PD", "PDu", "NON-PD", "NED", "NE")

NEW_COUNTS = ("new_lesion_count", "new_lesions_count", "new_lesions_total")


@dataclass(frozen=True, kw_only=True)
class BoneScan:
    """One bone scan by the names of its new lesions.

    first_seen: lesions that no earlier scan showed; persisting: lesions first seen on an earlier
    follow-up scan and still there. lesions_visible None: not stated. new_lesion_count: the count
    entered by the reader, for the check of counts only.
    """

    done: bool = True
    readable: bool = True
    first_seen: tuple[str, ...] = ()
    persisting: tuple[str, ...] = ()
    lesions_visible: bool | None = None
    new_lesion_count: int | None = None

    @property
    def evaluable(self) -> bool:
        return self.done and self.readable


@dataclass(frozen=True, kw_only=True)
class PcwgTimePoint(TimePointFacts):
    """One time point of PCWG3.

    bone_lesions and target_lesions_at_baseline are given at the baseline. The soft tissue is a
    response that is already known, or measurements that RECIST 1.1 assesses.
    """

    bone_lesions: int | None = None
    target_lesions_at_baseline: bool | None = None
    bone: BoneScan = BoneScan(done=False)
    soft_tissue_response: str | None = None
    soft_tissue: MeasuredTimePoint | None = None


def read_history(entry: Record) -> tuple[PcwgTimePoint, ...]:
    """Read a subject of an exchange file: baseline first, then the visits in file order."""
    return read_points(entry, _time_point)


def _time_point(record: Record, position: int) -> PcwgTimePoint:
    moment = moment_of(record, position)
    moment["day"] = _day(record)
    return PcwgTimePoint(
        **moment,
        number=record.decimal("number"),
        new_therapy=record.flag("new_therapy") or False,
        entered=_entered(record),
        bone_lesions=_count(record, "bone_lesions"),
        target_lesions_at_baseline=record.flag("target_lesions_at_baseline"),
        bone=_bone(record),
        soft_tissue_response=response_of(record, "soft_tissue_response", SOFT_TISSUE_RESPONSES),
        soft_tissue=_soft_tissue(record, position),
    )


def _day(record: Record) -> int | None:
    day, week = record.integer("day"), record.integer("week")
    return 7 * week if day is None and week is not None and not record.has("date") else day


def _count(record: Record, name: str) -> int | None:
    if isinstance(record.data.get(name), list):
        return len(record.items(name))
    count = record.integer(name)
    if count is not None and count < 0:
        raise negative(record.field(name))
    return count


def _new_count(record: Record) -> int | None:
    name = next((name for name in NEW_COUNTS if record.has(name)), NEW_COUNTS[0])
    return _count(record, name)


def _bone(record: Record) -> BoneScan:
    return BoneScan(
        done=record.flag("bone_scan_done") is not False,
        readable=record.flag("bone_scan_evaluable", "bone_scan_readable") is not False,
        first_seen=record.texts("new_lesions_first_seen"),
        persisting=record.texts("new_lesions_persisting"),
        lesions_visible=record.flag("any_bone_lesion_visible"),
        new_lesion_count=_new_count(record),
    )


def _soft_tissue(record: Record, position: int) -> MeasuredTimePoint | None:
    nested = record.record("soft_tissue")
    if nested is None and not any(name in record.data for name in SOFT_TISSUE_ITEMS):
        return None
    data = {**record.data, **(nested.data if nested else {})}
    return time_point_of(Record(data, record.path), position)


def _entered(record: Record) -> EnteredResponses | None:
    entered = record.record("entered")
    if entered is None:
        return None
    return EnteredResponses(
        target_response=entered.text("bone_response"),
        overall_response=entered.text("overall_response"),
    )


def response_of(record: Record, name: str, permitted: Sequence[str]) -> str | None:
    """Return a response word, None when absent; CriteriaError when it is unknown."""
    value = record.text(name)
    if value is not None and value not in permitted:
        raise not_among(record.field(name), permitted)
    return value
