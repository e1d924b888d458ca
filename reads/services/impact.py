"""What a roll-back touches, computed from the rows as they are: nothing is listed by hand.

A roll-back of a read takes with it every later read of the same stream, its review of the whole
course, the cases that compare any of them, what was accepted on their ground, the oncologist's
reviews that rest on it, and reopens the time points. Cuts that hold such reads are named, never
changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Q

from reads.design import design_from
from reads.holders import Holder, holding
from reads.models import (
    Acceptance,
    AdjudicationCase,
    EligibilityAnswer,
    Lesion,
    ReaderStream,
    ReadSession,
    ReadTask,
    ReviewAcceptance,
)
from reads.services.assigning import reader_codes
from studies.models import TimePoint

ACTIVE = ("open", "signed", "final")
SIGNED = ("signed", "final")
SETTLED = ("read", "checked", "locked")
OVER_ALL = (ReadTask.Kind.GLOBAL, ReadTask.Kind.ONCOLOGY)
COUNTS = ("single", "agreement", "adjudication")


@dataclass(frozen=True)
class Impact:
    """The rows that a roll-back touches.

    Attributes:
        signed: sessions that were signed; ``drafts`` those that were not.
        time_points: settled ones, which are read again.
        holders: what lies above and stays as it is.
    """

    task: ReadTask
    signed: Sequence[ReadSession] = ()
    drafts: Sequence[ReadSession] = ()
    cases: Sequence[AdjudicationCase] = ()
    acceptances: Sequence[Acceptance] = ()
    reviews: Sequence[ReviewAcceptance] = ()
    time_points: Sequence[TimePoint] = ()
    lesions: Sequence[Lesion] = ()
    answers: Sequence[EligibilityAnswer] = ()
    holders: Sequence[Holder] = ()
    codes: dict[Any, str] = field(default_factory=dict)

    @property
    def sessions(self) -> list[ReadSession]:
        """Every session that is voided."""
        return [*self.signed, *self.drafts]

    def lines(self) -> list[dict[str, str]]:
        """Return the list as it is shown, stored and signed."""
        return [
            *(_line("read", one.pk, self._read(one)) for one in self.signed),
            *(_line("draft", one.pk, self._read(one)) for one in self.drafts),
            *(_line("case", one.pk, _case(one)) for one in self.cases),
            *(_line("accepted", one.time_point_id, f"What counts for {one.time_point}")
              for one in self.acceptances),
            *(_line("accepted", one.pk, f"Accepted {one.get_kind_display().lower()} of "
                    f"{one.subject}") for one in self.reviews),
            *(_line("answer", one.pk, f"Eligibility answer: {one.get_answer_display().lower()}")
              for one in self.answers),
            *(_line("time_point", one.pk, f"{one} goes back to reading")
              for one in self.time_points),
            *(_line("cut", one.id, one.text) for one in self.holders),
        ]  # fmt: skip

    def _read(self, session: ReadSession) -> str:
        task = session.task
        code = self.codes.get(task.stream.reader_id, "R")
        what = str(task.time_point) if task.time_point else f"{task.stream.subject}"
        kind = "" if task.kind == ReadTask.Kind.TIME_POINT else f"{task.get_kind_display()}, "
        when = f"signed {session.signed_at:%d %b %Y}" if session.signed_at else "not signed yet"
        return f"{kind}{what}, {code}, {when}"


def _line(kind: str, pk: Any, text: str) -> dict[str, str]:
    return {"kind": kind, "id": str(pk), "text": text}


def _case(case: AdjudicationCase) -> str:
    where = str(case.time_point) if case.time_point else f"{case.subject}, whole course"
    return f"Adjudication {case.label} of {where}, {case.get_state_display().lower()}"


def impact_of(task: ReadTask) -> Impact:
    """Return what a roll-back from a read on would touch now, without touching it."""
    study = task.study_id
    stream = task.stream
    own = _own(task)
    sessions = list(
        _sessions(study).filter(Q(task__in=own) | Q(task__in=_resting(task))).order_by(
            "task__stream__role", "task__sequence", "version"
        )
    )  # fmt: skip
    ids = [one.pk for one in sessions]
    counted = stream.purpose == ReaderStream.Purpose.EFFICACY
    points = [
        one.task.time_point
        for one in sessions
        if counted and one.task.kind == ReadTask.Kind.TIME_POINT and one.state in SIGNED
    ]
    points += _accepted_over_subject(sessions, {one.pk for one in points})
    cases = list(
        AdjudicationCase.objects.in_study(study)
        .filter(Q(session_1__in=ids) | Q(session_2__in=ids))
        .exclude(state="voided")
        .select_related("time_point__subject", "subject")
        .order_by("label")
    )
    return Impact(
        task=task,
        signed=[one for one in sessions if one.state in SIGNED],
        drafts=[one for one in sessions if one.state not in SIGNED],
        cases=cases,
        acceptances=_accepted(points),
        reviews=_reviewed(sessions, stream),
        time_points=[one for one in points if one.state in SETTLED],
        lesions=list(
            Lesion.objects.in_study(study)
            .filter(first_session__in=ids, withdrawn_reason="")
            .order_by("label")
        ),
        answers=list(EligibilityAnswer.objects.filter(study_id=study, session__in=ids)),
        holders=holding(study, [one.pk for one in sessions if one.state in SIGNED]),
        codes=dict(reader_codes(task.study)),
    )


def _sessions(study: Any) -> Any:
    return (
        ReadSession.objects.in_study(study)
        .filter(state__in=ACTIVE)
        .select_related(
            "task__stream__subject", "task__time_point__subject", "task__design", "form_record"
        )
    )


def _own(task: ReadTask) -> Any:
    """Return the reads of the stream that fall with a read: it, the later ones, the review."""
    rows = ReadTask.objects.in_study(task.study_id).filter(stream=task.stream)
    if task.kind != ReadTask.Kind.TIME_POINT:
        return rows.filter(pk=task.pk)
    later = Q(kind=ReadTask.Kind.TIME_POINT, sequence__gte=task.sequence)
    return rows.filter(later | Q(kind__in=OVER_ALL))


def _resting(task: ReadTask) -> Any:
    """Return reviews of the subject that rest on what was read: the oncologist's."""
    rows = ReadTask.objects.in_study(task.study_id).filter(
        stream__subject=task.stream.subject, kind=ReadTask.Kind.ONCOLOGY
    )
    if task.stream.purpose != ReaderStream.Purpose.EFFICACY:
        return rows.none()
    if task.kind == ReadTask.Kind.TIME_POINT:
        return rows.filter(Q(time_point=None) | Q(sequence__gte=task.sequence))
    return rows


