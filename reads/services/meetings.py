"""Meetings with readers: planned, held with minutes and who took part, paid by the contract."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any

from django.db import transaction

from audit import clock
from audit.actors import Actor, acting
from audit.errors import RuleBroken
from audit.models import record
from reads.models import FeeLine, MeetingPlace, Reader, ReaderMeeting
from reads.workflows import MEETING
from studies.models import Study

Kind = ReaderMeeting.Kind
LONGEST_MINUTES = 24 * 60


def plan(
    study: Study,
    readers: Sequence[Reader],
    *,
    kind: str,
    title: str,
    held_on: date,
    minutes: int,
    actor: Actor,
) -> ReaderMeeting:
    """Plan a meeting with its readers.

    Raises:
        RuleBroken: RM-001 the kind, the subject matter or the length is missing; RM-002 nobody is
            invited.
    """
    actor.require("reader.manage")
    if kind not in Kind.values or not title.strip() or not 0 < minutes <= LONGEST_MINUTES:
        raise RuleBroken("A meeting needs its kind, its subject matter and a length.",
                         rule="RM-001")  # fmt: skip
    if not readers:
        raise RuleBroken("Choose at least one reader.", rule="RM-002")
    with transaction.atomic(), acting(actor.acting_as("reader.manage")):
        made = ReaderMeeting(
            study=study, kind=kind, title=title.strip(), held_on=held_on, duration_minutes=minutes
        )
        made.save()
        for reader in readers:
            MeetingPlace(study=study, meeting=made, reader=reader).save()
        record("meeting.plan", made, details={"readers": len(readers)})
    return made


def hold(
    meeting: ReaderMeeting, present: Collection[Any], *, minutes: str, actor: Actor
) -> ReaderMeeting:
    """Keep that a meeting was held: its minutes and who took part.

    Args:
        present: ids of the readers who took part.

    Raises:
        RuleBroken: RM-003 it lies in the future; RM-004 there are no minutes; RM-005 nobody of
            those invited took part.
    """
    if meeting.held_on > clock.today(meeting.study.time_zone):
        raise RuleBroken("The meeting lies in the future.", rule="RM-003")
    if not minutes.strip():
        raise RuleBroken("Write the minutes of the meeting.", rule="RM-004")
    there = {str(pk) for pk in present}
    with transaction.atomic():
        places = list(meeting.places.select_for_update())
        if not any(str(place.reader_id) in there for place in places):
            raise RuleBroken("Nobody of those invited took part. Cancel the meeting instead.",
                             rule="RM-005")  # fmt: skip
        moved = MEETING.move(
            meeting, "hold", actor=actor, changes={"minutes": minutes.strip()},
            details={"took_part": len(there)},
        )  # fmt: skip
        with acting(actor.acting_as("reader.manage")):
            for place in places:
                place.took_part = str(place.reader_id) in there
                place.save()
    return moved


def cancel(meeting: ReaderMeeting, *, actor: Actor, reason: str) -> ReaderMeeting:
    """Cancel a meeting, or take back that it was held, while nobody was paid for it.

    Raises:
        RuleBroken: RM-006 a statement holds it.
    """
    works = [work_of(place) for place in meeting.places.all()]
    paid = FeeLine.objects.in_study(meeting.study_id).filter(work__in=works, is_dropped=False)
    if paid.exists():
        raise RuleBroken("A statement of fees holds this meeting. Withdraw it first.",
                         rule="RM-006")  # fmt: skip
    return MEETING.move(meeting, "cancel", actor=actor, reason=reason)


def work_of(place: MeetingPlace) -> str:
    """Return the name under which a reader's part in a meeting is paid, once."""
    return f"meeting:{place.meeting_id}:{place.reader_id}"
