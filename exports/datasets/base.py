"""What a dataset is, and what every tumour dataset shares."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from exports.snapshot import Snapshot
from reads.models import Acceptance, AdjudicationCase, ReaderStream, ReadSession, ReadTask
from studies.models import Subject, TimePoint

#: SDTM controlled terminology for the evaluator (EVALID).
EVALUATORS = {
    "reader_1": "RADIOLOGIST 1",
    "reader_2": "RADIOLOGIST 2",
    "adjudicator": "ADJUDICATOR",
}
LINK_HEADS = {"reader_1": "R1", "reader_2": "R2", "adjudicator": "A"}
EVALUATOR = "INDEPENDENT ASSESSOR"
#: basis of the row by which a roll-back takes an acceptance back
TAKEN_BACK = "rolled_back"


@dataclass(frozen=True, slots=True)
class Dataset:
    """A table for delivery: rows are in a total order, values are text, numbers or nothing."""

    name: str
    title: str
    columns: tuple[str, ...]
    rows: Sequence[Sequence[Any]]


BUILDERS: dict[str, Callable[[Snapshot], Dataset]] = {}


def builder(function: Callable[[Snapshot], Dataset]) -> Callable[[Snapshot], Dataset]:
    """Register a builder under its function's name."""
    BUILDERS[function.__name__] = function
    return function


@dataclass(frozen=True, slots=True)
class Read:
    """One counted session with what identifies it in a tumour dataset.

    ``third`` is the adjudicator's own result over an accepted read: criterion -> response -> value.
    """

    session: Any
    stream: Any
    subject: Any
    time_point: Any
    sequence: int
    accepted: bool
    third: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def evaluator(self) -> str:
        """EVALID of the reader's role."""
        return EVALUATORS[self.stream.role]

    @property
    def reader(self) -> str:
        """Short form of the reader's role, the head of link identifiers: R1, R2 or A."""
        return LINK_HEADS[self.stream.role]

    @property
    def group(self) -> str:
        """--LNKGRP: ties the measurements to the response that rests on them (R1-A2)."""
        return f"{self.reader}-A{self.sequence}"

    @property
    def flag(self) -> str | None:
        """ACPTFL: Y for the accepted evaluation, otherwise null (SDTMIG 3.4, TU/TR/RS)."""
        return "Y" if self.accepted else None

    @property
    def date(self) -> str | None:
        """DTC: the assessment date in ISO 8601."""
        day = self.time_point.assessment_date
        return day.isoformat() if day else None


def words(names: str) -> tuple[str, ...]:
    """Return column names written as one text."""
    return tuple(names.split())


def usubjid(snapshot: Snapshot, subject: Any) -> str:
    """Return USUBJID: unique over the sponsor's studies."""
    return f"{snapshot.study.protocol}-{subject.code}"


def reads(snapshot: Snapshot) -> list[Read]:
    """Return the counted time-point sessions, by subject, date, evaluator."""
    newest: dict[str, Any] = {}
    for acceptance in sorted(snapshot.all(Acceptance), key=lambda a: a.pk):
        newest[str(acceptance.time_point_id)] = acceptance
    accepted = {str(a.session_id) for a in newest.values() if a.basis != TAKEN_BACK}
    cases = {str(case.id): case for case in snapshot.all(AdjudicationCase)}
    thirds = {
        str(a.session_id): cases[str(a.case_id)].third
        for a in newest.values()
        if a.basis != TAKEN_BACK and str(a.case_id) in cases
    }
    found = []
    for session in snapshot.all(ReadSession):
        task = snapshot.one(ReadTask, session.task_id)
        stream = snapshot.one(ReaderStream, task.stream_id)
        if task.time_point_id is None or stream.purpose != "efficacy":
            continue
        found.append(
            Read(
                session=session,
                stream=stream,
                subject=snapshot.one(Subject, stream.subject_id),
                time_point=snapshot.one(TimePoint, task.time_point_id),
                sequence=task.sequence,
                accepted=str(session.id) in accepted,
                third=thirds.get(str(session.id), {}),
            )
        )
    return sorted(
        found, key=lambda r: (r.subject.code, r.date or "", r.evaluator, str(r.session.id))
    )