def _accepted_over_subject(sessions: Sequence[ReadSession], known: set[Any]) -> list[TimePoint]:
    """Return the other time points that count only because of a review that falls."""
    reviews = [one for one in sessions if one.task.kind == ReadTask.Kind.GLOBAL]
    for review in reviews:
        if design_from(review.task.design.document).adjudication.at == "subject":
            rows = TimePoint.objects.in_study(review.study_id).filter(
                subject=review.task.stream.subject_id, state__in=("checked", "locked")
            )
            return [
                one
                for one in rows.select_related("subject").order_by("assessment_date")
                if one.pk not in known
            ]
    return []


def _accepted(points: Sequence[TimePoint]) -> list[Acceptance]:
    newest: dict[Any, Acceptance] = {}
    rows = Acceptance.objects.filter(time_point__in=points).select_related(
        "time_point__subject", "session"
    )
    for one in rows.order_by("pk"):
        newest[one.time_point_id] = one
    return [one for one in newest.values() if one.basis in COUNTS]


def _reviewed(sessions: Sequence[ReadSession], stream: ReaderStream) -> list[ReviewAcceptance]:
    """Return the reviews that count now and of which one side falls."""
    kinds = {one.task.kind for one in sessions}
    newest: dict[tuple[str, Any], ReviewAcceptance] = {}
    rows = ReviewAcceptance.objects.filter(
        study_id=stream.study_id, subject=stream.subject_id, kind__in=kinds
    )
    for one in rows.select_related("subject").order_by("pk"):
        newest[one.kind, one.time_point_id] = one
    return [one for one in newest.values() if one.basis in COUNTS]
